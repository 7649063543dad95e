/*-------------------------------------------------------------------------
 *
 * cb_own_tx.h
 *	  Transactions of ours, and what the chain shows of them.
 *
 * The final transaction of a row is its spell or, without one, its commit:
 * its block is the row's block, its depth decides.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_OWN_TX_H
#define CB_OWN_TX_H

#include "postgres.h"

#include "chain/cb_change.h"

/*
 * Recompute the rows of transactions that a change touches: those whose
 * transactions moved, those that reach their depth or lose it, and those whose
 * inputs did either.  Tells the listener of each whose status moves.
 */
extern void cb_own_tx_update(const CbChange *change, CbEvents *events);

/* The same for one row, which must be locked or new, and its plan. */
extern void cb_own_tx_refresh(const pg_uuid_t *id, int32 tip, TimestampTz now, CbEvents *events);

/*
 * Lock the plan of a row that is locked or new.  That comes before anything is
 * reserved or given back: what has become of the row may move the plan.
 */
extern void cb_own_tx_lock_plan(const pg_uuid_t *id);

#endif							/* CB_OWN_TX_H */
