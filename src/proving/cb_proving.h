/*-------------------------------------------------------------------------
 *
 * cb_proving.h
 *	  Asking for spells, as the other layers see it.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_PROVING_H
#define CB_PROVING_H

#include "postgres.h"

#include "utils/uuid.h"

/*
 * The job that gathers previous transactions, and the one that has a spell
 * proved; called when the library is loaded.
 */
extern void cb_gather_register(void);
extern void cb_prover_register(void);

/*
 * The chain has moved, and with it the charms of these plans: what was to spend
 * charms that are gone fails, and whatever waits for an NFT that is free now
 * begins.  Costs a look at an index while nothing waits.
 */
extern void cb_proving_follow(const pg_uuid_t *plan_ids, int n);

/* Transactions were given up: the same.  Gives how many requests that ends. */
extern int64 cb_proving_catch_up(void);

#endif							/* CB_PROVING_H */
