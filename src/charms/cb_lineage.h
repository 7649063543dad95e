/*-------------------------------------------------------------------------
 *
 * cb_lineage.h
 *	  What a transaction does to a plan's own NFT and tokens.
 *
 * A valid proof says that an app's contract was content, and a contract may be
 * content with a second NFT, or with a supply that rises.  So a plan is
 * followed from the outpoint that its identity is of, spend by spend: only what
 * descends from there is the plan's.
 *
 *	- The NFT is born in the transaction that spends that outpoint, as the one
 *	  output with a charm of its app: tag, identity and key.
 *	- It goes on where a transaction that spends it has it as one output again.
 *	  Where there is none, or more than one, it ends.
 *	- What remains to be minted never rises: a greater number is not believed.
 *	- Token outputs count only up to the tokens of the inputs and what the NFT,
 *	  if it is among the inputs and goes on, gave up of what remained.  Where
 *	  they exceed that, none counts.
 *	- Outputs that are beamed out hold nothing, and what they would have held is
 *	  gone.  What was beamed in counts only where the plan says so.
 *	- Inputs that the proof is not about give nothing.
 *	- A spend without a valid spell destroys.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_LINEAGE_H
#define CB_LINEAGE_H

#include "cb_spell.h"

/* NFT n/identity/vk, token t/identity/vk. */
typedef struct CbLineagePlan
{
	uint8_t		identity[32];
	uint8_t		vk[32];
	bool		takes_beamed_in;
} CbLineagePlan;

/* What is known to be on an outpoint of one plan. */
typedef struct CbHolding
{
	bool		has_nft;		/* one outpoint at most has it */
	uint64_t	remaining;		/* of the NFT */
	uint64_t	amount;			/* of tokens */
	uint64_t	beamed;			/* of tokens that an output would hold, had they
								 * not been beamed out; an input has none */
} CbHolding;

typedef struct CbLineageInput
{
	CbHolding	held;
	uint64_t	beamed_in;		/* tokens that were beamed out to this outpoint */
} CbLineageInput;

typedef enum CbNftFate
{
	CB_NFT_ELSEWHERE,			/* the transaction has nothing to do with it */
	CB_NFT_BORN,
	CB_NFT_MOVED,
	CB_NFT_ENDED				/* it was spent, or could have been born, and is
								 * nowhere now */
} CbNftFate;

typedef struct CbLineage
{
	CbNftFate	nft;
	uint32_t	nft_vout;		/* of one that was born or moved */
	uint64_t	minted;			/* what the NFT gave up of what remained */
	uint64_t	destroyed;		/* tokens of the inputs, and what the NFT gave up,
								 * that no output holds: burnt, beamed out, or in
								 * a spell that claims too many */
	const char *counterfeit;	/* what the spell claims and the lineage does not
								 * support; NULL for nothing */
} CbLineage;

/*
 * Follow a plan through a transaction.  The spell is NULL where there is none
 * that is valid; for one of an unsupported version nothing can be said, and
 * this is not to be called.
 *
 * There is an element of inputs for every input of the transaction, and one of
 * outputs, which are written, for every output.
 */
extern void cb_lineage_follow(const CbLineagePlan *plan, const CbTx *tx, const CbSpell *spell,
							  const CbLineageInput *inputs, CbHolding *outputs, CbLineage *lineage);

#endif							/* CB_LINEAGE_H */
