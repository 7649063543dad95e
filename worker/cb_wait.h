/*-------------------------------------------------------------------------
 *
 * cb_wait.h
 *	  Hearing of a new block as soon as the node has one.
 *
 * Nodes have few threads for requests, so that of all workers of the cluster
 * that use one node a single one keeps a long-poll open: the holder of a lock
 * named after the node.  It wakes the others.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_WAIT_H
#define CB_WAIT_H

#include "postgres.h"

#include "cb_chain_calls.h"

/* Settings have changed: begin afresh. */
extern void cb_wait_reset(void);

/* The node may have changed: try again what it lacked or failed at. */
extern void cb_wait_retry(void);

/* Ask to be told of a tip other than this one, unless asked already. */
extern void cb_wait_begin(const CbBlockId *tip);

/* True when the node told of another tip, or failed to: look at it. */
extern bool cb_wait_heard(void);

#endif							/* CB_WAIT_H */
