/*-------------------------------------------------------------------------
 *
 * cb_call.h
 *	  The one door through which users' calls enter.
 *
 * CB_FUNCTION(name, access) defines the C function behind charmbills.name().
 * Its body runs with SPI connected and in SPI's memory context; what it
 * returns is copied to the caller's.  The door checks who may come in at all,
 * refuses what may write while the SQL objects are of another version, counts
 * and times the call, and opens no subtransaction.
 *
 * CB_DIRECT_FUNCTION is for a body that executes no SQL: it runs without SPI,
 * which costs more than what such a body does, and in the caller's memory.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CALL_H
#define CB_CALL_H

#include "postgres.h"

#include "fmgr.h"

typedef enum CbAccess
{
	CB_ANYONE,					/* gives nothing away */
	CB_MONITOR,					/* state of the whole database: operators and monitors */
	CB_OPERATOR,				/* whole database: operators only */
	CB_MERCHANT					/* rows of a merchant: the body authorises it */
} CbAccess;

/* One for each function; a list of them is what metrics count. */
typedef struct CbFunction
{
	const char *name;
	CbAccess	access;
	bool		is_direct;		/* executes no SQL */
	PGFunction	body;
	int			counter;		/* index of its counter, or -1 before first use */
} CbFunction;

extern Datum cb_call(CbFunction *function, FunctionCallInfo fcinfo);

#define CB_FUNCTION(name_, access_) \
	CB_DEFINE_FUNCTION(name_, access_, false)
#define CB_DIRECT_FUNCTION(name_, access_) \
	CB_DEFINE_FUNCTION(name_, access_, true)

#define CB_DEFINE_FUNCTION(name_, access_, is_direct_) \
	static Datum name_##_body(PG_FUNCTION_ARGS); \
	PG_FUNCTION_INFO_V1(charmbills_##name_); \
	Datum \
	charmbills_##name_(PG_FUNCTION_ARGS) \
	{ \
		static CbFunction function = {#name_, access_, is_direct_, name_##_body, -1}; \
		return cb_call(&function, fcinfo); \
	} \
	static Datum \
	name_##_body(PG_FUNCTION_ARGS)

/*
 * Return the single column of the single row of the last statement, such as a
 * whole row of a table.
 */
extern Datum cb_return_row(FunctionCallInfo fcinfo);

/* Return all rows of the last statement from a function that returns a set. */
extern Datum cb_return_rows(FunctionCallInfo fcinfo);

#endif							/* CB_CALL_H */
