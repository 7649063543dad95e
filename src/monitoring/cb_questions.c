/*-------------------------------------------------------------------------
 *
 * cb_questions.c
 *	  The questions that operators ask every day, and merchants of their own.
 *
 * In every statement $1 is the list of merchants whose rows the caller may
 * see, NULL for all.  Time is charmbills.now(), so that the sandbox answers by
 * its own clock.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_auth.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_sql.h"

#define MAY_SEE "($1 IS NULL OR merchant_id = ANY ($1))"

CB_REPORT_STATEMENT(count_plans, "uuid[]",
			 "SELECT s.status, pg_catalog.count(p.id) "
			 "FROM pg_catalog.unnest(ARRAY['pending_signature', 'pending_confirmation', 'active', "
			 "                             'inactive', 'failed']) "
			 "     WITH ORDINALITY AS s (status, position) "
			 "LEFT JOIN charmbills.plans p ON p.status = s.status AND " MAY_SEE " "
			 "GROUP BY s.status, s.position ORDER BY s.position");

CB_REPORT_STATEMENT(count_subscriptions, "uuid[] timestamptz",
			 "WITH today AS (SELECT pg_catalog.date_trunc('day', $2) AS began) "
			 "SELECT pg_catalog.count(*) FILTER (WHERE created_at >= began), "
			 "       pg_catalog.count(*) FILTER (WHERE purchased_at >= began), "
			 "       pg_catalog.count(*) FILTER (WHERE canceled_at >= began), "
			 "       pg_catalog.count(*) FILTER (WHERE ended_at >= began AND ended_at <= $2) "
			 "FROM charmbills.subscription_facts, today WHERE " MAY_SEE);

CB_REPORT_STATEMENT(list_pending, "uuid[] timestamptz interval",
			 "SELECT id, type, merchant_id, plan_id, subscription_id, status, created_at, "
			 "       $2 - created_at AS age "
			 "FROM charmbills.transactions "
			 "WHERE status = 'pending' AND ($3 IS NULL OR created_at >= $2 - $3) AND " MAY_SEE " "
			 "ORDER BY created_at, id");

CB_REPORT_STATEMENT(list_failed, "uuid[] timestamptz interval",
			 "SELECT id, type, merchant_id, plan_id, subscription_id, status, created_at, "
			 "       $2 - created_at AS age, error_message "
			 "FROM charmbills.transactions "
			 "WHERE status = 'failed' AND ($3 IS NULL OR created_at >= $2 - $3) AND " MAY_SEE " "
			 "ORDER BY created_at, id");

CB_REPORT_STATEMENT(rank_merchants, "uuid[] int4",
			 "SELECT m.id, m.address, m.name, "
			 "       (SELECT pg_catalog.count(*) FROM charmbills.plans p WHERE p.merchant_id = m.id), "
			 "       COALESCE(s.subscriptions, 0), COALESCE(r.sats, 0) "
			 "FROM charmbills.merchants m "
			 "LEFT JOIN (SELECT merchant_id, pg_catalog.count(*) AS subscriptions "
			 "           FROM charmbills.subscriptions WHERE status = 'active' AND " MAY_SEE " "
			 "           GROUP BY merchant_id) s ON s.merchant_id = m.id "
			 "LEFT JOIN (SELECT merchant_id, pg_catalog.sum(amount_sats) AS sats "
			 "           FROM charmbills.payments WHERE status = 'confirmed' AND " MAY_SEE " "
			 "           GROUP BY merchant_id) r ON r.merchant_id = m.id "
			 "WHERE $1 IS NULL OR m.id = ANY ($1) "
			 "ORDER BY 6 DESC, 5 DESC, 4 DESC, m.id LIMIT $2");

CB_REPORT_STATEMENT(average_confirmation, "uuid[] timestamptz interval",
			 "SELECT pg_catalog.round(pg_catalog.avg(EXTRACT(epoch FROM confirmed_at - created_at)) / 60, 2) "
			 "FROM charmbills.transactions "
			 "WHERE status = 'confirmed' AND ($3 IS NULL OR confirmed_at >= $2 - $3) AND " MAY_SEE);

/* charmbills.plans_by_status() -> setof (status text, plans bigint) */
CB_FUNCTION(plans_by_status, CB_MERCHANT)
{
	cb_execute(&count_plans, CB_ARGS(cb_counted_merchants()));
	return cb_return_rows(fcinfo);
}

/*
 * charmbills.subscriptions_today()
 *		-> setof (new bigint, activated bigint, canceled bigint, ended bigint)
 *
 * Today began at midnight in the session's time zone.
 */
CB_FUNCTION(subscriptions_today, CB_MERCHANT)
{
	cb_execute_one(&count_subscriptions,
				   CB_ARGS(cb_counted_merchants(), cb_timestamptz(cb_now())));
	return cb_return_rows(fcinfo);
}

/*
 * charmbills.pending_transactions(since interval)
 *		-> setof (id, type, merchant_id, plan_id, subscription_id, status,
 *				  created_at, age)
 */
CB_FUNCTION(pending_transactions, CB_MERCHANT)
{
	cb_execute(&list_pending,
			   CB_ARGS(cb_counted_merchants(), cb_timestamptz(cb_now()), cb_arg(fcinfo, 0)));
	return cb_return_rows(fcinfo);
}

/* charmbills.failed_transactions(since interval): the same and error_message */
CB_FUNCTION(failed_transactions, CB_MERCHANT)
{
	cb_execute(&list_failed,
			   CB_ARGS(cb_counted_merchants(), cb_timestamptz(cb_now()), cb_arg(fcinfo, 0)));
	return cb_return_rows(fcinfo);
}

/*
 * charmbills.top_merchants(max_rows integer)
 *		-> setof (merchant_id, address, name, plans, active_subscriptions,
 *				  received_sats)
 */
CB_FUNCTION(top_merchants, CB_MERCHANT)
{
	if (!PG_ARGISNULL(0) && PG_GETARG_INT32(0) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("max_rows must not be negative")));
	cb_execute(&rank_merchants, CB_ARGS(cb_counted_merchants(), cb_arg(fcinfo, 0)));
	return cb_return_rows(fcinfo);
}

/* charmbills.average_confirmation_minutes(since interval) -> numeric */
CB_FUNCTION(average_confirmation_minutes, CB_MERCHANT)
{
	bool		isnull;
	Datum		minutes;

	cb_execute_one(&average_confirmation,
				   CB_ARGS(cb_counted_merchants(), cb_timestamptz(cb_now()), cb_arg(fcinfo, 0)));
	minutes = cb_column(0, 1, &isnull);
	if (isnull)
		PG_RETURN_NULL();
	return minutes;
}
