/*-------------------------------------------------------------------------
 *
 * cb_spell_build.h
 *	  Building the spells that plans and subscriptions need, for a prover to
 *	  prove: an NFT minted, tokens minted by it, tokens sent.
 *
 * What is built is the normalized spell as payloads have it, without proof.
 * Nothing is built that mints or loses by accident what the inputs hold.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SPELL_BUILD_H
#define CB_SPELL_BUILD_H

#include "cb_spell.h"

/* More inputs, or outputs, than a prover is asked for. */
#define CB_DRAFT_MAX_COINS 256
/* In bytes; everyone who stores the chain stores it. */
#define CB_DRAFT_MAX_STATE 4096

/* The two versions that provers take. */
#define CB_DRAFT_OLD_VERSION 8
#define CB_DRAFT_VERSION 15

typedef enum CbSpellAction
{
	CB_SPELL_MINT_NFT,			/* from the outpoint that its identity is of */
	CB_SPELL_MINT_TOKEN,		/* by the NFT, which has so many fewer to mint */
	CB_SPELL_SEND				/* tokens, from the inputs to the outputs */
} CbSpellAction;

typedef struct CbDraftCharm
{
	uint32_t	app;			/* index */
	uint64_t	amount;			/* of a token; of an NFT 0 */
	CbSpan		state;			/* of an NFT, see cb_nft_state.h; of a token empty */
} CbDraftCharm;

/* Charms in the order of their apps. */
typedef struct CbDraftCoin
{
	CbOutpoint	outpoint;		/* of an input; what an output's will be is unknown */
	const CbDraftCharm *charms;
	size_t		n_charms;
} CbDraftCoin;

/*
 * The inputs are those that the spell is about.  From version 10 on they are
 * all that the transaction will have, so that the one which pays the fees must
 * be among them, and is the last by convention.  Before, the prover adds one
 * behind them, which spends the commit transaction.  Outputs it adds behind
 * these outputs.
 */
typedef struct CbSpellDraft
{
	CbSpellAction action;
	uint32_t	version;
	const CbApp *apps;			/* in order, see cb_app_compare() */
	size_t		n_apps;
	const CbDraftCoin *inputs;
	size_t		n_inputs;
	const CbDraftCoin *outputs;
	size_t		n_outputs;
} CbSpellDraft;

/*
 * Append the spell.  NULL, or in words why there is none; the writer is then as
 * it was.
 */
extern const char *cb_spell_build(const CbSpellDraft *draft, CbWriter *out);

#endif							/* CB_SPELL_BUILD_H */
