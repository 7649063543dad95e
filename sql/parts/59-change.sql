-- Changing a subscription's plan or quantity.

CREATE FUNCTION charmbills.change_plan(subscription_id uuid, new_plan_id uuid DEFAULT NULL, at_period_end boolean DEFAULT false,
    quantity integer DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS charmbills.subscriptions
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_change_plan';
COMMENT ON FUNCTION charmbills.change_plan(uuid, uuid, boolean, integer, text) IS
'Changes a subscription''s plan, quantity, or both. Within a paid period it issues an invoice for the difference, and takes effect once that is paid; with at_period_end, or where no period is paid, the next invoice is for the new plan. Changing to what it is takes back a change to come.';

CREATE FUNCTION charmbills.preview_change(subscription_id uuid, new_plan_id uuid DEFAULT NULL, at_period_end boolean DEFAULT false,
    quantity integer DEFAULT NULL,
    OUT effective_at timestamptz, OUT amount_sats bigint, OUT currency text, OUT amount numeric, OUT credit_sats bigint,
    OUT carried_sats bigint, OUT period_start timestamptz, OUT period_end timestamptz, OUT lines jsonb)
RETURNS SETOF record
LANGUAGE C STABLE SECURITY DEFINER ROWS 1
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_preview_change';
COMMENT ON FUNCTION charmbills.preview_change(uuid, uuid, boolean, integer) IS
'The invoice that change_plan() with these arguments would issue now, or, of a change at the end of the period, the next invoice as it would be now.';
