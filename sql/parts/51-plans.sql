-- Plans: what is sold.

CREATE FUNCTION charmbills.create_plan(merchant_id uuid, service_name text, price_sats bigint DEFAULT NULL,
    billing_cycle text DEFAULT 'monthly', trial interval DEFAULT NULL, grace interval DEFAULT NULL,
    confirmations integer DEFAULT NULL, tolerance_sats bigint DEFAULT NULL, allow_multiple boolean DEFAULT NULL,
    ticker text DEFAULT NULL, app_id text DEFAULT NULL, app_vk text DEFAULT NULL,
    remaining_supply numeric DEFAULT NULL, nft_utxo charmbills.outpoint DEFAULT NULL, metadata jsonb DEFAULT NULL,
    currency text DEFAULT NULL, price numeric DEFAULT NULL, tolerance_percent numeric DEFAULT NULL,
    tax_rate numeric DEFAULT NULL, min_invoice_sats bigint DEFAULT NULL, lead_time interval DEFAULT NULL,
    restart text DEFAULT NULL, trial_once boolean DEFAULT NULL, dunning interval[] DEFAULT NULL,
    uncollectible_after interval DEFAULT NULL,
    entitlement text DEFAULT NULL, token_units numeric DEFAULT NULL, token_access text DEFAULT NULL,
    accept_beamed boolean DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS charmbills.plans
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_create_plan';
COMMENT ON FUNCTION charmbills.create_plan(uuid, text, bigint, text, interval, interval, integer, bigint, boolean, text, text, text, numeric, charmbills.outpoint, jsonb, text, numeric, numeric, numeric, bigint, interval, text, boolean, interval[], interval, text, numeric, text, boolean, text) IS
'Makes a plan. It is on sale at once, or, with an app_id or where a token gives access, once its mint is confirmed: where app_id and app_vk are known, once its NFT is born and the merchant holds it. What gives access (entitlement) is payment, token or either; token_access is held or cycle. Its price is in sats or in a currency. No trial, five days of grace and the setting''s confirmations unless given. The same idempotency key with the same arguments gives the same plan.';

CREATE FUNCTION charmbills.update_plan(plan_id uuid, service_name text DEFAULT NULL, price_sats bigint DEFAULT NULL,
    billing_cycle text DEFAULT NULL, trial interval DEFAULT NULL, grace interval DEFAULT NULL,
    confirmations integer DEFAULT NULL, tolerance_sats bigint DEFAULT NULL, allow_multiple boolean DEFAULT NULL,
    ticker text DEFAULT NULL, remaining_supply numeric DEFAULT NULL,
    nft_utxo charmbills.outpoint DEFAULT NULL, metadata jsonb DEFAULT NULL,
    currency text DEFAULT NULL, price numeric DEFAULT NULL, tolerance_percent numeric DEFAULT NULL,
    tax_rate numeric DEFAULT NULL, min_invoice_sats bigint DEFAULT NULL, lead_time interval DEFAULT NULL,
    restart text DEFAULT NULL, trial_once boolean DEFAULT NULL, dunning interval[] DEFAULT NULL,
    uncollectible_after interval DEFAULT NULL,
    entitlement text DEFAULT NULL, token_units numeric DEFAULT NULL, token_access text DEFAULT NULL,
    accept_beamed boolean DEFAULT NULL, price_from timestamptz DEFAULT NULL)
RETURNS charmbills.plans
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_update_plan';
COMMENT ON FUNCTION charmbills.update_plan(uuid, text, bigint, text, interval, interval, integer, bigint, boolean, text, numeric, charmbills.outpoint, jsonb, text, numeric, numeric, numeric, bigint, interval, text, boolean, interval[], interval, text, numeric, text, boolean, timestamptz) IS
'Changes what is given of a plan. A new price is for periods that begin from now, or price_from, on; it stays in the same unit. Invoices that have been issued stay as they are. What gives access changes at once; accept_beamed only until the plan''s charms are followed. Its supply and NFT are the chain''s, where they are.';

CREATE FUNCTION charmbills.deactivate_plan(plan_id uuid)
RETURNS charmbills.plans
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_deactivate_plan';
COMMENT ON FUNCTION charmbills.deactivate_plan(uuid) IS
'Takes a plan off sale; its subscriptions go on.';

CREATE FUNCTION charmbills.activate_plan(plan_id uuid)
RETURNS charmbills.plans
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_activate_plan';
COMMENT ON FUNCTION charmbills.activate_plan(uuid) IS
'Puts a plan on sale again. One with an app_id that was not imported needs a confirmed mint; one whose NFT is followed, an NFT that the merchant holds.';

CREATE FUNCTION charmbills.import_plan(plan jsonb)
RETURNS charmbills.plans
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
SET timezone = 'UTC'
AS 'MODULE_PATHNAME', 'charmbills_import_plan';
COMMENT ON FUNCTION charmbills.import_plan(jsonb) IS
'Takes a plan as the former web client stored it (serviceName, priceBTC, billingCycle, merchantAddress, nftUtxoId, ...) and puts it on sale; entitlement, tokenUnits, tokenAccess and acceptBeamed are as in create_plan(). Where appId and appVk are known the chain says what its NFT and supply are, and is rescanned from createdAt. Other keys are kept in its metadata. Twice gives the same row. An operator''s import makes the merchant where there is none.';
