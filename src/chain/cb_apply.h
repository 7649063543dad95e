/*-------------------------------------------------------------------------
 *
 * cb_apply.h
 *	  A parsed block, for the files of the chain layer.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_APPLY_H
#define CB_APPLY_H

#include "postgres.h"

#include "bitcoin/cb_block.h"
#include "chain/cb_chain_state.h"
#include "chain/cb_change.h"
#include "chain/cb_tx_spell.h"

typedef struct CbParsedBlock
{
	CbBlock		block;
	CbBlockTx  *txs;
	uint32		n_txs;
	char		hash[CB_HASH_TEXT_SIZE];
	char		prev[CB_HASH_TEXT_SIZE];
	CbTxSpells	spells;			/* none until cb_charm_prepare() finds them */
} CbParsedBlock;

/*
 * Parse a block and check all that it shows by itself, proof of work
 * included.  Raises CB002 or CB007.  raw must outlive the result.
 */
extern void cb_parse_block(CbSpan raw, CbParsedBlock *parsed);

/*
 * Record the facts of a block of our chain: all in it that matters and is not
 * known yet.  The block's bytes must outlive the change.  Gives how many of its
 * transactions matter.
 */
extern int	cb_record_block(CbChange *change, CbParsedBlock *block, const CbBlockPlace *place, int32 tip);

#endif							/* CB_APPLY_H */
