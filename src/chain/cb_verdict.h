/*-------------------------------------------------------------------------
 *
 * cb_verdict.h
 *	  What a refusal from the outside world means for a job.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_VERDICT_H
#define CB_VERDICT_H

#include "postgres.h"

/* In order of weight: the heaviest of several decides. */
typedef enum CbVerdict
{
	CB_VERDICT_SUCCESS,			/* done, whoever did it */
	CB_VERDICT_LOOK,			/* our own chain knows whether it is done */
	CB_VERDICT_RETRY,			/* may go well another time */
	CB_VERDICT_FINAL			/* will never go well */
} CbVerdict;

/* code: the node's error code, 0 without one.  message: what it said, or NULL. */
extern CbVerdict cb_verdict(const char *job_kind, int32 code, const char *message);

#endif							/* CB_VERDICT_H */
