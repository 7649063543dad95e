/*-------------------------------------------------------------------------
 *
 * cb_ledger.c
 *	  SQL functions on what customers have, and whether the books are right.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_args.h"
#include "cb_auth.h"
#include "cb_call.h"
#include "cb_errors.h"
#include "cb_sql.h"

CB_STATEMENT(read_merchant, "uuid",
			 "SELECT u.merchant_id FROM charmbills.customers u WHERE u.id = $1");
CB_STATEMENT(read_balance, "uuid uuid",
			 "SELECT coalesce(sum(c.amount_sats), 0)::int8 FROM charmbills.credits c "
			 "WHERE c.merchant_id = $1 AND c.customer_id = $2 AND c.kind <> 'carried'");

/*
 * Worked out from payments and invoices, not from the ledger.  What has been
 * received for an invoice is applied to it when it is paid, up to its amount,
 * waits on it while it may be paid, and else is credit.  In a currency only the
 * ledger knows how many sats were too many.
 */
CB_REPORT_STATEMENT(compare, "",
					"WITH settled AS "
					"  (SELECT p.merchant_id, p.invoice_id, sum(p.amount_sats)::int8 AS sats "
					"   FROM charmbills.payments p "
					"   WHERE p.status IN ('seen', 'confirmed') AND p.confirmations = 0 AND NOT p.is_coinbase "
					"         OR p.status = 'confirmed' "
					"            AND p.matures_at_height <= (SELECT s.height FROM charmbills.chain_state s) "
					"   GROUP BY p.merchant_id, p.invoice_id), "
					"entered AS "
					"  (SELECT c.invoice_id, sum(c.amount_sats) AS sats FROM charmbills.credits c "
					"   WHERE c.kind = 'overpayment' GROUP BY c.invoice_id), "
					"billed AS "
					"  (SELECT i.merchant_id, i.customer_id, coalesce(s.sats, 0) AS received, "
					"          CASE WHEN i.status IN ('open', 'processing') THEN coalesce(s.sats, 0) "
					"               WHEN i.status <> 'paid' THEN 0 "
					"               WHEN i.currency IS NULL THEN least(coalesce(s.sats, 0), i.amount_sats) "
					"               ELSE coalesce(s.sats, 0) - coalesce(e.sats, 0) END AS kept, "
					"          CASE WHEN l.is_lost THEN 0 ELSE i.credit_sats END AS credit, "
					"          CASE WHEN l.is_lost THEN 0 ELSE i.carried_sats END AS carried "
					"   FROM charmbills.invoices i LEFT JOIN settled s ON s.invoice_id = i.id "
					"   CROSS JOIN LATERAL "
					"        (SELECT i.status IN ('void', 'uncollectible') "
					"                OR i.status = 'expired' AND (i.kind = 'change' OR i.currency IS NOT NULL)) "
					"        l(is_lost) "
					"   LEFT JOIN entered e ON e.invoice_id = i.id "
					"   UNION ALL "
					"   SELECT s.merchant_id, NULL, s.sats, 0, 0, 0 FROM settled s WHERE s.invoice_id IS NULL), "
					"books AS "
					"  (SELECT b.merchant_id, b.customer_id, b.received, b.kept + b.credit AS applied, "
					"          b.carried, 0 AS refunded, 0 AS balance, 0 AS postponed FROM billed b "
					"   UNION ALL "
					"   SELECT c.merchant_id, c.customer_id, 0, 0, 0, "
					"          CASE WHEN c.kind = 'refund' THEN -c.amount_sats ELSE 0 END, "
					"          CASE WHEN c.kind <> 'carried' THEN c.amount_sats ELSE 0 END, "
					"          CASE WHEN c.kind = 'carried' THEN -c.amount_sats ELSE 0 END "
					"   FROM charmbills.credits c) "
					"SELECT b.merchant_id, b.customer_id, sum(b.received)::int8, sum(b.applied)::int8, "
					"       sum(b.refunded)::int8, sum(b.balance)::int8, "
					"       (sum(b.received) - sum(b.applied) - sum(b.refunded) - sum(b.balance))::int8, "
					"       (sum(b.carried) - sum(b.postponed))::int8 "
					"FROM books b GROUP BY b.merchant_id, b.customer_id "
					"HAVING sum(b.received) <> sum(b.applied) + sum(b.refunded) + sum(b.balance) "
					"       OR sum(b.carried) <> sum(b.postponed) "
					"ORDER BY b.merchant_id, b.customer_id");

/* charmbills.customer_balance(customer_id uuid) -> bigint */
CB_FUNCTION(customer_balance, CB_MERCHANT)
{
	pg_uuid_t	merchant_id;

	cb_require_args(fcinfo, 1);
	if (cb_execute(&read_merchant, CB_ARGS(cb_arg(fcinfo, 0))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("customer does not exist")));
	merchant_id = cb_column_uuid(0, 1);
	cb_authorize(&merchant_id);
	cb_execute_one(&read_balance, CB_ARGS(cb_uuid(&merchant_id), cb_arg(fcinfo, 0)));
	PG_RETURN_INT64(cb_column_int8(0, 1));
}

/*
 * charmbills.ledger_check() -> setof (merchant_id, customer_id, received_sats,
 *		applied_sats, refunded_sats, balance_sats, difference_sats, carried_difference_sats)
 */
CB_FUNCTION(ledger_check, CB_OPERATOR)
{
	cb_execute(&compare, CB_NO_ARGS);
	return cb_return_rows(fcinfo);
}
