/*-------------------------------------------------------------------------
 *
 * cb_sandbox_clock.c
 *	  SQL function sandbox_advance_clock(): time at the caller's command.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_run_billing.h"
#include "cb_args.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_sandbox_internal.h"
#include "cb_shared.h"
#include "cb_sql.h"
#include "chain/cb_chain.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define MAX_RUNS 4

CB_STATEMENT(write_clock, "timestamptz",
			 "UPDATE charmbills.chain_state SET test_clock = $1");
/* least() passes over nulls. */
CB_STATEMENT(read_next_stop, "timestamptz timestamptz",
			 "SELECT least($2, "
			 "(SELECT pg_catalog.min(next_boundary) FROM charmbills.subscription_facts "
			 " WHERE next_boundary > $1), "
			 "(SELECT pg_catalog.min(greatest(next_invoice_at, held_until)) FROM charmbills.subscription_facts "
			 " WHERE greatest(next_invoice_at, held_until) > $1 AND next_invoice_at IS NOT NULL), "
			 "(SELECT pg_catalog.min(token_check_at) FROM charmbills.subscription_facts "
			 " WHERE token_check_at > $1), "
			 "(SELECT pg_catalog.min(next_action_at) FROM charmbills.invoices "
			 " WHERE status IN ('open', 'expired') AND next_action_at > $1), "
			 "(SELECT pg_catalog.min(expires_at) FROM charmbills.invoices "
			 " WHERE status = 'open' AND expires_at > $1))");

static void check_target(TimestampTz clock, TimestampTz target);
static void run_at(TimestampTz clock);
static TimestampTz next_stop(TimestampTz clock, TimestampTz target);

/* charmbills.sandbox_advance_clock(step) -> timestamptz */
CB_FUNCTION(sandbox_advance_clock, CB_OPERATOR)
{
	CbSandboxTip tip;
	TimestampTz clock;
	TimestampTz target;

	cb_sandbox_enter(&tip);
	cb_require_args(fcinfo, 1);
	clock = cb_now();
	target = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
													 TimestampTzGetDatum(clock),
													 PG_GETARG_DATUM(0)));
	check_target(clock, target);

	/* What is due already may bring about more on the way. */
	run_at(clock);
	while (clock < target)
	{
		CHECK_FOR_INTERRUPTS();
		clock = next_stop(clock, target);
		run_at(clock);
	}
	cb_sandbox_let_time_pass(&tip);
	/* What the worker waits for may be due by now. */
	cb_wake_on_commit();
	cb_sandbox_leave(&tip);
	PG_RETURN_TIMESTAMPTZ(clock);
}

/* Forward only, and no further than a block's time can say. */
static void
check_target(TimestampTz clock, TimestampTz target)
{
	if (target <= clock)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("step must be positive"),
				 errdetail("The sandbox's clock only moves forward.")));
	if (target > time_t_to_timestamptz((pg_time_t) PG_UINT32_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("step is too large"),
				 errdetail("A block's time ends in the year 2106.")));
}

/*
 * In a connection of its own, so that its memory is free afterwards.  What is
 * done may make something else due.
 */
static void
run_at(TimestampTz clock)
{
	SPI_connect();
	cb_execute(&write_clock, CB_ARGS(cb_timestamptz(clock)));
	cb_chain_followed_until(clock);
	for (int i = 0; i < MAX_RUNS && cb_run_billing(clock, PG_INT64_MAX) > 0; i++)
		;
	SPI_finish();
}

static TimestampTz
next_stop(TimestampTz clock, TimestampTz target)
{
	cb_execute_one(&read_next_stop, CB_ARGS(cb_timestamptz(clock), cb_timestamptz(target)));
	return cb_column_timestamptz(0, 1);
}
