/*-------------------------------------------------------------------------
 *
 * cb_broadcast.h
 *	  Handing transactions to the node, and its word on each.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_BROADCAST_H
#define CB_BROADCAST_H

#include "postgres.h"

/*
 * request: {"txs":[{"txid":..,"hex":..}]} in the order of their dependence.
 * Gives the outcome for report_job(); raises an error only for a request that
 * is not one.
 */
extern const char *cb_broadcast(const char *request);

/*
 * The outcome of a job that came to nothing.  uncharged: not by its own fault,
 * as when the node could not be asked.
 */
extern const char *cb_outcome_failed(const char *message, bool uncharged);

#endif							/* CB_BROADCAST_H */
