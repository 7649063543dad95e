/*-------------------------------------------------------------------------
 *
 * cb_answer_check.h
 *	  Whether what a prover answers is what it was asked for.
 *
 * A prover is trusted with nothing: it sees what is to be spent and writes the
 * transactions that the merchant will sign.  So they must spend what they were
 * to spend and nothing else, pay what they were to pay, give back what is left
 * but for a fee within limits, be ready to be signed and broadcast at once, and
 * carry the very spell, proved.
 *
 * From version 10 on there is one transaction, unsigned.  Before, a commit
 * transaction spends the input that pays the fees, and the spell's transaction
 * spends its one output by the tapscript that reveals the spell: that input
 * alone is signed, by the prover.
 *
 * Nothing here asks whether what is spent is there to be spent.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_ANSWER_CHECK_H
#define CB_ANSWER_CHECK_H

#include "cb_spell_verify.h"

/* An output that is to be spent, as the transaction that made it has it. */
typedef struct CbAskedInput
{
	CbOutpoint	outpoint;
	CbTxOut		spent;
} CbAskedInput;

typedef struct CbAsked
{
	CbSpan		spell;			/* as cb_spell_build() writes it */
	bool		has_commit;		/* of a version before 10 */
	const CbAskedInput *inputs; /* in order; the last pays the fees */
	size_t		n_inputs;
	const CbTxOut *outputs;		/* in order, before what the prover adds */
	size_t		n_outputs;
	CbSpan		change_script;
	int64_t		fee_rate;		/* sats for 1000 vbytes */
	int64_t		max_fee;		/* of both transactions, in sats */
	int64_t		max_fee_rate;
	CbSpan		prover_script;	/* to which the prover may pay itself; or empty */
	int64_t		max_prover_fee;
	bool		takes_mock;		/* spells without a proof will do */
} CbAsked;

typedef struct CbAnswer
{
	const CbTx *commit;			/* where there is one */
	const CbTx *spell;
	CbWriter   *joined;			/* see cb_spell_read() */
} CbAnswer;

/* What an answer comes to; of one that is refused, as far as it was told. */
typedef struct CbAnswerCost
{
	int64_t		fee;			/* of both transactions, in sats */
	size_t		vsize;			/* of both, when signed; estimated */
	int64_t		prover_fee;
	int64_t		change;
} CbAnswerCost;

/*
 * NULL, or in words why the answer is refused.  The commit is there just where
 * it is asked for.
 */
extern const char *cb_answer_check(const CbAsked *asked, const CbAnswer *answer,
								   CbSpellVerifier *verifier, CbAnswerCost *cost);

#endif							/* CB_ANSWER_CHECK_H */
