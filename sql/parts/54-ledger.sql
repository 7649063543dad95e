-- What customers have paid beyond their invoices.

CREATE FUNCTION charmbills.customer_balance(customer_id uuid)
RETURNS bigint
LANGUAGE C STABLE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_customer_balance';
REVOKE ALL ON FUNCTION charmbills.customer_balance(uuid) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.customer_balance(uuid) IS
'A customer''s credit in sats, which the next invoice takes from; negative where a payment that had become credit was reversed after the credit was used.';

CREATE VIEW charmbills.customer_balances WITH (security_invoker = true) AS
SELECT u.merchant_id,
       u.id AS customer_id,
       u.external_id,
       coalesce(c.balance, 0)::bigint AS balance_sats,
       coalesce(c.carried, 0)::bigint AS carried_sats
FROM charmbills.customers u
LEFT JOIN LATERAL (SELECT sum(e.amount_sats) FILTER (WHERE e.kind <> 'carried') AS balance,
                          -sum(e.amount_sats) FILTER (WHERE e.kind = 'carried') AS carried
                   FROM charmbills.credits e
                   WHERE e.merchant_id = u.merchant_id AND e.customer_id = u.id) c ON true;
COMMENT ON VIEW charmbills.customer_balances IS 'What each customer has as credit, and owes on the next invoice.';
COMMENT ON COLUMN charmbills.customer_balances.merchant_id IS 'Merchant whose customer it is.';
COMMENT ON COLUMN charmbills.customer_balances.customer_id IS 'Identity of the customer.';
COMMENT ON COLUMN charmbills.customer_balances.external_id IS 'The application''s own name for the customer.';
COMMENT ON COLUMN charmbills.customer_balances.balance_sats IS 'Credit, which the next invoice takes from; may be negative.';
COMMENT ON COLUMN charmbills.customer_balances.carried_sats IS 'Amounts too small to be demanded, which the next invoice collects.';

CREATE FUNCTION charmbills.ledger_check(OUT merchant_id uuid, OUT customer_id uuid, OUT received_sats bigint,
    OUT applied_sats bigint, OUT refunded_sats bigint, OUT balance_sats bigint, OUT difference_sats bigint,
    OUT carried_difference_sats bigint)
RETURNS SETOF record
LANGUAGE C STABLE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_ledger_check';
REVOKE ALL ON FUNCTION charmbills.ledger_check() FROM PUBLIC;
COMMENT ON FUNCTION charmbills.ledger_check() IS
'Customers of whom what was received is not what was applied to their invoices, refunded, and left as credit, worked out from payments and invoices; of no customer, payments that are nobody''s. No row when the books are right. For operators.';
