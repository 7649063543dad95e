/*-------------------------------------------------------------------------
 *
 * cb_settle.c
 *	  From payments to invoices: who has paid what, recomputed from the facts.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_address_pool.h"
#include "billing/cb_credit.h"
#include "billing/cb_invoice.h"
#include "billing/cb_invoice_state.h"
#include "billing/cb_payment.h"
#include "billing/cb_plan_follow.h"
#include "billing/cb_plan_nft.h"
#include "billing/cb_settle.h"
#include "billing/cb_subscription.h"
#include "billing/cb_subscription_token.h"
#include "catalog/pg_type.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "chain/cb_chain_state.h"
#include "chain/cb_change.h"
#include "proving/cb_proving.h"
#include "utils/builtins.h"

/*
 * A late payment still pays an invoice in sats for a period, or for none, unless
 * the subscription had ended or a newer invoice had taken its place when it was
 * made.  That one was made void later does not matter.  One in a currency is
 * paid late only where a part of it came in time; a change, which no period waits
 * for, not even then.  An amount in a currency is one in the units of
 * cb_invoice_state.h.
 */
CB_KEYS_STATEMENT(read_invoices, "uuid[]",
				  "SELECT i.id, i.merchant_id, i.subscription_id, i.customer_id, "
				  "       coalesce(trunc(i.amount * 100000000)::int8, i.amount_sats), "
				  "       coalesce(trunc(i.tolerance * 100000000)::int8, i.tolerance_sats), "
				  "       i.created_at, i.expires_at, i.status, i.marked_paid_at, "
				  "       CASE WHEN i.kind = 'change' THEN timestamptz '-infinity' "
				  "       ELSE least(s.ended_at, "
				  "                  (SELECT min(n.created_at) FROM charmbills.invoices n "
				  "                   WHERE n.subscription_id = i.subscription_id "
				  "                         AND n.kind IN ('period', 'change') "
				  "                         AND (n.created_at, n.number) > (i.created_at, i.number))) END, "
				  "       i.is_overpaid, i.received_sats, i.is_underpaid, i.is_late, i.paid_at, i.series, i.number, "
				  "       i.credit_sats, i.carried_sats, entered.overpayment, entered.applied, entered.carried, "
				  "       i.amount_sats, i.kind = 'change', i.kind = 'change' OR i.currency IS NOT NULL "
				  "FROM charmbills.invoices i "
				  "LEFT JOIN charmbills.subscription_facts s ON s.id = i.subscription_id "
				  "CROSS JOIN LATERAL "
				  "     (SELECT coalesce(sum(c.amount_sats) FILTER (WHERE c.kind = 'overpayment'), 0)::int8, "
				  "             coalesce(sum(c.amount_sats) FILTER (WHERE c.kind = 'applied'), 0)::int8, "
				  "             coalesce(sum(c.amount_sats) FILTER (WHERE c.kind = 'carried'), 0)::int8 "
				  "      FROM charmbills.credits c WHERE c.invoice_id = i.id) "
				  "     entered(overpayment, applied, carried) "
				  "WHERE i.id = ANY ($1) ORDER BY i.id");
CB_KEYS_STATEMENT(read_live_payments, "uuid[] int4",
				  "SELECT p.invoice_id, p.amount_sats, least(p.first_seen_at, p.block_median_time) AS paid_at, "
				  "       (p.confirmations = 0 AND NOT p.is_coinbase) "
				  "       OR (p.status = 'confirmed' AND p.matures_at_height <= $2), "
				  "       CASE WHEN p.currency IS NULL THEN p.amount_sats "
				  "       ELSE least(trunc(p.amount_sats * coalesce(p.rate, 0)), 4000000000000000000)::int8 END "
				  "FROM charmbills.payments p "
				  "WHERE p.invoice_id = ANY ($1) AND p.status IN ('seen', 'confirmed') "
				  "ORDER BY p.invoice_id, paid_at, p.first_seen_at, p.outpoint");
CB_KEYS_STATEMENT(write_invoices, "uuid[] text[] int8[] bool[] bool[] bool[] timestamptz[]",
				  "UPDATE charmbills.invoices i "
				  "SET status = s.status, received_sats = s.received, is_underpaid = s.underpaid, "
				  "    is_overpaid = s.overpaid, is_late = s.late, paid_at = s.paid_at "
				  "FROM unnest($1, $2, $3, $4, $5, $6, $7) "
				  "     s(id, status, received, underpaid, overpaid, late, paid_at) "
				  "WHERE i.id = s.id");

/* One invoice: what it is, and what it turns out to be. */
typedef struct Invoice
{
	pg_uuid_t	id;
	pg_uuid_t	merchant_id;
	bool		has_subscription;
	pg_uuid_t	subscription_id;
	bool		has_customer;
	pg_uuid_t	customer_id;
	CbInvoiceFacts facts;
	CbInvoiceState before;
	CbInvoiceState after;
	int64		credit_taken;	/* at issue; negative: given */
	int64		carried;		/* to the next invoice; negative: from earlier ones */
	/* Entered in the ledger so far: */
	int64		entered_overpayment;
	int64		entered_applied;
	int64		entered_carried;
	int64		amount_sats;	/* 0 where there is only a currency's */
	char	   *number;
} Invoice;

static void lock_for_change(const CbChange *change);
static void lock_invoices(const CbChange *change);
static void follow_charms(const CbChange *change, CbEvents *events);
static void settle_change(const CbChange *change, CbEvents *events);
static void skip_paid_scripts(const CbChange *change, CbEvents *events);
static Invoice *load_invoices(NullableDatum ids, int *n);
static void load_invoice(uint64 row, Invoice *invoice);
static void judge_invoices(Invoice *invoices, int n, NullableDatum ids, const CbChainState *chain);
static bool has_changed(const Invoice *invoice);
static void write_changed(const Invoice *invoices, int n);
static void announce(const Invoice *invoice, TimestampTz now, CbEvents *events);
static void announce_one(const char *type, const Invoice *invoice, TimestampTz now, CbEvents *events);
static void adjust_credit(const Invoice *invoice, TimestampTz now, CbEvents *events);
static void refresh_subscriptions(const Invoice *invoices, int n, TimestampTz now, CbEvents *events);

static const CbChainListener listener = {
	.lock = lock_for_change,
	.payments = cb_payment_update,
	.own_transaction = cb_plan_own_transaction,
	.charms = follow_charms,
	.settle = settle_change
};

void
cb_settle_register(void)
{
	cb_chain_listen(&listener);
}

/*
 * An invoice that is being issued, and not committed yet, may be the one that a
 * payment is for: wait for it, and look again.
 */
static void
lock_for_change(const CbChange *change)
{
	pg_uuid_t  *issuers;
	int			n;

	lock_invoices(change);
	n = cb_payment_find_issuers(change, &issuers);
	if (n == 0)
		return;
	cb_lock_counters(issuers, n);
	lock_invoices(change);
}

static void
lock_invoices(const CbChange *change)
{
	pg_uuid_t  *invoices;
	int			n = cb_payment_find_invoices(change, &invoices);

	cb_subscription_tokens_lock(change, invoices, n);
	cb_lock_invoices(invoices, n);
}

static void
follow_charms(const CbChange *change, CbEvents *events)
{
	cb_plan_nft_follow(change, events);
	cb_subscription_tokens_follow(change, events);
	cb_proving_follow(change->charm_plans, change->n_charm_plans);
}

static void
settle_change(const CbChange *change, CbEvents *events)
{
	CbTouched	touched;

	cb_payment_touched(change, &touched);
	cb_settle_invoices(touched.invoices, touched.n_invoices, change->now, events);
	cb_settle_strays(touched.strays, touched.n_strays, change->now, events);
	skip_paid_scripts(change, events);
}

/* A script that no invoice has been given yet must not be given one later. */
static void
skip_paid_scripts(const CbChange *change, CbEvents *events)
{
	for (int i = 0; i < change->n_hits; i++)
	{
		const CbHit *hit = &change->hits[i];

		if (hit->is_derived)
			cb_address_pool_hit(&hit->merchant_id, &hit->descriptor_id,
								hit->derivation_index, events, change->now);
	}
}

void
cb_settle_invoices(const pg_uuid_t *invoice_ids, int n, TimestampTz now, CbEvents *events)
{
	NullableDatum ids;
	Invoice    *invoices;
	CbChainState chain;

	if (n == 0)
		return;
	ids = cb_uuid_array(invoice_ids, n);
	invoices = load_invoices(ids, &n);
	cb_chain_state_read(&chain);
	judge_invoices(invoices, n, ids, &chain);
	write_changed(invoices, n);
	for (int i = 0; i < n; i++)
	{
		announce(&invoices[i], now, events);
		adjust_credit(&invoices[i], now, events);
	}
	refresh_subscriptions(invoices, n, now, events);
}

static Invoice *
load_invoices(NullableDatum ids, int *n)
{
	Invoice    *invoices;

	*n = (int) cb_execute(&read_invoices, CB_ARGS(ids));
	invoices = palloc0(sizeof(Invoice) * Max(*n, 1));
	for (int i = 0; i < *n; i++)
		load_invoice(i, &invoices[i]);
	return invoices;
}

static void
load_invoice(uint64 row, Invoice *invoice)
{
	CbInvoiceFacts *facts = &invoice->facts;
	char	   *status = cb_column_text(row, 9);

	invoice->id = cb_column_uuid(row, 1);
	invoice->merchant_id = cb_column_uuid(row, 2);
	invoice->has_subscription = !cb_column_is_null(row, 3);
	invoice->subscription_id = cb_column_uuid(row, 3);
	invoice->has_customer = !cb_column_is_null(row, 4);
	invoice->customer_id = cb_column_uuid(row, 4);
	facts->amount = cb_column_int8(row, 5);
	facts->tolerance = cb_column_int8(row, 6);
	facts->created_at = cb_column_timestamptz(row, 7);
	facts->expires_at = cb_column_timestamptz(row, 8);
	facts->is_void = strcmp(status, "void") == 0;
	facts->is_uncollectible = strcmp(status, "uncollectible") == 0;
	facts->is_marked = !cb_column_is_null(row, 10);
	facts->marked_at = cb_column_timestamptz(row, 10);
	facts->superseded_at = cb_column_timestamptz_or(row, 11, DT_NOEND);
	invoice->before.status = status;
	invoice->before.is_overpaid = cb_column_bool(row, 12);
	invoice->before.received = cb_column_int8(row, 13);
	invoice->before.is_underpaid = cb_column_bool(row, 14);
	invoice->before.is_late = cb_column_bool(row, 15);
	invoice->before.paid_at = cb_column_timestamptz(row, 16);
	invoice->number = cb_invoice_number(cb_column_text(row, 17), cb_column_int8(row, 18));
	invoice->credit_taken = cb_column_int8(row, 19);
	invoice->carried = cb_column_int8(row, 20);
	invoice->entered_overpayment = cb_column_int8(row, 21);
	invoice->entered_applied = cb_column_int8(row, 22);
	invoice->entered_carried = cb_column_int8(row, 23);
	invoice->amount_sats = cb_column_int8(row, 24);
	facts->needs_all_in_time = cb_column_bool(row, 25);
	facts->expires_for_good = cb_column_bool(row, 26);
}

/* Both lists are sorted by invoice. */
static void
judge_invoices(Invoice *invoices, int n, NullableDatum ids, const CbChainState *chain)
{
	uint64		n_rows = cb_execute(&read_live_payments, CB_ARGS(ids, cb_int4(chain->height)));
	CbInvoicePayment *payments = palloc(sizeof(CbInvoicePayment) * Max(n_rows, 1));
	uint64		row = 0;

	for (int i = 0; i < n; i++)
	{
		int			n_payments = 0;

		for (; row < n_rows; row++)
		{
			pg_uuid_t	invoice_id = cb_column_uuid(row, 1);

			if (!cb_uuid_equal(&invoice_id, &invoices[i].id))
				break;
			payments[n_payments].amount = cb_column_int8(row, 2);
			payments[n_payments].paid_at = cb_column_timestamptz(row, 3);
			payments[n_payments].is_settled = cb_column_bool(row, 4);
			payments[n_payments].worth = cb_column_int8(row, 5);
			n_payments++;
		}
		cb_invoice_state(&invoices[i].facts, payments, n_payments, chain->followed_until,
						 &invoices[i].after);
	}
}

static bool
has_changed(const Invoice *invoice)
{
	const CbInvoiceState *before = &invoice->before;
	const CbInvoiceState *after = &invoice->after;

	return strcmp(before->status, after->status) != 0 || before->received != after->received ||
		before->is_underpaid != after->is_underpaid || before->is_overpaid != after->is_overpaid ||
		before->is_late != after->is_late || before->paid_at != after->paid_at;
}

static void
write_changed(const Invoice *invoices, int n)
{
	Datum	   *columns = palloc(sizeof(Datum) * 7 * n);
	bool	   *unpaid = palloc(sizeof(bool) * n);
	int			changed = 0;

	for (int i = 0; i < n; i++)
	{
		const CbInvoiceState *after = &invoices[i].after;

		if (!has_changed(&invoices[i]))
			continue;
		columns[changed] = UUIDPGetDatum(&invoices[i].id);
		columns[n + changed] = CStringGetTextDatum(after->status);
		columns[2 * n + changed] = Int64GetDatum(after->received);
		columns[3 * n + changed] = BoolGetDatum(after->is_underpaid);
		columns[4 * n + changed] = BoolGetDatum(after->is_overpaid);
		columns[5 * n + changed] = BoolGetDatum(after->is_late);
		columns[6 * n + changed] = TimestampTzGetDatum(after->paid_at);
		unpaid[changed] = strcmp(after->status, "paid") != 0;
		changed++;
	}
	if (changed > 0)
		cb_execute(&write_invoices,
				   CB_ARGS(cb_array(columns, NULL, changed, UUIDOID),
						   cb_array(columns + n, NULL, changed, TEXTOID),
						   cb_array(columns + 2 * n, NULL, changed, INT8OID),
						   cb_array(columns + 3 * n, NULL, changed, BOOLOID),
						   cb_array(columns + 4 * n, NULL, changed, BOOLOID),
						   cb_array(columns + 5 * n, NULL, changed, BOOLOID),
						   cb_array(columns + 6 * n, unpaid, changed, TIMESTAMPTZOID)));
}

static void
announce(const Invoice *invoice, TimestampTz now, CbEvents *events)
{
	const char *before = invoice->before.status;
	const char *after = invoice->after.status;

	if (strcmp(before, after) != 0)
		announce_one(strcmp(before, "paid") == 0 ? "invoice.payment_reversed" : psprintf("invoice.%s", after),
					 invoice, now, events);
	if (invoice->after.is_overpaid && !invoice->before.is_overpaid)
		announce_one("invoice.overpaid", invoice, now, events);
	if (invoice->after.is_underpaid && !invoice->before.is_underpaid)
		announce_one("invoice.underpaid", invoice, now, events);
}

static void
announce_one(const char *type, const Invoice *invoice, TimestampTz now, CbEvents *events)
{
	CbJson		payload;

	cb_json_begin(&payload);
	cb_json_uuid(&payload, "invoice_id", &invoice->id);
	cb_json_text(&payload, "number", invoice->number);
	cb_json_uuid(&payload, "subscription_id", invoice->has_subscription ? &invoice->subscription_id : NULL);
	cb_json_uuid(&payload, "customer_id", invoice->has_customer ? &invoice->customer_id : NULL);
	cb_json_text(&payload, "previous_status", invoice->before.status);
	cb_json_text(&payload, "status", invoice->after.status);
	cb_json_int(&payload, "amount_sats", invoice->amount_sats);
	cb_json_int(&payload, "received_sats", invoice->after.received);
	cb_json_bool(&payload, "is_late", invoice->after.is_late);
	cb_event_uuid(events, type, &invoice->merchant_id, "invoice", &invoice->id,
				  cb_json_end(&payload), now);
}

/*
 * What an invoice took from the customer's credit at issue, or gave to it, is
 * the customer's again once the invoice will not be paid.
 */
static void
adjust_credit(const Invoice *invoice, TimestampTz now, CbEvents *events)
{
	bool		stands = !invoice->after.is_lost;
	CbCreditSource source = {
		.merchant_id = invoice->merchant_id,
		.customer_id = invoice->has_customer ? &invoice->customer_id : NULL,
		.invoice_id = &invoice->id
	};

	cb_credit_adjust(&source, CB_CREDIT_OVERPAYMENT, invoice->entered_overpayment, invoice->after.credit,
					 now, events);
	cb_credit_adjust(&source, CB_CREDIT_APPLIED, invoice->entered_applied,
					 stands ? -invoice->credit_taken : 0, now, events);
	cb_credit_adjust(&source, CB_CREDIT_CARRIED, invoice->entered_carried,
					 stands ? -invoice->carried : 0, now, events);
}

static void
refresh_subscriptions(const Invoice *invoices, int n, TimestampTz now, CbEvents *events)
{
	pg_uuid_t  *ids = palloc(sizeof(pg_uuid_t) * n);
	int			n_ids = 0;

	for (int i = 0; i < n; i++)
		if (invoices[i].has_subscription)
			ids[n_ids++] = invoices[i].subscription_id;
	if (n_ids > 0)
		cb_subscription_refresh(ids, n_ids, now, events);
}
