/*-------------------------------------------------------------------------
 *
 * cb_issue_rows.c
 *	  The rows of invoices that are being issued.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_currency.h"
#include "billing/cb_issue_rows.h"
#include "catalog/pg_type.h"
#include "cb_columns.h"
#include "cb_sql.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

/*
 * The latest issued counts: a transaction that began before another had issued
 * one, and came to issue its own only then, must not date it before that.
 */
CB_KEYS_STATEMENT(insert_invoices,
				  "uuid[] text[] int8[] uuid[] uuid[] uuid[] text[] int8[] int8[] text[] bytea[] uuid[] int4[] "
				  "int4[] timestamptz[] timestamptz[] timestamptz[] timestamptz[] uuid[] int4[] timestamptz[] "
				  "interval[] numeric[] timestamptz[] timestamptz[] text[] numeric[] numeric[] int8[] int8[] "
				  "text[] text[] timestamptz[] numeric[] text[] timestamptz",
				  "INSERT INTO charmbills.invoices "
				  "       (id, series, number, merchant_id, subscription_id, customer_id, kind, amount_sats, "
				  "        tolerance_sats, address, script, descriptor_id, derivation_index, confirmations, due_at, "
				  "        expires_at, period_start, period_end, plan_id, quantity, anchor, paused_before, "
				  "        period_worth, worth_start, worth_end, currency, amount, tolerance, credit_sats, "
				  "        carried_sats, description, metadata, next_action_at, tax_rate, cycle, status, created_at) "
				  "SELECT d.id, d.series, d.number, d.merchant_id, d.subscription_id, d.customer_id, d.kind, "
				  "       d.amount_sats, d.tolerance_sats, d.address, d.script, d.descriptor_id, "
				  "       d.derivation_index, d.confirmations, d.due_at, d.expires_at, d.period_start, "
				  "       d.period_end, d.plan_id, d.quantity, d.anchor, d.paused_before, d.period_worth, "
				  "       d.worth_start, d.worth_end, d.currency, d.amount, d.tolerance, d.credit_sats, "
				  "       d.carried_sats, d.description, coalesce(d.metadata, '{}')::pg_catalog.jsonb, "
				  "       d.next_action_at, d.tax_rate, d.cycle, 'open', "
				  "       greatest($36, (SELECT max(n.created_at) FROM charmbills.invoices n "
				  "                      WHERE n.subscription_id = d.subscription_id)) "
				  "FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
				  "            $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35) "
				  "     d(id, series, number, merchant_id, subscription_id, customer_id, kind, amount_sats, "
				  "       tolerance_sats, address, script, descriptor_id, derivation_index, confirmations, due_at, "
				  "       expires_at, period_start, period_end, plan_id, quantity, anchor, paused_before, "
				  "       period_worth, worth_start, worth_end, currency, amount, tolerance, credit_sats, "
				  "       carried_sats, description, metadata, next_action_at, tax_rate, cycle)");
CB_KEYS_STATEMENT(insert_lines,
				  "uuid[] int4[] uuid[] text[] text[] int4[] numeric[] numeric[] timestamptz[] timestamptz[]",
				  "INSERT INTO charmbills.invoice_lines "
				  "       (invoice_id, position, merchant_id, kind, description, quantity, unit_amount, amount, "
				  "        period_start, period_end) "
				  "SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
CB_KEYS_STATEMENT(await_none, "uuid[]",
				  "UPDATE charmbills.subscription_facts "
				  "SET next_invoice_at = NULL, billing_error = NULL, held_until = NULL "
				  "WHERE id = ANY ($1) "
				  "      AND (next_invoice_at IS NOT NULL OR billing_error IS NOT NULL OR held_until IS NOT NULL)");

static const Oid invoice_types[] = {
	UUIDOID, TEXTOID, INT8OID, UUIDOID, UUIDOID, UUIDOID, TEXTOID, INT8OID, INT8OID, TEXTOID, BYTEAOID,
	UUIDOID, INT4OID, INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, UUIDOID,
	INT4OID, TIMESTAMPTZOID, INTERVALOID, NUMERICOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, NUMERICOID,
	NUMERICOID, INT8OID, INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, NUMERICOID, TEXTOID
};
static const Oid line_types[] = {
	UUIDOID, INT4OID, UUIDOID, TEXTOID, TEXTOID, INT4OID, NUMERICOID, NUMERICOID, TIMESTAMPTZOID, TIMESTAMPTZOID
};

static void insert_columns(CbStatement *statement, const CbColumns *columns, const Oid *types, NullableDatum last);
static void add_invoice(CbColumns *columns, const CbDraft *draft);
static void add_lines(CbColumns *columns, const CbDraft *draft);
static void await_no_more(const CbDraft *drafts, int n);
static NullableDatum as_numeric(int64 amount, int decimals);
static NullableDatum unless_infinite(TimestampTz time);
static NullableDatum optional_time(TimestampTz time);
static int64 tolerance(const CbDraft *draft, int64 least);

void
cb_issue_rows(const CbDraft *drafts, int n, TimestampTz now)
{
	CbColumns	invoices;
	CbColumns	lines;
	int			n_lines = 0;

	for (int i = 0; i < n; i++)
		n_lines += list_length(drafts[i].bill.lines);
	cb_columns_begin(&invoices, lengthof(invoice_types), n);
	cb_columns_begin(&lines, lengthof(line_types), n_lines);
	for (int i = 0; i < n; i++)
	{
		add_invoice(&invoices, &drafts[i]);
		add_lines(&lines, &drafts[i]);
	}
	insert_columns(&insert_invoices, &invoices, invoice_types, cb_timestamptz(now));
	insert_columns(&insert_lines, &lines, line_types, cb_null());
	await_no_more(drafts, n);
}

/* All columns, and one more parameter that is the same for all rows. */
static void
insert_columns(CbStatement *statement, const CbColumns *columns, const Oid *types, NullableDatum last)
{
	NullableDatum args[CB_MAX_PARAMETERS];

	for (int i = 0; i < columns->n_columns; i++)
		args[i] = cb_columns_array(columns, i, types[i]);
	args[columns->n_columns] = last;
	cb_execute(statement, args);
}

static void
add_invoice(CbColumns *columns, const CbDraft *draft)
{
	const CbInvoicePlace *place = &draft->place;
	const CbInvoicePeriod *period = draft->has_subscription ? &draft->period : NULL;
	const CbBill *bill = &draft->bill;
	bool		in_sats = bill->currency == NULL;
	CbSpan		script = {place->script.data, place->script.len};

	cb_columns_add(columns, CB_ARGS(
		cb_uuid(&draft->id), cb_text(place->series), cb_int8(place->number),
		cb_uuid(&draft->merchant_id), cb_uuid(period ? &draft->subscription_id : NULL),
		cb_uuid(&draft->customer_id), cb_text(cb_invoice_kind_name(draft->kind)),
		in_sats || bill->amount == 0 ? cb_int8(bill->amount) : cb_null(),
		cb_int8(in_sats ? tolerance(draft, draft->tolerance_sats) : 0),
		cb_text(place->needs_address ? place->address : NULL),
		place->needs_address ? cb_bytea(script) : cb_null(),
		cb_uuid(place->is_derived ? &place->descriptor_id : NULL),
		place->is_derived ? cb_int4(place->derivation_index) : cb_null(),
		cb_int4(draft->confirmations), cb_timestamptz(draft->due_at), cb_timestamptz(draft->expires_at),
		period ? cb_timestamptz(period->start) : cb_null(), period ? cb_timestamptz(period->end) : cb_null(),
		cb_uuid(period ? &period->plan_id : NULL), period ? cb_int4(period->quantity) : cb_null(),
		period ? cb_timestamptz(period->anchor) : cb_null(), cb_microseconds(period ? period->paused_before : 0),
		period ? as_numeric(period->worth, bill->decimals) : cb_null(),
		period ? cb_timestamptz(period->worth_start) : cb_null(),
		period ? cb_timestamptz(period->worth_end) : cb_null(),
		cb_text(bill->currency), in_sats ? cb_null() : as_numeric(bill->amount, bill->decimals),
		in_sats ? cb_null() : as_numeric(tolerance(draft, 0), bill->decimals),
		cb_int8(bill->credit_sats), cb_int8(bill->carried_sats), cb_text(draft->description),
		cb_text(draft->metadata), unless_infinite(draft->next_action_at),
		as_numeric(period ? period->tax_rate : 0, 4), cb_text(period ? period->cycle : NULL)));
}

static void
add_lines(CbColumns *columns, const CbDraft *draft)
{
	const CbBill *bill = &draft->bill;
	int			position = 0;
	ListCell   *cell;

	foreach(cell, bill->lines)
	{
		const CbBillLine *line = lfirst(cell);

		cb_columns_add(columns, CB_ARGS(
			cb_uuid(&draft->id), cb_int4(++position), cb_uuid(&draft->merchant_id), cb_text(line->kind),
			cb_text(line->description), cb_int4(line->quantity), as_numeric(line->unit_amount, bill->decimals),
			as_numeric(line->amount, bill->decimals), optional_time(line->start), optional_time(line->end)));
	}
}

/* Until the invoice is paid, or another is needed, no further one is. */
static void
await_no_more(const CbDraft *drafts, int n)
{
	pg_uuid_t  *ids = palloc(sizeof(pg_uuid_t) * n);
	int			n_ids = 0;

	for (int i = 0; i < n; i++)
		if (drafts[i].has_subscription)
			ids[n_ids++] = drafts[i].subscription_id;
	if (n_ids > 0)
		cb_execute(&await_none, CB_ARGS(cb_uuid_array(ids, n_ids)));
}

/* The larger of two ways to say how much may be missing. */
static int64
tolerance(const CbDraft *draft, int64 least)
{
	return Max(least, cb_bill_part(draft->bill.amount, draft->tolerance_rate, CB_TAX_UNIT));
}

static NullableDatum
as_numeric(int64 amount, int decimals)
{
	return cb_datum(cb_minor_numeric(amount, decimals));
}

static NullableDatum
unless_infinite(TimestampTz time)
{
	return TIMESTAMP_NOT_FINITE(time) ? cb_null() : cb_timestamptz(time);
}

static NullableDatum
optional_time(TimestampTz time)
{
	return time == 0 ? cb_null() : cb_timestamptz(time);
}

const char *
cb_invoice_kind_name(CbInvoiceKind kind)
{
	static const char *const names[] = {"period", "change", "one_off"};

	return names[kind];
}
