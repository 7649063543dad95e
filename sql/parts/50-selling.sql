-- Periods, merchants and invoices.

CREATE FUNCTION charmbills.period_start(anchor timestamptz, cycle text, timezone text, k integer)
RETURNS timestamptz
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_period_start';
REVOKE ALL ON FUNCTION charmbills.period_start(timestamptz, text, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.period_start(timestamptz, text, text, integer) IS
'Start of period k, counted from 0: the anchor plus k cycles in the time zone, from the anchor each time. The one period of a lifetime starts at the anchor.';

CREATE FUNCTION charmbills.period_end(anchor timestamptz, cycle text, timezone text, k integer)
RETURNS timestamptz
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_period_end';
REVOKE ALL ON FUNCTION charmbills.period_end(timestamptz, text, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.period_end(timestamptz, text, text, integer) IS
'End of period k, which is the start of the next one; infinity for a lifetime.';

CREATE FUNCTION charmbills.period_index(anchor timestamptz, cycle text, timezone text, at timestamptz)
RETURNS integer
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_period_index';
REVOKE ALL ON FUNCTION charmbills.period_index(timestamptz, text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.period_index(timestamptz, text, text, timestamptz) IS
'Number k of the period that an instant lies in; NULL before the anchor.';

CREATE FUNCTION charmbills.create_merchant(address text DEFAULT NULL, name text DEFAULT NULL, email text DEFAULT NULL,
    descriptor text DEFAULT NULL, timezone text DEFAULT 'UTC', first_index integer DEFAULT 0,
    idempotency_key text DEFAULT NULL)
RETURNS charmbills.merchants
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_create_merchant';
REVOKE ALL ON FUNCTION charmbills.create_merchant(text, text, text, text, text, integer, text) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.create_merchant(text, text, text, text, text, integer, text) IS
'Create a merchant, who needs a name, and an address, a public ranged descriptor, or both. Addresses are issued from first_index on. The same idempotency key with the same arguments gives the same merchant. For operators.';

CREATE FUNCTION charmbills.update_merchant(merchant_id uuid, name text DEFAULT NULL, email text DEFAULT NULL,
    descriptor text DEFAULT NULL, timezone text DEFAULT NULL, is_active boolean DEFAULT NULL,
    first_index integer DEFAULT NULL)
RETURNS charmbills.merchants
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_update_merchant';
REVOKE ALL ON FUNCTION charmbills.update_merchant(uuid, text, text, text, text, boolean, integer) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.update_merchant(uuid, text, text, text, text, boolean, integer) IS
'Change a merchant; NULL leaves a thing as it is. Addresses of earlier descriptors stay watched, and a descriptor never goes back behind an index it has reached. Only an operator changes is_active.';

CREATE FUNCTION charmbills.issue_invoice(subscription_id uuid)
RETURNS charmbills.invoices
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_issue_invoice';
REVOKE ALL ON FUNCTION charmbills.issue_invoice(uuid) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.issue_invoice(uuid) IS
'The invoice for the next period of a subscription: issued now, however early, or the one that stands already.';

CREATE FUNCTION charmbills.void_invoice(invoice_id uuid)
RETURNS charmbills.invoices
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_void_invoice';
REVOKE ALL ON FUNCTION charmbills.void_invoice(uuid) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.void_invoice(uuid) IS
'Make void an invoice that is open, expired or uncollectible. What was received for it becomes credit.';

CREATE FUNCTION charmbills.payment_uri(invoice_id uuid)
RETURNS text
LANGUAGE C STABLE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_payment_uri';
REVOKE ALL ON FUNCTION charmbills.payment_uri(uuid) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.payment_uri(uuid) IS
'BIP-21 URI that pays what is missing on an invoice; of one in a currency, what its quote says.';
