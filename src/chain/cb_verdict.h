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

#include "bitcoin/cb_tx.h"

/* In order of weight: the heaviest of several decides. */
typedef enum CbVerdict
{
	CB_VERDICT_SUCCESS,			/* done, whoever did it */
	CB_VERDICT_LOOK,			/* our own chain knows whether it is done */
	CB_VERDICT_RETRY,			/* may go well another time */
	CB_VERDICT_FINAL,			/* will never go well */
	CB_VERDICT_NOT_RELAYED		/* not by this node, as it is set up */
} CbVerdict;

/* code: the node's error code, 0 without one.  message: what it said, or NULL. */
extern CbVerdict cb_verdict(const char *job_kind, int32 code, const char *message);

/* What to do about a verdict on a transaction; NULL where nothing is known. */
extern const char *cb_verdict_advice(CbVerdict verdict, const CbTx *tx);

#endif							/* CB_VERDICT_H */
