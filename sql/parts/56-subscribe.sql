-- Subscribing, and asking whether somebody has.

CREATE FUNCTION charmbills.subscribe(plan_id uuid, subscriber_address text DEFAULT NULL, external_id text DEFAULT NULL,
    metadata jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL, quantity integer DEFAULT 1)
RETURNS charmbills.subscriptions
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_subscribe';
REVOKE ALL ON FUNCTION charmbills.subscribe(uuid, text, text, jsonb, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.subscribe(uuid, text, text, jsonb, text, integer) IS
'Subscribe a customer, known by address, by the application''s own name, or both, to a plan. The first invoice is issued at once, unless there is a trial. metadata is merged into the customer''s. quantity times the plan''s price is paid. The same idempotency key with the same arguments gives the same subscription.';

CREATE FUNCTION charmbills.is_entitled(plan_id uuid, subscriber_address text DEFAULT NULL, external_id text DEFAULT NULL)
RETURNS boolean
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_is_entitled';
REVOKE ALL ON FUNCTION charmbills.is_entitled(uuid, text, text) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.is_entitled(uuid, text, text) IS
'Whether a customer has access to what a plan sells: by a subscription in trial, active, or in grace, or, as the plan has it, by the tokens on the customer''s address, or by either. Both an address and a name must be those of the same subscription, or customer. What is no address has none.';
