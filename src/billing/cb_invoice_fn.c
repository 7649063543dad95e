/*-------------------------------------------------------------------------
 *
 * cb_invoice_fn.c
 *	  SQL functions on invoices: issuing, voiding, how to pay.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_invoice.h"
#include "billing/cb_quote.h"
#include "billing/cb_settle.h"
#include "billing/cb_subscription_hold.h"
#include "cb_args.h"
#include "cb_auth.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

CB_STATEMENT(read_invoice, "uuid",
			 "SELECT i.merchant_id, i.status, i.series, i.number, i.address, "
			 "       i.amount_sats - CASE WHEN i.descriptor_id IS NULL THEN 0 ELSE i.received_sats END, m.name, "
			 "       i.currency IS NOT NULL "
			 "FROM charmbills.invoices i JOIN charmbills.merchants m ON m.id = i.merchant_id "
			 "WHERE i.id = $1");
CB_STATEMENT(return_invoice, "uuid",
			 "SELECT i FROM charmbills.invoices i WHERE i.id = $1");

typedef struct Invoice
{
	pg_uuid_t	id;
	pg_uuid_t	merchant_id;
	char	   *status;
	char	   *number;
	char	   *address;		/* NULL when nothing is to be paid */
	int64		missing;		/* sats still to be paid to it */
	char	   *merchant_name;
	bool		in_currency;
} Invoice;

static void load_invoice(const pg_uuid_t *id, Invoice *invoice);
static bool has_status(const Invoice *invoice, const char *const *statuses);
static int64 quoted(const Invoice *invoice);
static void append_encoded(StringInfo uri, const char *text);

/* charmbills.issue_invoice(subscription_id uuid) -> invoices */
CB_FUNCTION(issue_invoice, CB_MERCHANT)
{
	CbEvents	events = {NIL};
	CbHeldSubscription held;
	TimestampTz now = cb_now();
	pg_uuid_t	invoice_id;

	cb_require_args(fcinfo, 1);
	cb_subscription_hold(PG_GETARG_UUID_P(0), now, &events, &held);
	invoice_id = cb_invoice_issue_next(&held.id, now, &events);
	cb_events_write(&events);
	return cb_invoice_return(fcinfo, &invoice_id);
}

/* Reads an invoice and authorises its merchant. */
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
	invoice->number = cb_invoice_number(cb_column_text(0, 3), cb_column_int8(0, 4));
	invoice->address = cb_column_text(0, 5);
	invoice->missing = cb_column_int8(0, 6);
	invoice->merchant_name = cb_column_text(0, 7);
	invoice->in_currency = cb_column_bool(0, 8);
	cb_authorize(&invoice->merchant_id);
}

static bool
has_status(const Invoice *invoice, const char *const *statuses)
{
	for (; *statuses != NULL; statuses++)
		if (strcmp(*statuses, invoice->status) == 0)
			return true;
	return false;
}

/* charmbills.void_invoice(invoice_id uuid) -> invoices */
CB_FUNCTION(void_invoice, CB_MERCHANT)
{
	static const char *const voidable[] = {"open", "expired", "uncollectible", NULL};
	CbEvents	events = {NIL};
	pg_uuid_t	id;
	Invoice		invoice;

	cb_require_args(fcinfo, 1);
	id = *PG_GETARG_UUID_P(0);
	load_invoice(&id, &invoice);
	cb_lock_invoices(&id, 1);
	load_invoice(&id, &invoice);
	if (!has_status(&invoice, voidable))
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("invoice is %s and cannot be made void", invoice.status),
				 errdetail("Only an open, expired or uncollectible invoice can.")));
	cb_invoice_void(&id, 1, CB_VOID_REQUESTED, cb_now(), &events);
	cb_events_write(&events);
	return cb_invoice_return(fcinfo, &id);
}

/*
 * charmbills.payment_uri(invoice_id uuid) -> text
 *
 * At an address of its own an invoice asks for what is still missing; at a
 * fixed one only its whole amount is recognised.  One in a currency asks for
 * what its quote says.
 */
CB_FUNCTION(payment_uri, CB_MERCHANT)
{
	static const char *const payable[] = {"open", "expired", "uncollectible", NULL};
	Invoice		invoice;
	StringInfoData uri;

	cb_require_args(fcinfo, 1);
	load_invoice(PG_GETARG_UUID_P(0), &invoice);
	if (invoice.in_currency)
		invoice.missing = quoted(&invoice);
	if (invoice.address == NULL || invoice.missing <= 0 || !has_status(&invoice, payable))
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("invoice is %s and nothing is to be paid", invoice.status)));
	initStringInfo(&uri);
	appendStringInfo(&uri, "bitcoin:%s?amount=%lld", invoice.address,
					 (long long) (invoice.missing / 100000000));
	if (invoice.missing % 100000000 != 0)
	{
		appendStringInfo(&uri, ".%08lld", (long long) (invoice.missing % 100000000));
		while (uri.data[uri.len - 1] == '0')
			uri.data[--uri.len] = '\0';
	}
	appendStringInfoString(&uri, "&label=");
	append_encoded(&uri, invoice.merchant_name);
	appendStringInfoString(&uri, "&message=");
	append_encoded(&uri, invoice.number);
	PG_RETURN_TEXT_P(cstring_to_text(uri.data));
}

/* Sats of its quote; 0 where it takes no payment any more. */
static int64
quoted(const Invoice *invoice)
{
	static const char *const quotable[] = {"open", NULL};
	int64		amount;

	if (!has_status(invoice, quotable))
		return 0;
	amount = cb_quote_valid(&invoice->id, cb_now());
	if (amount == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("invoice has no valid quote"),
				 errhint("quote_invoice() says how many sats pay it now.")));
	return amount;
}

/* UTF-8, with all but RFC 3986's unreserved characters percent-encoded. */
static void
append_encoded(StringInfo uri, const char *text)
{
	static const char unreserved[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (const char *c = pg_server_to_any(text, strlen(text), PG_UTF8); *c != '\0'; c++)
	{
		if (strchr(unreserved, *c) != NULL)
			appendStringInfoChar(uri, *c);
		else
			appendStringInfo(uri, "%%%02X", (unsigned char) *c);
	}
}

Datum
cb_invoice_return(FunctionCallInfo fcinfo, const pg_uuid_t *id)
{
	cb_execute_one(&return_invoice, CB_ARGS(cb_uuid(id)));
	return cb_return_row(fcinfo);
}
