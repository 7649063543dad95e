/*-------------------------------------------------------------------------
 *
 * cb_tx_spell.h
 *	  The spells that the transactions of a block, or of a mempool, carry.
 *
 * Finding them costs a look at each transaction's outputs and last witness.
 * Proofs are checked only where somebody asks, each once.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_TX_SPELL_H
#define CB_TX_SPELL_H

#include "postgres.h"

#include "bitcoin/cb_block.h"
#include "charms/cb_spell_verify.h"

/* A spell's verdict; the reason is NULL for a valid one only. */
typedef struct CbJudgement
{
	CbVerdict	verdict;
	const char *reason;
} CbJudgement;

typedef struct CbTxSpell
{
	int			tx;				/* index into the transactions */
	CbSpell		spell;			/* in whatever state, but not CB_SPELL_NONE */
	bool		is_judged;
	CbJudgement judgement;
} CbTxSpell;

/* By transaction, in their order. */
typedef struct CbTxSpells
{
	CbTxSpell  *spells;
	int			n;
} CbTxSpells;

/* Coinbases are not looked at: they spend nothing that anybody held. */
extern void cb_tx_spells_find(const CbBlockTx *txs, int n, CbTxSpells *found);
/* The spell of a transaction; NULL where it carries none. */
extern CbTxSpell *cb_tx_spell_of(const CbTxSpells *spells, int tx);

/* Read the spell of one transaction, in memory of its own. */
extern void cb_tx_spell_read(const CbTx *tx, CbSpell *spell);

/* Check the proof, unless that was done. */
extern const CbJudgement *cb_tx_spell_judge(const CbBlockTx *txs, CbTxSpell *spell);

/* Whether a spell of this verdict counts. */
extern bool cb_verdict_is_accepted(CbVerdict verdict);

#endif							/* CB_TX_SPELL_H */
