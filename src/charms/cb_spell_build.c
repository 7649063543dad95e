/*-------------------------------------------------------------------------
 *
 * cb_spell_build.c
 *	  Building spells.
 *
 * A draft is checked for its form first, then for what its action conserves,
 * app by app; only then is anything written.  Each check answers NULL or the
 * reason for which it refuses.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_spell_build.h"

#include "cb_nft_state.h"

#include <string.h>

/* What the inputs or the outputs have of one app. */
typedef struct Holding
{
	size_t		n;				/* charms */
	uint64_t	amount;			/* of all together */
	CbSpan		state;			/* of the last */
} Holding;

static bool is_nft(const CbApp *app);
static const char *check_apps(const CbSpellDraft *draft);
static const char *check_charm(const CbApp *app, const CbDraftCharm *charm);
static const char *check_coins(const CbSpellDraft *draft, const CbDraftCoin *coins, size_t n);
static const char *check_outpoints(const CbSpellDraft *draft);
static const char *check_form(const CbSpellDraft *draft);
static const char *add_up(const CbDraftCoin *coins, size_t n, uint32_t app, Holding *sum);
static const char *add_up_app(const CbSpellDraft *draft, uint32_t app, Holding *in, Holding *out);
static bool spends_identity(const CbSpellDraft *draft, const CbApp *app);
static const char *check_mint_nft(const CbSpellDraft *draft);
static const char *check_mint_token(const CbSpellDraft *draft);
static const char *check_send(const CbSpellDraft *draft);
static const char *check_action(const CbSpellDraft *draft);
static void write_app(const CbCborWriter *w, const CbApp *app);
static void write_charms(const CbCborWriter *w, const CbDraftCoin *coin);
static void write_spell(const CbCborWriter *w, const CbSpellDraft *draft);

static bool
is_nft(const CbApp *app)
{
	return strcmp(app->tag, "n") == 0;
}

static const char *
check_apps(const CbSpellDraft *draft)
{
	for (size_t i = 0; i < draft->n_apps; i++)
	{
		if (!is_nft(&draft->apps[i]) && !cb_app_is_token(&draft->apps[i]))
			return "an app is neither an NFT nor a token";
		if (i > 0 && cb_app_compare(&draft->apps[i - 1], &draft->apps[i]) >= 0)
			return "apps are repeated or not in order";
	}
	return NULL;
}

static const char *
check_charm(const CbApp *app, const CbDraftCharm *charm)
{
	CbReader	r = cb_reader(charm->state.data, charm->state.len);

	if (cb_app_is_token(app))
	{
		if (charm->state.len > 0)
			return "a token has a state";
		return charm->amount == 0 ? "a token's amount is zero" : NULL;
	}
	if (charm->amount > 0)
		return "an NFT has an amount";
	if (charm->state.len > CB_DRAFT_MAX_STATE)
		return "an NFT's state is too long";
	cb_cbor_read_item(&r, CB_CBOR_CANONICAL);
	if (r.error != CB_OK || cb_reader_left(&r) > 0)
		return "an NFT's state is not canonical CBOR";
	return NULL;
}

static const char *
check_coins(const CbSpellDraft *draft, const CbDraftCoin *coins, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		for (size_t j = 0; j < coins[i].n_charms; j++)
		{
			const CbDraftCharm *charm = &coins[i].charms[j];
			const char *reason;

			if (charm->app >= draft->n_apps)
				return "a charm is of no app";
			if (j > 0 && charm->app <= charm[-1].app)
				return "charms are repeated or not in order";
			reason = check_charm(&draft->apps[charm->app], charm);
			if (reason != NULL)
				return reason;
		}
	}
	return NULL;
}

static const char *
check_outpoints(const CbSpellDraft *draft)
{
	for (size_t i = 0; i < draft->n_inputs; i++)
	{
		for (size_t j = 0; j < i; j++)
		{
			if (cb_outpoint_equal(&draft->inputs[i].outpoint, &draft->inputs[j].outpoint))
				return "an input comes twice";
		}
	}
	return NULL;
}

static const char *
check_form(const CbSpellDraft *draft)
{
	const char *reason;

	if (draft->version != CB_DRAFT_OLD_VERSION && draft->version != CB_DRAFT_VERSION)
		return "spells of this version are not built";
	if (draft->n_apps == 0 || draft->n_inputs == 0 || draft->n_outputs == 0)
		return "there are no apps, no inputs or no outputs";
	if (draft->n_apps > CB_SPELL_MAX_APPS)
		return "there are too many apps";
	if (draft->n_inputs > CB_DRAFT_MAX_COINS || draft->n_outputs > CB_DRAFT_MAX_COINS)
		return "there are too many inputs or outputs";
	reason = check_apps(draft);
	if (reason == NULL)
		reason = check_outpoints(draft);
	if (reason == NULL)
		reason = check_coins(draft, draft->inputs, draft->n_inputs);
	if (reason == NULL)
		reason = check_coins(draft, draft->outputs, draft->n_outputs);
	return reason;
}

static const char *
add_up(const CbDraftCoin *coins, size_t n, uint32_t app, Holding *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (size_t i = 0; i < n; i++)
	{
		for (size_t j = 0; j < coins[i].n_charms; j++)
		{
			const CbDraftCharm *charm = &coins[i].charms[j];

			if (charm->app != app)
				continue;
			if (charm->amount > UINT64_MAX - sum->amount)
				return "a token's amounts exceed 64 bits";
			sum->n++;
			sum->amount += charm->amount;
			sum->state = charm->state;
		}
	}
	return NULL;
}

static const char *
add_up_app(const CbSpellDraft *draft, uint32_t app, Holding *in, Holding *out)
{
	const char *reason = add_up(draft->inputs, draft->n_inputs, app, in);

	return reason != NULL ? reason : add_up(draft->outputs, draft->n_outputs, app, out);
}

static bool
spends_identity(const CbSpellDraft *draft, const CbApp *app)
{
	uint8_t		identity[32];

	for (size_t i = 0; i < draft->n_inputs; i++)
	{
		cb_app_identity(&draft->inputs[i].outpoint, identity);
		if (memcmp(identity, app->identity, sizeof(identity)) == 0)
			return true;
	}
	return false;
}

static const char *
check_mint_nft(const CbSpellDraft *draft)
{
	Holding		in;
	Holding		out;
	uint64_t	remaining;
	const char *reason;

	if (draft->n_apps != 1 || !is_nft(&draft->apps[0]))
		return "minting an NFT takes its app alone";
	reason = add_up_app(draft, 0, &in, &out);
	if (reason != NULL)
		return reason;
	if (in.n > 0)
		return "an NFT that is to be minted is there already";
	if (out.n != 1)
		return "there must be one NFT among the outputs";
	if (!cb_nft_remaining(out.state, &remaining))
		return "the NFT's state does not say what remains to be minted";
	if (!spends_identity(draft, &draft->apps[0]))
		return "the outpoint of the NFT's identity is not spent";
	return NULL;
}

static const char *
check_mint_token(const CbSpellDraft *draft)
{
	const CbApp *apps = draft->apps;
	Holding		nft_in;
	Holding		nft_out;
	Holding		in;
	Holding		out;
	uint64_t	before;
	uint64_t	after;
	const char *reason;

	if (draft->n_apps != 2 || !is_nft(&apps[0]) || !cb_app_is_token(&apps[1]) ||
		memcmp(apps[0].identity, apps[1].identity, sizeof(apps[0].identity)) != 0 ||
		memcmp(apps[0].vk, apps[1].vk, sizeof(apps[0].vk)) != 0)
		return "minting takes an NFT and the token of the same identity and key";
	reason = add_up_app(draft, 0, &nft_in, &nft_out);
	if (reason == NULL)
		reason = add_up_app(draft, 1, &in, &out);
	if (reason != NULL)
		return reason;
	if (nft_in.n != 1 || nft_out.n != 1)
		return "there must be one NFT among the inputs and one among the outputs";
	if (!cb_nft_remaining(nft_in.state, &before) || !cb_nft_remaining(nft_out.state, &after))
		return "the NFT's state does not say what remains to be minted";
	if (!cb_nft_same_but_remaining(nft_in.state, nft_out.state))
		return "minting changes the NFT's state beyond what remains";
	if (out.amount <= in.amount)
		return "nothing is minted";
	if (out.amount - in.amount > before)
		return "more would be minted than remains";
	if (after != before - (out.amount - in.amount))
		return "what remains is not reduced by what is minted";
	return NULL;
}

static const char *
check_send(const CbSpellDraft *draft)
{
	for (uint32_t i = 0; i < draft->n_apps; i++)
	{
		Holding		in;
		Holding		out;
		const char *reason;

		if (!cb_app_is_token(&draft->apps[i]))
			return "only tokens are sent";
		reason = add_up_app(draft, i, &in, &out);
		if (reason != NULL)
			return reason;
		if (in.n == 0 && out.n == 0)
			return "an app has no charms";
		if (in.amount != out.amount)
			return "the outputs have not the amount that the inputs have";
	}
	return NULL;
}

static const char *
check_action(const CbSpellDraft *draft)
{
	switch (draft->action)
	{
		case CB_SPELL_MINT_NFT:
			return check_mint_nft(draft);
		case CB_SPELL_MINT_TOKEN:
			return check_mint_token(draft);
		case CB_SPELL_SEND:
			return check_send(draft);
	}
	return "there is no such action";
}

static void
write_app(const CbCborWriter *w, const CbApp *app)
{
	CbSpan		identity = {app->identity, sizeof(app->identity)};
	CbSpan		vk = {app->vk, sizeof(app->vk)};

	cb_cbor_write_array(w, 3);
	cb_cbor_write_key(w, app->tag);
	cb_cbor_write_byte_array(w, identity);
	cb_cbor_write_byte_array(w, vk);
}

static void
write_charms(const CbCborWriter *w, const CbDraftCoin *coin)
{
	cb_cbor_write_map(w, coin->n_charms);
	for (size_t i = 0; i < coin->n_charms; i++)
	{
		const CbDraftCharm *charm = &coin->charms[i];

		cb_cbor_write_uint(w, charm->app);
		if (charm->state.len > 0)
			cb_cbor_write_item(w, charm->state);
		else
			cb_cbor_write_uint(w, charm->amount);
	}
}

/* Public inputs are null: the apps ask for none. */
static void
write_spell(const CbCborWriter *w, const CbSpellDraft *draft)
{
	cb_cbor_write_map(w, 3);
	cb_cbor_write_key(w, "version");
	cb_cbor_write_uint(w, draft->version);
	cb_cbor_write_key(w, "tx");
	cb_cbor_write_map(w, 1);
	cb_cbor_write_key(w, "outs");
	cb_cbor_write_array(w, draft->n_outputs);
	for (size_t i = 0; i < draft->n_outputs; i++)
		write_charms(w, &draft->outputs[i]);
	cb_cbor_write_key(w, "app_public_inputs");
	cb_cbor_write_map(w, draft->n_apps);
	for (size_t i = 0; i < draft->n_apps; i++)
	{
		write_app(w, &draft->apps[i]);
		cb_cbor_write_null(w);
	}
}

const char *
cb_spell_build(const CbSpellDraft *draft, CbWriter *out)
{
	CbWriter	start = *out;
	CbCborWriter w = cb_cbor_writer(out);
	const char *reason = check_form(draft);

	if (reason == NULL)
		reason = check_action(draft);
	if (reason != NULL)
		return reason;
	write_spell(&w, draft);
	if (out->error != CB_OK)
	{
		*out = start;
		return "the spell does not fit into the buffer";
	}
	return NULL;
}
