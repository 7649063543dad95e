/*-------------------------------------------------------------------------
 *
 * cb_call.c
 *	  The one door through which users' calls enter.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_auth.h"
#include "cb_call.h"
#include "cb_counter.h"
#include "cb_sql.h"
#include "cb_version.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "portability/instr_time.h"
#include "utils/lsyscache.h"

static Datum run_body(CbFunction *function, FunctionCallInfo fcinfo);
static Datum transfer_result(FunctionCallInfo fcinfo, Datum result);
static void check_row_type(TupleDesc declared, TupleDesc actual);

Datum
cb_call(CbFunction *function, FunctionCallInfo fcinfo)
{
	instr_time	started;
	Datum		result = (Datum) 0;

	INSTR_TIME_SET_CURRENT(started);
	PG_TRY();
	{
		result = run_body(function, fcinfo);
	}
	PG_CATCH();
	{
		cb_counter_add(&function->counter, function->name, started, true);
		PG_RE_THROW();
	}
	PG_END_TRY();
	cb_counter_add(&function->counter, function->name, started, false);
	return result;
}

static Datum
run_body(CbFunction *function, FunctionCallInfo fcinfo)
{
	Datum		result;

	if (function->access == CB_OPERATOR)
		cb_authorize_operator();
	else if (function->access == CB_MONITOR)
		cb_authorize_monitor();
	if (function->is_direct)
		return function->body(fcinfo);
	if (function->access == CB_OPERATOR || function->access == CB_MERCHANT)
		cb_require_version();
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	result = function->body(fcinfo);
	if (!fcinfo->isnull)
		result = transfer_result(fcinfo, result);
	SPI_finish();
	return result;
}

/*
 * Copy a result out of SPI's memory.  Functions that return sets have put
 * their rows into a tuplestore and return nothing.
 */
static Datum
transfer_result(FunctionCallInfo fcinfo, Datum result)
{
	Oid			type = get_func_rettype(fcinfo->flinfo->fn_oid);
	int16		length;
	bool		by_value;

	if (fcinfo->flinfo->fn_retset)
		return result;
	get_typlenbyval(type, &length, &by_value);
	return SPI_datumTransfer(result, by_value, length);
}

Datum
cb_return_row(FunctionCallInfo fcinfo)
{
	bool		isnull;
	Datum		row;

	if (SPI_processed != 1)
		elog(ERROR, "expected one row to return, got " UINT64_FORMAT, SPI_processed);
	row = cb_column(0, 1, &isnull);
	fcinfo->isnull = isnull;
	return row;
}

Datum
cb_return_rows(FunctionCallInfo fcinfo)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Oid			type = get_func_rettype(fcinfo->flinfo->fn_oid);

	/* type_is_rowtype() is true of record too. */
	InitMaterializedSRF(fcinfo, type_is_rowtype(type) ? 0 : MAT_SRF_USE_EXPECTED_DESC);
	check_row_type(rsinfo->setDesc, SPI_tuptable->tupdesc);
	for (uint64 row = 0; row < SPI_processed; row++)
		tuplestore_puttuple(rsinfo->setResult, SPI_tuptable->vals[row]);
	return (Datum) 0;
}

/* Nobody else compares the statement's columns with those declared in SQL. */
static void
check_row_type(TupleDesc declared, TupleDesc actual)
{
	bool		same = declared->natts == actual->natts;

	for (int i = 0; same && i < declared->natts; i++)
		same = TupleDescAttr(declared, i)->atttypid == TupleDescAttr(actual, i)->atttypid;
	if (!same)
		elog(ERROR, "statement gives other columns than the function declares");
}
