-- Invoices without a subscription.

CREATE FUNCTION charmbills.create_invoice(merchant_id uuid, amount_sats bigint DEFAULT NULL, description text DEFAULT NULL,
    subscriber_address text DEFAULT NULL, external_id text DEFAULT NULL, lines jsonb DEFAULT NULL,
    due_in interval DEFAULT '0', expires_in interval DEFAULT '24 hours', currency text DEFAULT NULL,
    amount numeric DEFAULT NULL, tax_rate numeric DEFAULT 0, tolerance_sats bigint DEFAULT 0,
    confirmations integer DEFAULT NULL, metadata jsonb DEFAULT NULL, use_credit boolean DEFAULT true,
    idempotency_key text DEFAULT NULL)
RETURNS charmbills.invoices
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_create_invoice';
REVOKE ALL ON FUNCTION charmbills.create_invoice(uuid, bigint, text, text, text, jsonb, interval, interval, text, numeric, numeric, bigint, integer, jsonb, boolean, text) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.create_invoice(uuid, bigint, text, text, text, jsonb, interval, interval, text, numeric, numeric, bigint, integer, jsonb, boolean, text) IS
'Invoice a customer, known as in subscribe(), for something that is no subscription: for amount_sats, or an amount in a currency, with a description; or for lines, a JSON array of at most 100 objects with description, quantity (1 where left out) and unit_amount, which is negative for a reduction. It is due after due_in, and expires expires_in later. The customer''s credit pays as much of it as it can, unless use_credit is false. The same idempotency key with the same arguments gives the same invoice.';
