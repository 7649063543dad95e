/*-------------------------------------------------------------------------
 *
 * cb_charm_hits.h
 *	  Outputs to watched scripts that are no payments.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CHARM_HITS_H
#define CB_CHARM_HITS_H

#include "postgres.h"

#include "chain/cb_match.h"
#include "chain/cb_tx_spell.h"

/*
 * Drop the hits on outputs that hold charms of a plan, and on those that a
 * prover was asked for: charms and change of a merchant's own.  What a spell
 * says is enough while its transaction is in the mempool; in a block it must be
 * accepted.
 */
extern void cb_charm_drop_hits(const CbBlockTx *txs, const CbTxSpells *spells, bool in_block,
							   CbMatches *matches);

#endif							/* CB_CHARM_HITS_H */
