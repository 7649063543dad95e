/*-------------------------------------------------------------------------
 *
 * cb_args.h
 *	  Arguments of the SQL functions.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_ARGS_H
#define CB_ARGS_H

#include "postgres.h"

#include "fmgr.h"

#include "bitcoin/cb_bytes.h"

/* CB011 unless the first n arguments are all given. */
extern void cb_require_args(FunctionCallInfo fcinfo, int n);

/* The bytes of a bytea, detoasted; they live in the current memory context. */
extern CbSpan cb_bytea_span(Datum value);

#endif							/* CB_ARGS_H */
