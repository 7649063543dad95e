/*-------------------------------------------------------------------------
 *
 * cb_args.c
 *	  Arguments of the SQL functions.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_args.h"
#include "cb_compat.h"
#include "cb_errors.h"
#include "funcapi.h"
#include "utils/syscache.h"

static const char *argument_name(Oid function, int argno);

void
cb_require_args(FunctionCallInfo fcinfo, int n)
{
	for (int i = 0; i < n; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_CB_INVALID_ARGUMENT),
					 errmsg("argument \"%s\" must not be null",
							argument_name(fcinfo->flinfo->fn_oid, i))));
}

static const char *
argument_name(Oid function, int argno)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid		   *types;
	char	  **names = NULL;
	char	   *modes;
	const char *name = "?";

	if (!HeapTupleIsValid(tuple))
		return name;
	if (argno < get_func_arg_info(tuple, &types, &names, &modes) && names != NULL)
		name = names[argno];
	ReleaseSysCache(tuple);
	return name;
}

CbSpan
cb_bytea_span(Datum value)
{
	bytea	   *bytes = DatumGetByteaPP(value);
	CbSpan		span;

	span.data = (const uint8 *) VARDATA_ANY(bytes);
	span.len = VARSIZE_ANY_EXHDR(bytes);
	return span;
}
