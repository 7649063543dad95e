/*-------------------------------------------------------------------------
 *
 * test_spell_build.c
 *	  Spells that are built: read back, and every draft that is refused.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "spell_draft.h"
#include "tap.h"

static bool same_as_draft(const CbSpell *spell, const CbSpellDraft *draft);
static void check_round_trip(const TestDraft *f, const char *what);
static void test_round_trips(void);
static void test_bytes(void);
static void refused(const TestDraft *f, const char *reason, const char *what);
static void test_form(void);
static void test_states_refused(void);
static void test_mint_nft(void);
static void test_mint_token(void);
static void test_send(void);
static void test_capacity(void);

int
main(void)
{
	test_round_trips();
	test_bytes();
	test_form();
	test_states_refused();
	test_mint_nft();
	test_mint_token();
	test_send();
	test_capacity();
	return done();
}

static bool
same_as_draft(const CbSpell *spell, const CbSpellDraft *draft)
{
	CbAppIter	apps = cb_spell_apps(spell);
	CbCharmIter charms = cb_spell_charms(spell);
	CbApp		app;
	CbCharm		charm;
	CbSpan		input;
	uint64_t	amount;

	if (spell->version != draft->version || spell->mock || spell->n_apps != draft->n_apps ||
		spell->n_outs != draft->n_outputs || spell->refs.len + spell->beamed_outs.len + spell->scrolls.len > 0)
		return false;
	for (size_t i = 0; i < draft->n_apps; i++)
	{
		if (!cb_spell_next_app(&apps, &app, &input) || cb_app_compare(&app, &draft->apps[i]) != 0 ||
			input.len != 1 || input.data[0] != 0xf6)
			return false;
	}
	for (uint32_t i = 0; i < draft->n_outputs; i++)
	{
		for (size_t j = 0; j < draft->outputs[i].n_charms; j++)
		{
			const CbDraftCharm *wanted = &draft->outputs[i].charms[j];

			if (!cb_spell_next_charm(&charms, &charm) || charm.vout != i || charm.app != wanted->app)
				return false;
			if (cb_charm_amount(&draft->apps[wanted->app], &charm, &amount) ?
				amount != wanted->amount || wanted->state.len > 0 : !cb_span_equal(charm.data, wanted->state))
				return false;
		}
	}
	return !cb_spell_next_charm(&charms, &charm);
}

static void
check_round_trip(const TestDraft *f, const char *what)
{
	uint8_t		buffer[2000];
	CbWriter	built = cb_writer(buffer, sizeof(buffer));
	SpellTx		stx;
	CbSpell		spell;

	is_str(cb_spell_build(&f->draft, &built), NULL, "%s, version %u: built", what, (unsigned) f->draft.version);
	is_int(read_built(&stx, &built, &spell), CB_SPELL_READ, "and read");
	ok(same_as_draft(&spell, &f->draft), "and the same as went in");
	spell_tx_free(&stx);
}

static void
test_round_trips(void)
{
	static const uint32_t versions[] = {CB_DRAFT_OLD_VERSION, CB_DRAFT_VERSION};

	for (size_t i = 0; i < 2; i++)
	{
		TestDraft	f;

		draft_mint_nft(&f);
		f.draft.version = versions[i];
		check_round_trip(&f, "an NFT minted");

		draft_mint_token(&f);
		f.draft.version = versions[i];
		check_round_trip(&f, "tokens minted");
		f.draft.n_inputs = 2;
		f.inputs[1].n_charms = 1;
		f.in_charms[1][0].app = 1;
		f.in_charms[1][0].amount = UINT64_MAX - 400;
		f.out_charms[1][0].amount = UINT64_MAX;
		check_round_trip(&f, "tokens minted onto as many as there can be");

		draft_send(&f);
		f.draft.version = versions[i];
		check_round_trip(&f, "tokens sent");
		f.apps[1].vk[0]++;
		f.draft.n_apps = 2;
		f.inputs[0].n_charms = f.outputs[1].n_charms = 2;
		f.in_charms[0][1].app = f.out_charms[1][1].app = 1;
		f.in_charms[0][1].amount = f.out_charms[1][1].amount = UINT64_MAX;
		check_round_trip(&f, "tokens of two apps sent");
	}
}

/* By hand, byte for byte. */
static void
test_bytes(void)
{
	static const char *const wanted = "a3" VERSION(08) TX("a1" OUTS("82" "a1000a" "a10002"))
		APPS("a1" APP("6174", A32_1, A32_2) "f6");
	TestDraft	f;
	uint8_t		buffer[400];
	char		hex[801] = "";
	CbWriter	built = cb_writer(buffer, sizeof(buffer));

	draft_send(&f);
	f.draft.version = CB_DRAFT_OLD_VERSION;
	memset(f.apps[0].identity, 0, 32);
	memset(f.apps[0].vk, 0, 32);
	f.apps[0].identity[0] = 0x11;
	f.apps[0].vk[0] = 0x12;
	is_str(cb_spell_build(&f.draft, &built), NULL, "a small spell is built");
	cb_hex_encode(built.data, built.len, hex);
	is_str(hex, wanted, "and has these bytes");
}

static void
refused(const TestDraft *f, const char *reason, const char *what)
{
	uint8_t		buffer[2000];
	CbWriter	built = cb_writer(buffer, sizeof(buffer));

	is_str(cb_spell_build(&f->draft, &built), reason, "refused: %s", what);
	ok(built.len == 0 && built.error == CB_OK, "and nothing is written");
}

static void
test_form(void)
{
	static CbDraftCoin many[CB_DRAFT_MAX_COINS + 1];
	TestDraft	f;

	for (uint32_t version = 0; version <= 16; version++)
	{
		draft_send(&f);
		f.draft.version = version;
		if (version != 8 && version != 15)
			refused(&f, "spells of this version are not built", "another version");
	}
	draft_send(&f);
	f.draft.action = (CbSpellAction) 3;
	refused(&f, "there is no such action", "another action");
	draft_send(&f);
	f.draft.n_apps = 0;
	refused(&f, "there are no apps, no inputs or no outputs", "no apps");
	draft_send(&f);
	f.draft.n_inputs = 0;
	refused(&f, "there are no apps, no inputs or no outputs", "no inputs");
	draft_send(&f);
	f.draft.n_outputs = 0;
	refused(&f, "there are no apps, no inputs or no outputs", "no outputs");
	draft_send(&f);
	f.draft.n_apps = CB_SPELL_MAX_APPS + 1;
	refused(&f, "there are too many apps", "1025 apps");
	draft_send(&f);
	f.draft.inputs = many;
	f.draft.n_inputs = CB_DRAFT_MAX_COINS + 1;
	refused(&f, "there are too many inputs or outputs", "257 inputs");
	draft_send(&f);
	f.draft.outputs = many;
	f.draft.n_outputs = CB_DRAFT_MAX_COINS + 1;
	refused(&f, "there are too many inputs or outputs", "257 outputs");
	draft_send(&f);
	f.apps[0].tag[0] = 'b';
	refused(&f, "an app is neither an NFT nor a token", "a foreign tag");
	draft_send(&f);
	f.draft.n_apps = 2;
	refused(&f, "apps are repeated or not in order", "an app twice");
	f.apps[1].vk[0]--;
	refused(&f, "apps are repeated or not in order", "a lesser app behind");
	draft_send(&f);
	f.inputs[1].outpoint = f.inputs[0].outpoint;
	refused(&f, "an input comes twice", "an input twice");
	draft_send(&f);
	f.in_charms[1][0].app = 1;
	refused(&f, "a charm is of no app", "an app too few");
	draft_send(&f);
	f.outputs[1].n_charms = 2;
	refused(&f, "charms are repeated or not in order", "a charm twice");
}

static void
test_states_refused(void)
{
	static uint8_t long_state[CB_DRAFT_MAX_STATE + 1] = {0xa1, 0x60, 0x59, 0x0f, 0xfc};
	TestDraft	f;

	draft_send(&f);
	f.in_charms[0][0].amount = 0;
	refused(&f, "a token's amount is zero", "no tokens");
	draft_send(&f);
	f.out_charms[1][0].state = text_span("\xa0");
	refused(&f, "a token has a state", "a token with a state");
	draft_mint_nft(&f);
	f.out_charms[0][0].amount = 1;
	refused(&f, "an NFT has an amount", "an NFT with an amount");
	draft_mint_nft(&f);
	f.out_charms[0][0].state.len = 0;
	refused(&f, "an NFT's state is not canonical CBOR", "an NFT without a state");
	draft_mint_nft(&f);
	f.out_charms[0][0].state.len--;
	refused(&f, "an NFT's state is not canonical CBOR", "one that ends too early");
	draft_mint_nft(&f);
	f.out_charms[0][0].state = text_span("\xbf\xff");
	refused(&f, "an NFT's state is not canonical CBOR", "one of indefinite length");
	draft_mint_nft(&f);
	f.out_charms[0][0].state = text_span("\xa0\xa0");
	refused(&f, "an NFT's state is not canonical CBOR", "two in place of one");
	draft_mint_nft(&f);
	f.out_charms[0][0].state = text_span("\xa1" "aa" "a\xff");
	refused(&f, "an NFT's state is not canonical CBOR", "one with a text that is none");
	draft_mint_nft(&f);
	f.out_charms[0][0].state.data = long_state;
	f.out_charms[0][0].state.len = sizeof(long_state);
	refused(&f, "an NFT's state is too long", "one of 4097 bytes");
}

static void
test_mint_nft(void)
{
	static const char *const alone = "minting an NFT takes its app alone";
	TestDraft	f;

	draft_mint_nft(&f);
	f.apps[0].tag[0] = 't';
	f.out_charms[0][0].state.len = 0;
	f.out_charms[0][0].amount = 1;
	refused(&f, alone, "a token alone");
	draft_mint_token(&f);
	f.draft.action = CB_SPELL_MINT_NFT;
	refused(&f, alone, "a token with it");
	draft_mint_nft(&f);
	f.inputs[0].n_charms = 1;
	f.in_charms[0][0].state = f.out_charms[0][0].state;
	refused(&f, "an NFT that is to be minted is there already", "the NFT among the inputs");
	draft_mint_nft(&f);
	f.outputs[0].n_charms = 0;
	refused(&f, "there must be one NFT among the outputs", "no NFT");
	draft_mint_nft(&f);
	f.draft.n_outputs = 2;
	f.outputs[1] = f.outputs[0];
	refused(&f, "there must be one NFT among the outputs", "two of them");
	draft_mint_nft(&f);
	f.out_charms[0][0].state = text_span("\xa1" "fticker" "aT");
	refused(&f, "the NFT's state does not say what remains to be minted", "a ticker alone");
	draft_mint_nft(&f);
	f.inputs[0].outpoint.vout++;
	refused(&f, "the outpoint of the NFT's identity is not spent", "another anchor");
	draft_mint_nft(&f);
	f.draft.n_inputs = 2;
	f.inputs[1].outpoint = f.inputs[0].outpoint;
	f.inputs[0].outpoint.vout = 9;
	check_round_trip(&f, "the anchor in second place");
}

static void
test_mint_token(void)
{
	static const char *const pair = "minting takes an NFT and the token of the same identity and key";
	static const char *const one = "there must be one NFT among the inputs and one among the outputs";
	static const char *const reduced = "what remains is not reduced by what is minted";
	static const char *const state = "minting changes the NFT's state beyond what remains";
	TestDraft	f;

	draft_mint_token(&f);
	f.apps[1].identity[5]++;
	refused(&f, pair, "a token of another identity");
	draft_mint_token(&f);
	f.apps[1].vk[5]++;
	refused(&f, pair, "a token of another key");
	draft_mint_nft(&f);
	f.draft.action = CB_SPELL_MINT_TOKEN;
	refused(&f, pair, "no token");
	draft_mint_token(&f);
	f.inputs[0].n_charms = 0;
	refused(&f, one, "no NFT among the inputs");
	draft_mint_token(&f);
	f.outputs[0].n_charms = 0;
	refused(&f, one, "none among the outputs");
	draft_mint_token(&f);
	f.draft.n_outputs = 3;
	f.outputs[2] = f.outputs[0];
	refused(&f, one, "two among the outputs");
	draft_mint_token(&f);
	f.in_charms[0][0].state = text_span("\xa0");
	refused(&f, "the NFT's state does not say what remains to be minted", "an NFT that does not say what it has");
	draft_mint_token(&f);
	f.out_charms[0][0].state = write_state(f.state_out, sizeof(f.state_out), "OTHER", 600);
	refused(&f, state, "another ticker");
	draft_mint_token(&f);
	f.out_charms[1][0].amount = 399;
	refused(&f, reduced, "fewer tokens than were given up");
	f.out_charms[1][0].amount = 401;
	refused(&f, reduced, "more tokens than were given up");
	draft_mint_token(&f);
	f.out_charms[0][0].state = write_state(f.state_out, sizeof(f.state_out), "PLAN", 1400);
	refused(&f, reduced, "the NFT gains what it should give up");
	draft_mint_token(&f);
	f.out_charms[0][0].state = f.in_charms[0][0].state;
	f.outputs[1].n_charms = 0;
	refused(&f, "nothing is minted", "no tokens");
	f.draft.n_inputs = 2;
	f.inputs[1].n_charms = f.outputs[1].n_charms = 1;
	f.in_charms[1][0].app = 1;
	f.in_charms[1][0].amount = 401;
	refused(&f, "nothing is minted", "fewer tokens than before");
	draft_mint_token(&f);
	f.out_charms[1][0].amount = 1001;
	f.out_charms[0][0].state = write_state(f.state_out, sizeof(f.state_out), "PLAN", UINT64_MAX);
	refused(&f, "more would be minted than remains", "1001 of 1000, with a number that wraps around");
	draft_mint_token(&f);
	f.draft.n_outputs = 3;
	f.outputs[2] = f.outputs[1];
	f.outputs[2].charms = f.out_charms[2];
	f.out_charms[2][0].app = 1;
	f.out_charms[2][0].amount = UINT64_MAX;
	refused(&f, "a token's amounts exceed 64 bits", "amounts that wrap around to what would be right");
	draft_mint_token(&f);
	f.out_charms[1][0].amount = 1000;
	f.out_charms[0][0].state = write_state(f.state_out, sizeof(f.state_out), "PLAN", 0);
	check_round_trip(&f, "the last tokens minted");
}

static void
test_send(void)
{
	static const char *const conserved = "the outputs have not the amount that the inputs have";
	TestDraft	f;

	draft_send(&f);
	f.out_charms[0][0].amount = 11;
	refused(&f, conserved, "one more");
	f.out_charms[0][0].amount = 9;
	refused(&f, conserved, "one fewer");
	draft_send(&f);
	f.outputs[0].n_charms = f.outputs[1].n_charms = 0;
	refused(&f, conserved, "all burnt");
	draft_send(&f);
	f.inputs[0].n_charms = f.inputs[1].n_charms = 0;
	refused(&f, conserved, "all from nothing");
	f.outputs[0].n_charms = f.outputs[1].n_charms = 0;
	refused(&f, "an app has no charms", "nothing at all");
	draft_send(&f);
	f.in_charms[0][0].amount = UINT64_MAX;
	refused(&f, "a token's amounts exceed 64 bits", "inputs beyond 64 bits");
	draft_send(&f);
	f.out_charms[0][0].amount = UINT64_MAX;
	f.out_charms[1][0].amount = 13;
	refused(&f, "a token's amounts exceed 64 bits", "outputs that wrap around to what would be right");
	draft_mint_token(&f);
	f.draft.action = CB_SPELL_SEND;
	refused(&f, "only tokens are sent", "an NFT");
	draft_send(&f);
	f.draft.n_apps = 2;
	f.apps[1].vk[0]++;
	f.out_charms[1][0].app = 1;
	refused(&f, conserved, "one app's tokens for another's");
}

/* In every smaller buffer: nothing is written, and nothing beyond it. */
static void
test_capacity(void)
{
	TestDraft	f;
	uint8_t		whole[400];
	CbWriter	w = cb_writer(whole, sizeof(whole));
	bool		all = true;

	draft_mint_token(&f);
	is_str(cb_spell_build(&f.draft, &w), NULL, "the buffer is large enough");
	for (size_t capacity = 0; capacity < w.len; capacity++)
	{
		uint8_t    *buffer = malloc(capacity + 1);
		CbWriter	small = cb_writer(buffer, capacity);
		const char *reason = cb_spell_build(&f.draft, &small);

		all = all && reason != NULL && strcmp(reason, "the spell does not fit into the buffer") == 0 &&
			small.len == 0 && small.error == CB_OK;
		free(buffer);
	}
	ok(all, "and no smaller one is");
}
