-- The operator's corrections, and what time makes due.

CREATE FUNCTION charmbills.assign_payment(outpoint charmbills.outpoint, invoice_id uuid) RETURNS charmbills.payments
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_assign_payment';
COMMENT ON FUNCTION charmbills.assign_payment(charmbills.outpoint, uuid) IS
'Lets a payment that matches no invoice, or one that no longer holds on to it, pay this invoice.';

CREATE FUNCTION charmbills.mark_invoice_paid(invoice_id uuid, reason text) RETURNS charmbills.invoices
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_mark_invoice_paid';
COMMENT ON FUNCTION charmbills.mark_invoice_paid(uuid, text) IS
'Declares an invoice paid, whatever the chain says, for a reason that is kept.';

CREATE FUNCTION charmbills.record_refund(
    outpoint charmbills.outpoint, txid charmbills.txid, amount_sats bigint DEFAULT NULL) RETURNS charmbills.credits
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_record_refund';
COMMENT ON FUNCTION charmbills.record_refund(charmbills.outpoint, charmbills.txid, bigint) IS
'Records that what a payment had left as credit, or a part of it, was sent back by a transaction.';

CREATE FUNCTION charmbills.run_billing(as_of timestamptz DEFAULT NULL, max_rows integer DEFAULT NULL) RETURNS integer
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_run_billing';
COMMENT ON FUNCTION charmbills.run_billing(timestamptz, integer) IS
'Does what time has made due, at most max_rows rows of each kind, and gives how many rows it was; any number of times, by any number of callers.';
