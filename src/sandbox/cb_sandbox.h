/*-------------------------------------------------------------------------
 *
 * cb_sandbox.h
 *	  The chain inside the database, as the other layers see it.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SANDBOX_H
#define CB_SANDBOX_H

#include "postgres.h"

#include "bitcoin/cb_tx.h"

/*
 * Broadcast transactions, parents first: they enter the sandbox's mempool and
 * are offered to the chain layer, so the cursor's lock is taken.  One that is
 * there or mined already is left alone; CB009 when a block has spent what one
 * of them spends.  SPI must be connected.
 */
extern void cb_sandbox_broadcast(const CbSpan *txs, int n);

/*
 * The transaction that has an output, mined or not, which nothing has spent;
 * empty where there is none.
 */
extern CbSpan cb_sandbox_unspent(const CbOutpoint *outpoint);

/* Let broadcasts in the sandbox execute at once; called when the library is loaded. */
extern void cb_sandbox_register(void);

#endif							/* CB_SANDBOX_H */
