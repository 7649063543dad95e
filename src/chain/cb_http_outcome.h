/*-------------------------------------------------------------------------
 *
 * cb_http_outcome.h
 *	  What the worker says of a job that was one HTTP request.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_HTTP_OUTCOME_H
#define CB_HTTP_OUTCOME_H

#include "postgres.h"

typedef struct CbHttpOutcome
{
	bool		is_done;		/* there was nothing to send; all below is unset */
	int32		status;			/* 0: there was no answer */
	char	   *error;			/* why there was none, not at length */
	char	   *body;			/* NULL: too long, or no text */
	bool		has_pause;		/* the server asks for one */
	int32		pause;			/* s, a day at most */
	NullableDatum duration_ms;	/* int4 */
} CbHttpOutcome;

/* CB011 for what no worker says. */
extern void cb_http_outcome_read(NullableDatum report, CbHttpOutcome *outcome);

#endif							/* CB_HTTP_OUTCOME_H */
