/*-------------------------------------------------------------------------
 *
 * cb_prove_build.c
 *	  The spell that a request is for, from what its inputs hold.
 *
 * What an input holds is what the spell of its transaction says, for that is
 * what the prover reads.  A charm that is none of the plan's is in the way: a
 * spell that does not name its app would destroy it.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "chain/cb_tx_spell.h"
#include "charms/cb_nft_state.h"
#include "proving/cb_prove_internal.h"

/* Outputs of a few bytes each, and two states at most. */
#define SPELL_SIZE (4 * CB_DRAFT_MAX_STATE + CB_DRAFT_MAX_COINS * 64)

/* The apps are the plan's NFT, its token, or both in this order. */
#define MAX_APPS 2

typedef struct Build
{
	const CbProveRequest *request;
	CbApp		apps[MAX_APPS];
	uint32		n_apps;
	CbDraftCoin *inputs;
	CbDraftCoin *outputs;
	CbSpan		nft;			/* state of the inputs' NFT; empty without one */
	uint64		tokens_in;
} Build;

static void set_apps(Build *build);
static void add_app(Build *build, const char *tag);
static const char *read_input(Build *build, int i);
static const char *read_charms(Build *build, int i, const CbSpell *spell);
static const char *add_charm(Build *build, const CbSpell *spell, const CbCharm *charm, CbDraftCoin *coin);
static const char *fill_outputs(Build *build);
static const char *nft_output(Build *build, uint64 wanted, CbDraftCoin *coin);
static const char *nft_state(const Build *build, uint64 wanted, CbSpan *state);
static void put_charm(CbDraftCoin *coin, CbDraftCharm charm);

const char *
cb_prove_build(const CbProveRequest *request, CbSpan *spell)
{
	Build		build = {.request = request};
	CbSpellDraft draft;
	CbWriter	out = cb_writer(palloc(SPELL_SIZE), SPELL_SIZE);
	const char *reason;

	set_apps(&build);
	build.inputs = palloc0(sizeof(CbDraftCoin) * request->n_inputs);
	build.outputs = palloc0(sizeof(CbDraftCoin) * Max(request->n_outputs, 1));
	for (int i = 0; i < request->n_inputs; i++)
	{
		reason = read_input(&build, i);
		if (reason != NULL)
			return reason;
	}
	reason = fill_outputs(&build);
	if (reason != NULL)
		return reason;
	draft = (CbSpellDraft) {
		.action = request->action,
		.version = request->version,
		.apps = build.apps,
		.n_apps = build.n_apps,
		.inputs = build.inputs,
		.n_inputs = (size_t) request->n_spell_inputs,
		.outputs = build.outputs,
		.n_outputs = (size_t) request->n_outputs,
	};
	reason = cb_spell_build(&draft, &out);
	*spell = (CbSpan) {out.data, out.len};
	return reason;
}

static void
set_apps(Build *build)
{
	if (build->request->action != CB_SPELL_SEND)
		add_app(build, "n");
	if (build->request->action != CB_SPELL_MINT_NFT)
		add_app(build, "t");
}

static void
add_app(Build *build, const char *tag)
{
	CbApp	   *app = &build->apps[build->n_apps++];

	strlcpy(app->tag, tag, sizeof(app->tag));
	memcpy(app->identity, build->request->identity, sizeof(app->identity));
	memcpy(app->vk, build->request->vk, sizeof(app->vk));
}

static const char *
read_input(Build *build, int i)
{
	const CbProveInput *input = &build->request->inputs[i];
	CbSpell		spell;
	CbTx		tx;

	build->inputs[i].outpoint = input->outpoint;
	if (cb_tx_parse(input->raw.data, input->raw.len, &tx) != CB_OK)
		return "the transaction of an input is not known";
	cb_tx_spell_read(&tx, &spell);
	switch (spell.state)
	{
		case CB_SPELL_READ:
			return read_charms(build, i, &spell);
		case CB_SPELL_UNSUPPORTED:
			return "an input is of a spell of a version that is not known";
		case CB_SPELL_NONE:
		case CB_SPELL_MALFORMED:
			break;
	}
	return NULL;
}

static const char *
read_charms(Build *build, int i, const CbSpell *spell)
{
	uint32		vout = build->request->inputs[i].outpoint.vout;
	CbCharmIter it = cb_spell_charms(spell);
	CbCharm		charm;
	const char *reason;

	if (cb_spell_beamed_out(spell, vout, NULL))
		return NULL;
	while (cb_spell_next_charm(&it, &charm))
	{
		if (charm.vout != vout)
			continue;
		if (i >= build->request->n_spell_inputs)
			return "the funding UTXO carries charms";
		reason = add_charm(build, spell, &charm, &build->inputs[i]);
		if (reason != NULL)
			return reason;
	}
	return NULL;
}

static const char *
add_charm(Build *build, const CbSpell *spell, const CbCharm *charm, CbDraftCoin *coin)
{
	CbDraftCharm held = {0};
	CbApp		app;

	if (!cb_spell_app(spell, charm->app, &app))
		return "an input carries a charm of no app";
	while (held.app < build->n_apps && cb_app_compare(&build->apps[held.app], &app) != 0)
		held.app++;
	if (held.app == build->n_apps)
		return "an input carries a charm that is none of this plan's";
	if (!cb_app_is_token(&app))
		build->nft = held.state = charm->data;
	else if (!cb_charm_amount(&app, charm, &held.amount))
		return "an input carries a token that has no amount";
	else if (held.amount > PG_UINT64_MAX - build->tokens_in)
		return "the tokens of the inputs exceed 64 bits";
	build->tokens_in += held.amount;
	put_charm(coin, held);
	return NULL;
}

/* Tokens that come in beside the NFT that mints stay with it. */
static const char *
fill_outputs(Build *build)
{
	const CbProveRequest *request = build->request;
	uint64		wanted = 0;

	for (int i = 0; i < request->n_outputs; i++)
		wanted += request->outputs[i].tokens;
	for (int i = 0; i < request->n_outputs; i++)
	{
		const CbProveOutput *output = &request->outputs[i];
		const char *reason;

		if (!output->takes_nft)
		{
			put_charm(&build->outputs[i], (CbDraftCharm) {.app = build->n_apps - 1,.amount = output->tokens});
			continue;
		}
		reason = nft_output(build, wanted, &build->outputs[i]);
		if (reason != NULL)
			return reason;
	}
	return NULL;
}

static const char *
nft_output(Build *build, uint64 wanted, CbDraftCoin *coin)
{
	CbDraftCharm nft = {0};
	const char *reason = nft_state(build, wanted, &nft.state);

	if (reason != NULL)
		return reason;
	put_charm(coin, nft);
	if (build->tokens_in > 0)
		put_charm(coin, (CbDraftCharm) {.app = build->n_apps - 1,.amount = build->tokens_in});
	return NULL;
}

static const char *
nft_state(const Build *build, uint64 wanted, CbSpan *state)
{
	CbWriter	out = cb_writer(palloc(2 * CB_DRAFT_MAX_STATE), 2 * CB_DRAFT_MAX_STATE);
	CbCborWriter w = cb_cbor_writer(&out);
	uint64		remaining;

	*state = build->request->nft_state;
	if (build->request->action == CB_SPELL_MINT_NFT)
		return NULL;
	if (build->nft.len == 0 || !cb_nft_remaining(build->nft, &remaining))
		return "the plan's NFT is not where it is spent, or does not say what remains";
	if (remaining < wanted)
		return "more would be minted than remains";
	if (!cb_nft_state_replace(build->nft, remaining - wanted, &w) || out.error != CB_OK)
		return "the NFT's state is too long";
	*state = (CbSpan) {out.data, out.len};
	return NULL;
}

/* A coin has each app once. */
static void
put_charm(CbDraftCoin *coin, CbDraftCharm charm)
{
	CbDraftCharm *charms = palloc(sizeof(CbDraftCharm) * (coin->n_charms + 1));

	if (coin->n_charms > 0)
		memcpy(charms, coin->charms, sizeof(CbDraftCharm) * coin->n_charms);
	charms[coin->n_charms++] = charm;
	coin->charms = charms;
}
