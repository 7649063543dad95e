/*-------------------------------------------------------------------------
 *
 * cb_node_verdict.h
 *	  What a node's refusal means for a job.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_NODE_VERDICT_H
#define CB_NODE_VERDICT_H

#include "postgres.h"

#include "bitcoin/cb_tx.h"

/* In order of weight: the heaviest of several decides. */
typedef enum CbNodeVerdict
{
	CB_NODE_SUCCESS,			/* done, whoever did it */
	CB_NODE_LOOK,				/* our own chain knows whether it is done */
	CB_NODE_RETRY,				/* may go well another time */
	CB_NODE_FINAL,				/* will never go well */
	CB_NODE_NOT_RELAYED		/* not by this node, as it is set up */
} CbNodeVerdict;

/* code: the node's error code, 0 without one.  message: what it said, or NULL. */
extern CbNodeVerdict cb_node_verdict(const char *job_kind, int32 code, const char *message);

/* What to do about a verdict on a transaction; NULL where nothing is known. */
extern const char *cb_node_advice(CbNodeVerdict verdict, const CbTx *tx);

#endif							/* CB_NODE_VERDICT_H */
