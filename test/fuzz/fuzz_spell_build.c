/*-------------------------------------------------------------------------
 *
 * fuzz_spell_build.c
 *	  Any draft of a spell: what is built is read, and the plan's lineage
 *	  supports all of it.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "charms/cb_lineage.h"
#include "charms/cb_nft_state.h"
#include "charms/cb_spell_build.h"

#include "fuzz.h"

#define MAX 3

typedef struct Drafted
{
	CbSpellDraft draft;
	CbApp		apps[MAX];
	CbDraftCoin inputs[MAX];
	CbDraftCoin outputs[MAX];
	CbDraftCharm charms[2 * MAX][MAX];
	uint8_t		states[2 * MAX][MAX][40];
} Drafted;

static CbSpan draw_state(CbReader *r, uint8_t *buffer, size_t capacity);
static void draw_coins(CbReader *r, CbDraftCoin *coins, CbDraftCharm (*charms)[MAX], uint8_t (*states)[MAX][40]);
static void draw(CbReader *r, Drafted *d);
static size_t wrap(const CbSpellDraft *draft, CbSpan spell, uint8_t *out, size_t capacity);
static bool is_of_plan(const CbApp *app, const CbLineagePlan *plan);
static void hold(const CbSpellDraft *draft, const CbLineagePlan *plan, const CbDraftCoin *coin, CbHolding *holding);
static void check_lineage(const CbSpellDraft *draft, const CbTx *tx, const CbSpell *spell, const CbApp *app);
static void check_built(const CbSpellDraft *draft, CbSpan built);

/* Mostly one that says what remains. */
static CbSpan
draw_state(CbReader *r, uint8_t *buffer, size_t capacity)
{
	CbWriter	w = cb_writer(buffer, capacity);
	CbCborWriter cbor = cb_cbor_writer(&w);
	CbNftState	state = {0};
	CbSpan		drawn;
	uint8_t		kind = cb_read_u8(r);

	if (kind % 4 == 0)
		return cb_read_bytes(r, kind / 4);
	state.remaining = kind % 4 == 1 ? cb_read_u64(r) : cb_read_u8(r);
	cb_nft_state_write(&state, &cbor);
	drawn.data = buffer;
	drawn.len = w.len;
	return drawn;
}

static void
draw_coins(CbReader *r, CbDraftCoin *coins, CbDraftCharm (*charms)[MAX], uint8_t (*states)[MAX][40])
{
	for (int i = 0; i < MAX; i++)
	{
		memset(&coins[i].outpoint.txid, cb_read_u8(r), 32);
		coins[i].charms = charms[i];
		coins[i].n_charms = cb_read_u8(r) % MAX;
		for (size_t j = 0; j < coins[i].n_charms; j++)
		{
			uint8_t		kind = cb_read_u8(r);

			charms[i][j].app = kind % 4;
			if (kind & 4)
				charms[i][j].amount = kind & 8 ? cb_read_u64(r) : cb_read_u8(r);
			else
				charms[i][j].state = draw_state(r, states[i][j], sizeof(states[i][j]));
		}
	}
}

/* Only an NFT that is minted has the identity of an input. */
static void
draw(CbReader *r, Drafted *d)
{
	static const char tags[] = "ntb";

	memset(d, 0, sizeof(*d));
	d->draft.action = (CbSpellAction) (cb_read_u8(r) % 4);
	d->draft.version = cb_read_u8(r) % 17;
	d->draft.apps = d->apps;
	d->draft.n_apps = cb_read_u8(r) % (MAX + 1);
	d->draft.inputs = d->inputs;
	d->draft.n_inputs = cb_read_u8(r) % (MAX + 1);
	d->draft.outputs = d->outputs;
	d->draft.n_outputs = cb_read_u8(r) % (MAX + 1);
	draw_coins(r, d->inputs, d->charms, d->states);
	draw_coins(r, d->outputs, d->charms + MAX, d->states + MAX);
	for (int i = 0; i < MAX; i++)
	{
		uint8_t		kind = cb_read_u8(r);

		d->apps[i].tag[0] = tags[kind % 3];
		d->apps[i].vk[0] = kind / 64;
		if (d->draft.action == CB_SPELL_MINT_NFT)
			cb_app_identity(&d->inputs[0].outpoint, d->apps[i].identity);
		d->apps[i].identity[0] ^= kind / 16 % 2;
	}
}

/* An input more, which pays, and an output more, with the spell and no proof. */
static size_t
wrap(const CbSpellDraft *draft, CbSpan spell, uint8_t *out, size_t capacity)
{
	CbWriter	w = cb_writer(out, capacity);

	cb_write_u32(&w, 2);
	cb_write_compact_size(&w, draft->n_inputs + 1);
	for (size_t i = 0; i <= draft->n_inputs; i++)
	{
		static const CbOutpoint funding = {{{0}}, 77};
		const CbOutpoint *outpoint = i < draft->n_inputs ? &draft->inputs[i].outpoint : &funding;

		cb_write_bytes(&w, outpoint->txid.bytes, 32);
		cb_write_u32(&w, outpoint->vout);
		cb_write_u8(&w, 0);
		cb_write_u32(&w, UINT32_MAX);
	}
	cb_write_compact_size(&w, draft->n_outputs + 1);
	for (size_t i = 0; i < draft->n_outputs; i++)
	{
		cb_write_u64(&w, 1000);
		cb_write_u8(&w, 0);
	}
	cb_write_u64(&w, 0);
	cb_write_compact_size(&w, 12 + spell.len + 2);
	cb_write_bytes(&w, "\x6a\x05spell\x4e", 8);
	cb_write_u32(&w, (uint32_t) spell.len + 2);
	cb_write_u8(&w, 0x82);
	cb_write_bytes(&w, spell.data, spell.len);
	cb_write_u8(&w, 0x80);
	cb_write_u32(&w, 0);
	INVARIANT(w.error == CB_OK);
	return w.len;
}

static bool
is_of_plan(const CbApp *app, const CbLineagePlan *plan)
{
	return memcmp(app->identity, plan->identity, 32) == 0 && memcmp(app->vk, plan->vk, 32) == 0;
}

static void
hold(const CbSpellDraft *draft, const CbLineagePlan *plan, const CbDraftCoin *coin, CbHolding *holding)
{
	memset(holding, 0, sizeof(*holding));
	for (size_t i = 0; i < coin->n_charms; i++)
	{
		const CbDraftCharm *charm = &coin->charms[i];
		const CbApp *app = &draft->apps[charm->app];

		if (!is_of_plan(app, plan))
			continue;
		if (cb_app_is_token(app))
			holding->amount = charm->amount;
		else
			holding->has_nft = cb_nft_remaining(charm->state, &holding->remaining);
	}
}

/* Where the inputs hold what the draft says, so do the outputs afterwards. */
static void
check_lineage(const CbSpellDraft *draft, const CbTx *tx, const CbSpell *spell, const CbApp *app)
{
	static const CbNftFate fates[] = {CB_NFT_BORN, CB_NFT_MOVED, CB_NFT_ELSEWHERE};
	CbLineagePlan plan = {{0}, {0}, false};
	CbLineageInput inputs[MAX + 1] = {0};
	CbHolding	outputs[MAX + 1];
	CbHolding	wanted;
	CbLineage	lineage;

	memcpy(plan.identity, app->identity, 32);
	memcpy(plan.vk, app->vk, 32);
	for (size_t i = 0; i < draft->n_inputs; i++)
		hold(draft, &plan, &draft->inputs[i], &inputs[i].held);
	cb_lineage_follow(&plan, tx, spell, inputs, outputs, &lineage);
	INVARIANT(lineage.counterfeit == NULL && lineage.destroyed == 0 && lineage.nft == fates[draft->action]);
	for (size_t i = 0; i < draft->n_outputs; i++)
	{
		hold(draft, &plan, &draft->outputs[i], &wanted);
		INVARIANT(outputs[i].has_nft == wanted.has_nft && outputs[i].remaining == wanted.remaining &&
				  outputs[i].amount == wanted.amount);
	}
}

static void
check_built(const CbSpellDraft *draft, CbSpan built)
{
	uint8_t		bytes[4000];
	uint8_t		joined[1];
	CbWriter	w = cb_writer(joined, sizeof(joined));
	CbTx		tx;
	CbSpell		spell;

	INVARIANT(cb_tx_parse(bytes, wrap(draft, built, bytes, sizeof(bytes)), &tx) == CB_OK);
	INVARIANT(cb_spell_read(&tx, &w, &spell) == CB_SPELL_READ);
	INVARIANT(spell.version == draft->version && spell.n_apps == draft->n_apps && spell.n_outs == draft->n_outputs);
	for (size_t i = 0; i < draft->n_apps; i++)
		check_lineage(draft, &tx, &spell, &draft->apps[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CbReader	r = cb_reader(data, size);
	uint8_t		buffer[3000];
	CbWriter	out = cb_writer(buffer, sizeof(buffer));
	const char *reason;
	CbSpan		built;
	Drafted		drafted;

	draw(&r, &drafted);
	reason = cb_spell_build(&drafted.draft, &out);
	INVARIANT((reason == NULL) == (out.len > 0) && out.error == CB_OK);
	built.data = buffer;
	built.len = out.len;
	if (reason == NULL)
		check_built(&drafted.draft, built);
	return 0;
}
