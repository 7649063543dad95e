/*-------------------------------------------------------------------------
 *
 * cb_billing_batches.c
 *	  All that is due, in batches with a commit after each.
 *
 * A procedure, because a function cannot commit; with its caller's rights,
 * because neither can one that runs as its owner.  What it may do is decided
 * by run_billing(), which does the work.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_sql.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/backend_status.h"

PG_FUNCTION_INFO_V1(charmbills_run_billing_all);

CB_STATEMENT(run_batch, "int4", "SELECT charmbills.run_billing(max_rows => $1)");

static void require_commits(FunctionCallInfo fcinfo);
static int64 run_one_batch(NullableDatum max_rows);
static void show_progress(int64 total);

/*
 * charmbills.run_billing_all(max_rows integer)
 *
 * What was committed stays, however this ends.  A batch that does nothing is
 * the last one: what is due still is in other hands.
 */
Datum
charmbills_run_billing_all(PG_FUNCTION_ARGS)
{
	NullableDatum max_rows = cb_arg(fcinfo, 0);
	int64		total = 0;
	int64		rows;

	require_commits(fcinfo);
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	while ((rows = run_one_batch(max_rows)) > 0)
	{
		SPI_commit();
		total += rows;
		show_progress(total);
		CHECK_FOR_INTERRUPTS();
	}
	SPI_finish();
	PG_RETURN_VOID();
}

/* Before any work, in place of the error that the first commit would be. */
static void
require_commits(FunctionCallInfo fcinfo)
{
	if (fcinfo->context != NULL && IsA(fcinfo->context, CallContext) &&
		!castNode(CallContext, fcinfo->context)->atomic)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
			 errmsg("invalid transaction termination"),
			 errdetail("charmbills.run_billing_all() commits after each batch."),
			 errhint("CALL it outside of a transaction block, or use charmbills.run_billing() inside.")));
}

static int64
run_one_batch(NullableDatum max_rows)
{
	int64		rows;

	cb_execute_one(&run_batch, &max_rows);
	rows = cb_column_int4(0, 1);
	SPI_freetuptable(SPI_tuptable);
	return rows;
}

/* To the caller, and to those who look at pg_stat_activity. */
static void
show_progress(int64 total)
{
	char	   *activity = psprintf("CALL charmbills.run_billing_all() /* " INT64_FORMAT " rows so far */", total);

	pgstat_report_activity(STATE_RUNNING, activity);
	pfree(activity);
	ereport(INFO,
			(errmsg_plural("billing: " INT64_FORMAT " row so far",
						   "billing: " INT64_FORMAT " rows so far", total, total)));
}
