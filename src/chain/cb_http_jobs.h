/*-------------------------------------------------------------------------
 *
 * cb_http_jobs.h
 *	  Jobs that are one HTTP request, as the worker takes them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_HTTP_JOBS_H
#define CB_HTTP_JOBS_H

#include "postgres.h"

#include "fmgr.h"

/* When the next HTTP job can be claimed, as timestamptz; NULL when none waits. */
extern NullableDatum cb_http_jobs_next(void);

/* The arguments that all functions which claim jobs take: CB011 for bad ones. */
extern void cb_check_claim(FunctionCallInfo fcinfo);

#endif							/* CB_HTTP_JOBS_H */
