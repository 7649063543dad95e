/*-------------------------------------------------------------------------
 *
 * cb_rate.c
 *	  What a bitcoin costs: exchange rates, and payments judged by them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_currency.h"
#include "billing/cb_rate.h"
#include "billing/cb_settle.h"
#include "cb_args.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_event.h"
#include "cb_sql.h"
#include "cb_transition.h"
#include "utils/builtins.h"

/* Rates have six decimals: the engine counts them in millionths. */
CB_STATEMENT(check_rate, "numeric",
			 "SELECT WHERE $1 >= 0.000001 AND $1 < 1000000000000");
CB_STATEMENT(insert_currency, "text",
			 "INSERT INTO charmbills.currencies (code) VALUES ($1) ON CONFLICT DO NOTHING");
CB_STATEMENT(insert_rate, "text timestamptz numeric text",
			 "INSERT INTO charmbills.exchange_rates AS r (currency, set_at, rate, source) "
			 "VALUES ($1, $2, trim_scale(trunc($3, 6)), $4) "
			 "ON CONFLICT (currency, set_at) DO UPDATE SET rate = excluded.rate, source = excluded.source");
CB_STATEMENT(delete_old_rates, "text timestamptz",
			 "DELETE FROM charmbills.exchange_rates "
			 "WHERE currency = $1 AND set_at < $2 - interval '90 days'");
CB_STATEMENT(find_waiting, "text",
			 "SELECT DISTINCT p.invoice_id FROM charmbills.payments p "
			 "WHERE p.currency = $1 AND p.rate IS NULL AND p.invoice_id IS NOT NULL ORDER BY 1");
CB_STATEMENT(fill_in, "text numeric uuid[]",
			 "UPDATE charmbills.payments SET rate = trim_scale(trunc($2, 6)) "
			 "WHERE currency = $1 AND rate IS NULL AND invoice_id = ANY ($3)");
CB_STATEMENT(return_rate, "text timestamptz",
			 "SELECT r FROM charmbills.exchange_rates r WHERE r.currency = $1 AND r.set_at = $2");

static void judge_waiting(const char *currency, Datum rate, TimestampTz now);

/* charmbills.set_exchange_rate(currency text, rate numeric, source text) -> exchange_rates */
CB_FUNCTION(set_exchange_rate, CB_OPERATOR)
{
	TimestampTz now = cb_now();
	char	   *currency;

	cb_require_args(fcinfo, 3);
	currency = text_to_cstring(PG_GETARG_TEXT_PP(0));
	cb_check_currency(currency);
	if (!cb_rate_set(currency, PG_GETARG_DATUM(1), text_to_cstring(PG_GETARG_TEXT_PP(2)), now))
		ereport(ERROR,
				(errcode(ERRCODE_CB_AMOUNT),
				 errmsg("exchange rate is out of range"),
				 errdetail("The price of one bitcoin is from 0.000001 to less than 1000000000000.")));
	cb_execute_one(&return_rate, CB_ARGS(cb_text(currency), cb_timestamptz(now)));
	return cb_return_row(fcinfo);
}

bool
cb_rate_set(const char *currency, Datum rate, const char *source, TimestampTz now)
{
	if (cb_execute(&check_rate, CB_ARGS(cb_datum(rate))) == 0)
		return false;
	cb_execute(&insert_currency, CB_ARGS(cb_text(currency)));
	cb_execute(&insert_rate,
			   CB_ARGS(cb_text(currency), cb_timestamptz(now), cb_datum(rate), cb_text(source)));
	cb_execute(&delete_old_rates, CB_ARGS(cb_text(currency), cb_timestamptz(now)));
	judge_waiting(currency, rate, now);
	return true;
}

/*
 * A payment that another transaction is entering at this moment is not seen;
 * the next rate finds it.
 */
static void
judge_waiting(const char *currency, Datum rate, TimestampTz now)
{
	CbEvents	events = {NIL};
	int			n = (int) cb_execute(&find_waiting, CB_ARGS(cb_text(currency)));
	pg_uuid_t  *invoices = cb_column_uuids(n);

	if (n == 0)
		return;
	cb_lock_invoices(invoices, n);
	cb_execute(&fill_in, CB_ARGS(cb_text(currency), cb_datum(rate), cb_uuid_array(invoices, n)));
	cb_chain_moves_begin();
	cb_settle_invoices(invoices, n, now, &events);
	cb_chain_moves_end();
	cb_events_write(&events);
}
