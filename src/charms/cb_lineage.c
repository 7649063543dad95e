/*-------------------------------------------------------------------------
 *
 * cb_lineage.c
 *	  What a transaction does to a plan's own NFT and tokens.
 *
 * First what comes in, then what the spell claims to go out, then what of that
 * is so.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_lineage.h"

#include "cb_nft_state.h"

#include <string.h>

/* What a transaction spends of a plan. */
typedef struct Income
{
	bool		is_birth;		/* spends the outpoint of the identity */
	bool		has_nft;		/* among all inputs */
	bool		nft_is_proved;	/* and among those that the proof is about */
	uint64_t	remaining;
	uint64_t	held;			/* tokens of all inputs */
	uint64_t	usable;			/* of those that count for the outputs */
} Income;

/* What a spell claims. */
typedef struct Claim
{
	uint32_t	n_nfts;
	uint32_t	nft_vout;		/* of the last */
	bool		has_remaining;
	uint64_t	remaining;
	uint64_t	amount;			/* of all token outputs, beamed out or not */
	bool		is_too_much;	/* that is more than 64 bits */
} Claim;

static uint64_t add_up_to_most(uint64_t a, uint64_t b);
static bool is_of_plan(const CbLineagePlan *plan, const CbApp *app, const char *tag);
static bool is_identity(const CbLineagePlan *plan, const CbOutpoint *outpoint);
static void take_in(const CbLineagePlan *plan, const CbTx *tx, const CbSpell *spell,
					const CbLineageInput *inputs, Income *income);
static void find_apps(const CbLineagePlan *plan, const CbSpell *spell, int64_t *nft, int64_t *token);
static void read_claim(const CbLineagePlan *plan, const CbSpell *spell, CbHolding *outputs, Claim *claim);
static uint64_t follow_nft(const Income *income, const Claim *claim, CbHolding *outputs, CbLineage *lineage);
static void follow_tokens(const Income *income, const Claim *claim,
						  CbHolding *outputs, uint32_t n_outputs, CbLineage *lineage);
static void beam_out(const CbSpell *spell, CbHolding *outputs, CbLineage *lineage);

/* Tracked amounts stem from one supply and stay below; this is for whoever errs. */
static uint64_t
add_up_to_most(uint64_t a, uint64_t b)
{
	return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

static bool
is_of_plan(const CbLineagePlan *plan, const CbApp *app, const char *tag)
{
	return strcmp(app->tag, tag) == 0 &&
		memcmp(app->identity, plan->identity, sizeof(plan->identity)) == 0 &&
		memcmp(app->vk, plan->vk, sizeof(plan->vk)) == 0;
}

static bool
is_identity(const CbLineagePlan *plan, const CbOutpoint *outpoint)
{
	uint8_t		identity[32];

	cb_app_identity(outpoint, identity);
	return memcmp(identity, plan->identity, sizeof(identity)) == 0;
}

/* Without a spell no input is in a proof. */
static void
take_in(const CbLineagePlan *plan, const CbTx *tx, const CbSpell *spell,
		const CbLineageInput *inputs, Income *income)
{
	CbTxInIter	it = cb_tx_inputs(tx);
	uint32_t	n_proved = spell != NULL ? cb_spell_committed_inputs(tx, spell) : 0;
	CbTxIn		in;

	memset(income, 0, sizeof(*income));
	for (uint32_t i = 0; cb_tx_next_input(&it, &in); i++)
	{
		const CbHolding *held = &inputs[i].held;
		uint64_t	amount = held->amount;

		if (is_identity(plan, &in.prevout))
			income->is_birth = true;
		if (held->has_nft)
		{
			income->has_nft = true;
			income->nft_is_proved = i < n_proved;
			income->remaining = held->remaining;
		}
		if (plan->takes_beamed_in)
			amount = add_up_to_most(amount, inputs[i].beamed_in);
		income->held = add_up_to_most(income->held, amount);
		if (i < n_proved)
			income->usable = add_up_to_most(income->usable, amount);
	}
}

/* Indexes of the plan's apps; -1 for those that the spell has not. */
static void
find_apps(const CbLineagePlan *plan, const CbSpell *spell, int64_t *nft, int64_t *token)
{
	CbAppIter	it = cb_spell_apps(spell);
	CbApp		app;
	CbSpan		input;

	*nft = *token = -1;
	for (int64_t i = 0; cb_spell_next_app(&it, &app, &input); i++)
	{
		if (is_of_plan(plan, &app, "n"))
			*nft = i;
		else if (is_of_plan(plan, &app, "t"))
			*token = i;
	}
}

/* Amounts are written to the outputs, as if they were so. */
static void
read_claim(const CbLineagePlan *plan, const CbSpell *spell, CbHolding *outputs, Claim *claim)
{
	static const CbApp token_app = {"t", {0}, {0}};
	CbCharmIter it = cb_spell_charms(spell);
	CbCharm		charm;
	int64_t		nft;
	int64_t		token;
	uint64_t	amount;

	memset(claim, 0, sizeof(*claim));
	find_apps(plan, spell, &nft, &token);
	while (cb_spell_next_charm(&it, &charm))
	{
		if (charm.app == nft)
		{
			claim->n_nfts++;
			claim->nft_vout = charm.vout;
			claim->has_remaining = cb_nft_remaining(charm.data, &claim->remaining);
		}
		else if (charm.app == token && cb_charm_amount(&token_app, &charm, &amount))
		{
			outputs[charm.vout].amount = amount;
			claim->is_too_much = claim->is_too_much || amount > UINT64_MAX - claim->amount;
			claim->amount = add_up_to_most(claim->amount, amount);
		}
	}
}

/*
 * Where the NFT is now; the answer is what it gave up.  One that ends, or whose
 * state no longer says what remains, takes that with it and gives up nothing.
 */
static uint64_t
follow_nft(const Income *income, const Claim *claim, CbHolding *outputs, CbLineage *lineage)
{
	bool		is_here = income->is_birth || income->has_nft;
	CbHolding  *output = &outputs[claim->nft_vout];

	lineage->nft = is_here ? CB_NFT_ENDED : CB_NFT_ELSEWHERE;
	if (!income->is_birth && !income->nft_is_proved)
	{
		if (claim->n_nfts > 0)
			lineage->counterfeit = "an NFT does not descend from the plan's own";
		return 0;
	}
	if (claim->n_nfts != 1)
	{
		if (claim->n_nfts > 1)
			lineage->counterfeit = "the plan's NFT comes out more than once";
		return 0;
	}
	lineage->nft_vout = claim->nft_vout;
	output->has_nft = true;
	output->remaining = claim->has_remaining ? claim->remaining : 0;
	lineage->nft = income->is_birth ? CB_NFT_BORN : CB_NFT_MOVED;
	if (income->is_birth)
		return 0;
	if (output->remaining > income->remaining)
	{
		lineage->counterfeit = "what remains to be minted is raised";
		output->remaining = income->remaining;
	}
	return claim->has_remaining ? income->remaining - output->remaining : 0;
}

static void
follow_tokens(const Income *income, const Claim *claim,
			  CbHolding *outputs, uint32_t n_outputs, CbLineage *lineage)
{
	lineage->destroyed = add_up_to_most(income->held, lineage->minted);
	if (!claim->is_too_much && claim->amount <= add_up_to_most(income->usable, lineage->minted))
	{
		lineage->destroyed -= claim->amount;
		return;
	}
	lineage->counterfeit = "token outputs exceed the inputs and what the NFT gave up";
	for (uint32_t i = 0; i < n_outputs; i++)
		outputs[i].amount = 0;
}

/* What is beamed out was rightly there: only now is it gone. */
static void
beam_out(const CbSpell *spell, CbHolding *outputs, CbLineage *lineage)
{
	CbReader	r = cb_reader(spell->beamed_outs.data, spell->beamed_outs.len);

	for (uint64_t left = cb_cbor_read_map(&r); left > 0; left--)
	{
		CbHolding  *output = &outputs[cb_cbor_read_uint(&r)];
		uint64_t	beamed = output->amount;

		cb_cbor_read_item(&r, CB_CBOR_WELL_FORMED);
		lineage->destroyed = add_up_to_most(lineage->destroyed, beamed);
		if (output->has_nft)
			lineage->nft = CB_NFT_ENDED;
		memset(output, 0, sizeof(*output));
		output->beamed = beamed;
	}
}

void
cb_lineage_follow(const CbLineagePlan *plan, const CbTx *tx, const CbSpell *spell,
				  const CbLineageInput *inputs, CbHolding *outputs, CbLineage *lineage)
{
	Income		income;
	Claim		claim = {0};

	memset(lineage, 0, sizeof(*lineage));
	memset(outputs, 0, tx->n_outputs * sizeof(*outputs));
	take_in(plan, tx, spell, inputs, &income);
	if (spell != NULL)
		read_claim(plan, spell, outputs, &claim);
	lineage->minted = follow_nft(&income, &claim, outputs, lineage);
	follow_tokens(&income, &claim, outputs, tx->n_outputs, lineage);
	if (spell != NULL)
		beam_out(spell, outputs, lineage);
}
