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

/*
 * The job that gathers previous transactions, and the one that has a spell
 * proved; called when the library is loaded.
 */
extern void cb_gather_register(void);
extern void cb_prover_register(void);

/*
 * Something has moved: begin whatever waits for a plan's NFT that is free now.
 * Costs a look at an index while nothing waits.
 */
extern void cb_proving_follow(void);

/* The same, after transactions were given up; gives how many requests that ends. */
extern int64 cb_proving_catch_up(void);

#endif							/* CB_PROVING_H */
