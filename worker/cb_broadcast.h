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

/* The outcome of a job that the node could not be asked about. */
extern const char *cb_outcome_unreachable(const char *message);

#endif							/* CB_BROADCAST_H */
