/*-------------------------------------------------------------------------
 *
 * cb_quote.c
 *	  How many sats pay what is missing on an invoice in a currency.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_quote.h"
#include "billing/cb_rate.h"
#include "billing/cb_settle.h"
#include "bitcoin/cb_script.h"
#include "cb_args.h"
#include "cb_auth.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_guc.h"
#include "cb_sql.h"
#include "cb_uuid.h"

/* In units of 1e-8 of the invoice's currency, as payments are judged. */
#define MISSING \
	"trunc(i.amount * 100000000) - " \
	"coalesce((SELECT sum(" CB_PAYMENT_WORTH("p") ") FROM charmbills.payments p " \
	"          WHERE p.invoice_id = i.id AND p.status IN ('seen', 'confirmed')), 0)"
/* The fewest sats that are worth what is missing.  div() is exact, / is rounded. */
#define SATS(missing, rate) \
	"div(" missing ", " rate ") + (div(" missing ", " rate ") * " rate " < " missing ")::int"

CB_STATEMENT(read_invoice, "uuid",
			 "SELECT i.merchant_id, i.status, i.currency, i.script, " MISSING " > 0 "
			 "FROM charmbills.invoices i WHERE i.id = $1");
/* At another rate it would be another amount, so it is compared at its own. */
CB_STATEMENT(find_valid, "uuid timestamptz int8",
			 "SELECT q.id, q.amount_sats::int8 "
			 "FROM (SELECT i.id, i.status, " MISSING " AS missing FROM charmbills.invoices i WHERE i.id = $1) i "
			 "JOIN charmbills.quotes q ON q.invoice_id = i.id "
			 "WHERE i.status IN ('open', 'processing') AND i.missing > 0 "
			 "      AND q.valid_until > $2 "
			 "      AND q.amount_sats = greatest(" SATS("i.missing", "q.rate") ", $3) "
			 "ORDER BY q.created_at DESC, q.id DESC LIMIT 1");
/* An amount that there cannot be is too much for one bigint, too. */
CB_STATEMENT(convert, "uuid timestamptz int8",
			 "SELECT r.rate, greatest(least(" SATS("i.missing", "r.rate") ", 1e18), $3)::int8 "
			 "FROM (SELECT i.currency, " MISSING " AS missing FROM charmbills.invoices i WHERE i.id = $1) i "
			 "JOIN charmbills.currencies c ON c.code = i.currency "
			 "JOIN charmbills.exchange_rates r ON r.currency = c.code "
			 "WHERE r.set_at <= $2 AND r.set_at > $2 - c.max_age "
			 "ORDER BY r.set_at DESC LIMIT 1");
CB_STATEMENT(insert_quote, "uuid uuid uuid text numeric int8 timestamptz int4",
			 "INSERT INTO charmbills.quotes "
			 "       (id, invoice_id, merchant_id, currency, rate, amount_sats, created_at, valid_until) "
			 "VALUES ($1, $2, $3, $4, $5, $6, $7, $7 + $8 * interval '1 second')");
CB_STATEMENT(write_amount, "uuid int8",
			 "UPDATE charmbills.invoices SET amount_sats = $2 WHERE id = $1");
CB_STATEMENT(return_quote, "uuid",
			 "SELECT q FROM charmbills.quotes q WHERE q.id = $1");

typedef struct Invoice
{
	pg_uuid_t	id;
	pg_uuid_t	merchant_id;
	char	   *status;
	char	   *currency;		/* NULL: sats */
	CbSpan		script;
	bool		has_missing;
} Invoice;

static void load_invoice(const pg_uuid_t *id, Invoice *invoice);
static void check_quotable(const Invoice *invoice);
static bool find_quote(const Invoice *invoice, TimestampTz now, pg_uuid_t *id, int64 *amount);
static pg_uuid_t add_quote(const Invoice *invoice, TimestampTz now);

/* charmbills.quote_invoice(invoice_id uuid) -> quotes */
CB_FUNCTION(quote_invoice, CB_MERCHANT)
{
	TimestampTz now = cb_now();
	Invoice		invoice;
	pg_uuid_t	quote_id;
	int64		amount;

	cb_require_args(fcinfo, 1);
	load_invoice(PG_GETARG_UUID_P(0), &invoice);
	cb_authorize(&invoice.merchant_id);
	cb_lock_invoices(&invoice.id, 1);
	load_invoice(PG_GETARG_UUID_P(0), &invoice);
	check_quotable(&invoice);
	if (!find_quote(&invoice, now, &quote_id, &amount))
		quote_id = add_quote(&invoice, now);
	cb_execute_one(&return_quote, CB_ARGS(cb_uuid(&quote_id)));
	return cb_return_row(fcinfo);
}

int64
cb_quote_valid(const pg_uuid_t *invoice_id, TimestampTz now)
{
	Invoice		invoice;
	pg_uuid_t	quote_id;
	int64		amount;

	load_invoice(invoice_id, &invoice);
	return find_quote(&invoice, now, &quote_id, &amount) ? amount : 0;
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
	invoice->currency = cb_column_text(0, 3);
	invoice->script = cb_column_bytea(0, 4);
	invoice->has_missing = cb_column_bool(0, 5);
}

/* One that has expired is not paid at any rate any more. */
static void
check_quotable(const Invoice *invoice)
{
	if (invoice->currency == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("invoice is in sats and needs no quote"),
				 errhint("Its payment_uri() says how to pay it.")));
	if ((strcmp(invoice->status, "open") != 0 && strcmp(invoice->status, "processing") != 0) ||
		!invoice->has_missing)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("invoice is %s and nothing is to be paid", invoice->status)));
}

static bool
find_quote(const Invoice *invoice, TimestampTz now, pg_uuid_t *id, int64 *amount)
{
	if (invoice->currency == NULL || !invoice->has_missing)
		return false;
	if (cb_execute(&find_valid,
				   CB_ARGS(cb_uuid(&invoice->id), cb_timestamptz(now),
						   cb_int8(cb_script_dust_limit(invoice->script)))) == 0)
		return false;
	*id = cb_column_uuid(0, 1);
	*amount = cb_column_int8(0, 2);
	return true;
}

static pg_uuid_t
add_quote(const Invoice *invoice, TimestampTz now)
{
	pg_uuid_t	id = cb_uuid_v7();
	NullableDatum rate;
	int64		amount;

	if (cb_execute(&convert,
				   CB_ARGS(cb_uuid(&invoice->id), cb_timestamptz(now),
						   cb_int8(cb_script_dust_limit(invoice->script)))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_STALE_RATE),
				 errmsg("no fresh exchange rate for %s is known", invoice->currency),
				 errhint("Set one with set_exchange_rate(), or have it fetched: set_rate_source().")));
	rate.value = cb_column(0, 1, &rate.isnull);
	amount = cb_check_sats(cb_column_int8(0, 2));
	cb_execute(&insert_quote,
			   CB_ARGS(cb_uuid(&id), cb_uuid(&invoice->id), cb_uuid(&invoice->merchant_id),
					   cb_text(invoice->currency), rate, cb_int8(amount), cb_timestamptz(now),
					   cb_int4(cb_guc_quote_validity)));
	cb_execute(&write_amount, CB_ARGS(cb_uuid(&invoice->id), cb_int8(amount)));
	return id;
}
