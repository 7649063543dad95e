/*-------------------------------------------------------------------------
 *
 * cb_correction.c
 *	  The operator's corrections: assigning, marking, refunding.
 *
 * Each is a fact beside the chain's facts; what follows from it is recomputed
 * like everything else, so that it survives every reorganisation.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_invoice.h"
#include "billing/cb_rate.h"
#include "billing/cb_settle.h"
#include "cb_args.h"
#include "cb_auth.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "cb_transition.h"
#include "cb_uuid.h"
#include "types/cb_types.h"
#include "utils/builtins.h"

CB_STATEMENT(read_payment, "outpoint",
			 "SELECT p.merchant_id, p.invoice_id, i.status "
			 "FROM charmbills.payments p LEFT JOIN charmbills.invoices i ON i.id = p.invoice_id "
			 "WHERE p.outpoint = $1");
CB_STATEMENT(lock_payment, "outpoint",
			 "SELECT p.invoice_id, p.amount_sats FROM charmbills.payments p "
			 "WHERE p.outpoint = $1 FOR NO KEY UPDATE");
CB_STATEMENT(read_invoice, "uuid",
			 "SELECT i.merchant_id, i.status, i.marked_reason FROM charmbills.invoices i WHERE i.id = $1");
CB_STATEMENT(assign, "outpoint uuid",
			 "UPDATE charmbills.payments p "
			 "SET invoice_id = i.id, confirmations = i.confirmations, currency = i.currency, "
			 "    rate = " CB_PAYMENT_RATE("i.id", "i.currency", "p.first_seen_at") ", "
			 "    matures_at_height = greatest(p.block_height + greatest(i.confirmations, 1) - 1, "
			 "                                 CASE WHEN p.is_coinbase THEN p.block_height + 100 END) "
			 "FROM charmbills.invoices i WHERE p.outpoint = $1 AND i.id = $2");
CB_STATEMENT(mark, "uuid timestamptz text",
			 "UPDATE charmbills.invoices SET marked_paid_at = $2, marked_reason = $3 WHERE id = $1");
CB_STATEMENT(return_payment, "outpoint",
			 "SELECT p FROM charmbills.payments p WHERE p.outpoint = $1");
CB_STATEMENT(read_refund, "outpoint txid",
			 "SELECT c FROM charmbills.credits c "
			 "WHERE c.outpoint = $1 AND c.txid = $2 AND c.kind = 'refund'");
/* What of the source's credit has not been given back yet, nor used. */
CB_STATEMENT(read_refundable, "outpoint",
			 "SELECT least(p.amount_sats, "
			 "             (SELECT sum(b.amount_sats) FROM charmbills.credits b "
			 "              WHERE b.merchant_id = i.merchant_id AND b.customer_id = i.customer_id "
			 "                    AND b.kind <> 'carried'), "
			 "             coalesce((SELECT sum(c.amount_sats) FROM charmbills.credits c "
			 "                       WHERE (c.invoice_id = p.invoice_id AND c.kind = 'overpayment') "
			 "                          OR (c.outpoint = p.outpoint AND c.kind = 'unassigned') "
			 "                          OR (c.kind = 'refund' AND c.outpoint IN "
			 "                                  (SELECT o.outpoint FROM charmbills.payments o "
			 "                                   WHERE o.outpoint = p.outpoint OR o.invoice_id = p.invoice_id))), "
			 "                      0))::int8, "
			 "       i.customer_id "
			 "FROM charmbills.payments p LEFT JOIN charmbills.invoices i ON i.id = p.invoice_id "
			 "WHERE p.outpoint = $1");
CB_STATEMENT(insert_refund, "uuid uuid int8 outpoint txid timestamptz",
			 "INSERT INTO charmbills.credits AS c "
			 "       (merchant_id, customer_id, amount_sats, kind, outpoint, txid, created_at) "
			 "VALUES ($1, $2, $3, 'refund', $4, $5, $6) RETURNING c.id");

typedef struct Payment
{
	CbOutpoint	outpoint;
	pg_uuid_t	merchant_id;
	bool		has_invoice;
	pg_uuid_t	invoice_id;
	bool		is_free;		/* no invoice holds on to it */
} Payment;

typedef struct Invoice
{
	pg_uuid_t	id;
	pg_uuid_t	merchant_id;
	char	   *status;
	char	   *marked_reason;
} Invoice;

static void load_payment(FunctionCallInfo fcinfo, Payment *payment);
static void load_invoice(const pg_uuid_t *id, Invoice *invoice);
static void check_assignable(const Payment *payment, const Invoice *invoice);
static void settle_assignment(const Payment *payment, const Invoice *invoice, CbEvents *events);
static void event_for_payment(const char *type, const Payment *payment,
							  const char *key, const char *value, CbEvents *events);
static void mark_paid(const Invoice *invoice, const char *reason);

/* The payment that is the first argument; authorises its merchant. */
static void
load_payment(FunctionCallInfo fcinfo, Payment *payment)
{
	const CbOutpointValue *value = PG_GETARG_CB_OUTPOINT(0);
	char	   *status;

	memcpy(payment->outpoint.txid.bytes, value->txid.bytes, sizeof(value->txid.bytes));
	payment->outpoint.vout = cb_outpoint_value_vout(value);
	if (cb_execute(&read_payment, CB_ARGS(cb_outpoint(&payment->outpoint))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("payment does not exist")));
	payment->merchant_id = cb_column_uuid(0, 1);
	payment->has_invoice = !cb_column_is_null(0, 2);
	payment->invoice_id = cb_column_uuid(0, 2);
	status = cb_column_text(0, 3);
	payment->is_free = status == NULL || strcmp(status, "void") == 0 ||
		strcmp(status, "expired") == 0 || strcmp(status, "uncollectible") == 0;
	cb_authorize(&payment->merchant_id);
}

static void
load_invoice(const pg_uuid_t *id, Invoice *invoice)
{
	if (cb_execute(&read_invoice, CB_ARGS(cb_uuid(id))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("invoice does not exist")));
	invoice->id = *id;
	invoice->merchant_id = cb_column_uuid(0, 1);
	invoice->status = cb_column_text(0, 2);
	invoice->marked_reason = cb_column_text(0, 3);
	cb_authorize(&invoice->merchant_id);
}

/* charmbills.assign_payment(outpoint outpoint, invoice_id uuid) -> payments */
CB_FUNCTION(assign_payment, CB_MERCHANT)
{
	Payment		payment;
	Invoice		invoice;
	pg_uuid_t	locked[2];
	CbEvents	events = {NIL};

	cb_require_args(fcinfo, 2);
	load_payment(fcinfo, &payment);
	load_invoice(PG_GETARG_UUID_P(1), &invoice);
	if (payment.has_invoice && cb_uuid_equal(&payment.invoice_id, &invoice.id))
	{
		cb_execute_one(&return_payment, CB_ARGS(cb_outpoint(&payment.outpoint)));
		return cb_return_row(fcinfo);
	}
	locked[0] = invoice.id;
	locked[1] = payment.invoice_id;
	cb_lock_invoices(locked, payment.has_invoice ? 2 : 1);
	cb_execute_one(&lock_payment, CB_ARGS(cb_outpoint(&payment.outpoint)));
	/* Both may have moved on while we waited. */
	load_payment(fcinfo, &payment);
	load_invoice(&locked[0], &invoice);
	check_assignable(&payment, &invoice);
	cb_execute(&assign, CB_ARGS(cb_outpoint(&payment.outpoint), cb_uuid(&invoice.id)));
	event_for_payment("payment.assigned", &payment, "invoice_id", cb_uuid_cstring(&invoice.id), &events);
	settle_assignment(&payment, &invoice, &events);
	cb_events_write(&events);
	cb_execute_one(&return_payment, CB_ARGS(cb_outpoint(&payment.outpoint)));
	return cb_return_row(fcinfo);
}

static void
check_assignable(const Payment *payment, const Invoice *invoice)
{
	if (!cb_uuid_equal(&payment->merchant_id, &invoice->merchant_id))
		ereport(ERROR,
				(errcode(ERRCODE_CB_CONFLICT),
				 errmsg("payment and invoice belong to different merchants")));
	if (strcmp(invoice->status, "void") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("a void invoice takes no payment")));
	if (!payment->is_free)
		ereport(ERROR,
				(errcode(ERRCODE_CB_CONFLICT),
				 errmsg("payment already pays another invoice"),
				 errhint("A payment can be assigned when it has no invoice, or one that is expired, void or uncollectible.")));
}

/* What follows is what the chain layer would have done, had it known. */
static void
settle_assignment(const Payment *payment, const Invoice *invoice, CbEvents *events)
{
	pg_uuid_t	concerned[2];

	concerned[0] = invoice->id;
	concerned[1] = payment->invoice_id;
	cb_chain_moves_begin();
	cb_settle_invoices(concerned, payment->has_invoice ? 2 : 1, cb_now(), events);
	cb_settle_strays(&payment->outpoint, 1, cb_now(), events);
	cb_chain_moves_end();
}

static void
event_for_payment(const char *type, const Payment *payment,
				  const char *key, const char *value, CbEvents *events)
{
	CbOutpointValue subject;
	CbJson		payload;

	cb_outpoint_value(&payment->outpoint, &subject);
	cb_json_begin(&payload);
	cb_json_outpoint(&payload, "outpoint", &payment->outpoint);
	cb_json_text(&payload, key, value);
	cb_event(events, type, &payment->merchant_id, "payment", cb_outpoint_cstring(&subject),
			 cb_json_end(&payload), cb_now());
}

/* charmbills.mark_invoice_paid(invoice_id uuid, reason text) -> invoices */
CB_FUNCTION(mark_invoice_paid, CB_MERCHANT)
{
	Invoice		invoice;
	char	   *reason;

	cb_require_args(fcinfo, 2);
	reason = text_to_cstring(PG_GETARG_TEXT_PP(1));
	if (reason[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("a reason is needed to mark an invoice as paid")));
	load_invoice(PG_GETARG_UUID_P(0), &invoice);
	cb_lock_invoices(&invoice.id, 1);
	load_invoice(PG_GETARG_UUID_P(0), &invoice);
	if (invoice.marked_reason == NULL || strcmp(invoice.marked_reason, reason) != 0)
		mark_paid(&invoice, reason);
	return cb_invoice_return(fcinfo, &invoice.id);
}

static void
mark_paid(const Invoice *invoice, const char *reason)
{
	CbEvents	events = {NIL};
	CbJson		payload;

	if (strcmp(invoice->status, "paid") == 0 || strcmp(invoice->status, "void") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("invoice is %s and cannot be marked as paid", invoice->status)));
	cb_execute(&mark, CB_ARGS(cb_uuid(&invoice->id), cb_timestamptz(cb_now()), cb_text(reason)));
	cb_json_begin(&payload);
	cb_json_uuid(&payload, "invoice_id", &invoice->id);
	cb_json_text(&payload, "reason", reason);
	cb_event_uuid(&events, "invoice.marked_paid", &invoice->merchant_id, "invoice", &invoice->id,
				  cb_json_end(&payload), cb_now());
	cb_settle_invoices(&invoice->id, 1, cb_now(), &events);
	cb_events_write(&events);
}

/*
 * charmbills.record_refund(outpoint outpoint, txid txid, amount_sats bigint) -> credits
 *
 * The operator has sent back what a payment had left as credit, or a part of
 * it.  The same payment and transaction again give the same entry.
 */
CB_FUNCTION(record_refund, CB_MERCHANT)
{
	Payment		payment;
	NullableDatum customer_id;
	int64		available;
	int64		amount;
	CbEvents	events = {NIL};

	cb_require_args(fcinfo, 2);
	load_payment(fcinfo, &payment);
	if (payment.has_invoice)
		cb_lock_invoices(&payment.invoice_id, 1);
	cb_execute_one(&lock_payment, CB_ARGS(cb_outpoint(&payment.outpoint)));
	if (cb_execute(&read_refund, CB_ARGS(cb_outpoint(&payment.outpoint), cb_arg(fcinfo, 1))) == 1)
		return cb_return_row(fcinfo);
	/* Whoever uses credit holds these. */
	cb_lock_counters(&payment.merchant_id, 1);
	cb_execute_one(&read_refundable, CB_ARGS(cb_outpoint(&payment.outpoint)));
	available = cb_column_int8(0, 1);
	customer_id.value = cb_column(0, 2, &customer_id.isnull);
	amount = PG_ARGISNULL(2) ? available : PG_GETARG_INT64(2);
	if (amount <= 0 || amount > available)
		ereport(ERROR,
				(errcode(ERRCODE_CB_AMOUNT),
				 errmsg("cannot record this refund"),
				 errdetail("Of this payment " INT64_FORMAT " sats are left as credit.", Max(available, 0))));
	cb_execute_one(&insert_refund,
				   CB_ARGS(cb_uuid(&payment.merchant_id), customer_id, cb_int8(-amount),
						   cb_outpoint(&payment.outpoint), cb_arg(fcinfo, 1), cb_timestamptz(cb_now())));
	event_for_payment("payment.refunded", &payment, "txid",
					  cb_txid_cstring(PG_GETARG_CB_TXID(1)), &events);
	cb_events_write(&events);
	cb_execute_one(&read_refund, CB_ARGS(cb_outpoint(&payment.outpoint), cb_arg(fcinfo, 1)));
	return cb_return_row(fcinfo);
}
