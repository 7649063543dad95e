/*-------------------------------------------------------------------------
 *
 * cb_charmed.h
 *	  Coins that carry charms: spending one as if it were mere sats destroys
 *	  what it carries.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CHARMED_H
#define CB_CHARMED_H

#include "postgres.h"

#include "bitcoin/cb_block.h"

/*
 * CB019, naming it, if one of these coins carries charms as far as is known:
 * those of a plan that is followed, or any that the spell of a known transaction
 * puts there.  Such a spell is read, not verified: what might carry charms is kept.
 */
extern void cb_refuse_charmed(const CbOutpoint *outpoints, int n);

/* The same for what a transaction spends, unless it carries a spell itself. */
extern void cb_refuse_destroying(const CbBlockTx *tx);

#endif							/* CB_CHARMED_H */
