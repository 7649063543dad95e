/*-------------------------------------------------------------------------
 *
 * test_lineage.c
 *	  What transactions do to a plan's NFT and tokens, sentence by sentence.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "charms/cb_lineage.h"
#include "charms/cb_nft_state.h"

#include "spell_tx.h"
#include "tap.h"

/* Of the transactions that are made here; the last output has the spell. */
#define N_INPUTS 2
#define N_OUTPUTS 3

static const char *const stranger = "an NFT does not descend from the plan's own";
static const char *const twice = "the plan's NFT comes out more than once";
static const char *const raised = "what remains to be minted is raised";
static const char *const exceed = "token outputs exceed the inputs and what the NFT gave up";

/* What a spell says of an output. */
typedef struct Said
{
	bool		nft;
	uint64_t	remaining;
	uint64_t	amount;			/* 0: no charm */
	bool		beamed;
	bool		silent;			/* the NFT's state does not say what remains */
} Said;

typedef struct Story
{
	uint32_t	version;
	Said		outs[N_OUTPUTS];
	CbApp		apps[2];		/* NFT, token */
	bool		no_spell;
	CbLineagePlan plan;
	CbLineageInput in[N_INPUTS];
	/* What came of it. */
	CbHolding	out[N_OUTPUTS];
	CbLineage	lineage;
} Story;

static void begin(Story *s);
static void begin_mint(Story *s);
static void write_app(const CbCborWriter *w, const CbApp *app);
static void write_output(const CbCborWriter *w, const Said *said);
static void write_beamed(const CbCborWriter *w, const Story *s, uint64_t n);
static void write_payload(const CbCborWriter *w, const Story *s);
static void tell(Story *s);
static void check(Story *s, CbNftFate nft, uint64_t destroyed, const char *counterfeit, const char *what);
static void holds(const Story *s, uint32_t vout, int64_t remaining, uint64_t amount);
static void beamed_out(const Story *s, uint32_t vout, uint64_t amount);
static void be_born(Story *s);
static void test_birth(void);
static void test_wrong_birth(void);
static void test_moves(void);
static void test_end(void);
static void test_strangers(void);
static void test_minting(void);
static void test_raised(void);
static void test_tokens(void);
static void test_too_many(void);
static void test_beamed_out(void);
static void test_beamed_in(void);
static void test_unproved_inputs(void);
static void test_no_spell(void);

int
main(void)
{
	test_birth();
	test_wrong_birth();
	test_moves();
	test_end();
	test_strangers();
	test_minting();
	test_raised();
	test_tokens();
	test_too_many();
	test_beamed_out();
	test_beamed_in();
	test_unproved_inputs();
	test_no_spell();
	return done();
}

/* A plan that was born elsewhere, of which nothing is spent. */
static void
begin(Story *s)
{
	memset(s, 0, sizeof(*s));
	s->version = 15;
	memset(s->plan.identity, 0x11, 32);
	memset(s->plan.vk, 0x22, 32);
	for (int i = 0; i < 2; i++)
	{
		memset(s->apps[i].identity, 0x11, 32);
		memset(s->apps[i].vk, 0x22, 32);
		s->apps[i].tag[0] = i == 0 ? 'n' : 't';
	}
}

/* The NFT gives up 40 of 100, for 40 tokens in output 1. */
static void
begin_mint(Story *s)
{
	begin(s);
	s->in[0].held.has_nft = true;
	s->in[0].held.remaining = 100;
	s->outs[0].nft = true;
	s->outs[0].remaining = 60;
	s->outs[1].amount = 40;
}

static void
write_app(const CbCborWriter *w, const CbApp *app)
{
	CbSpan		identity = {app->identity, 32};
	CbSpan		vk = {app->vk, 32};

	cb_cbor_write_array(w, 3);
	cb_cbor_write_key(w, app->tag);
	cb_cbor_write_byte_array(w, identity);
	cb_cbor_write_byte_array(w, vk);
	cb_cbor_write_null(w);
}

static void
write_output(const CbCborWriter *w, const Said *said)
{
	CbNftState	state = {0};

	cb_cbor_write_map(w, (uint64_t) said->nft + (said->amount > 0));
	state.remaining = said->remaining;
	if (said->nft)
		cb_cbor_write_uint(w, 0);
	if (said->nft && said->silent)
		cb_cbor_write_map(w, 0);
	else if (said->nft)
		cb_nft_state_write(&state, w);
	if (said->amount == 0)
		return;
	cb_cbor_write_uint(w, 1);
	cb_cbor_write_uint(w, said->amount);
}

static void
write_beamed(const CbCborWriter *w, const Story *s, uint64_t n)
{
	static const uint8_t destination[32] = {1};
	CbSpan		hash = {destination, sizeof(destination)};

	cb_cbor_write_key(w, "beamed_outs");
	cb_cbor_write_map(w, n);
	for (uint32_t i = 0; i < N_OUTPUTS; i++)
	{
		if (!s->outs[i].beamed)
			continue;
		cb_cbor_write_uint(w, i);
		cb_cbor_write_byte_array(w, hash);
	}
}

static void
write_payload(const CbCborWriter *w, const Story *s)
{
	uint64_t	n_beamed = 0;

	for (int i = 0; i < N_OUTPUTS; i++)
		n_beamed += s->outs[i].beamed;
	cb_cbor_write_array(w, 2);
	cb_cbor_write_map(w, 3);
	cb_cbor_write_key(w, "version");
	cb_cbor_write_uint(w, s->version);
	cb_cbor_write_key(w, "tx");
	cb_cbor_write_map(w, 1 + (n_beamed > 0));
	cb_cbor_write_key(w, "outs");
	cb_cbor_write_array(w, N_OUTPUTS);
	for (int i = 0; i < N_OUTPUTS; i++)
		write_output(w, &s->outs[i]);
	if (n_beamed > 0)
		write_beamed(w, s, n_beamed);
	cb_cbor_write_key(w, "app_public_inputs");
	cb_cbor_write_map(w, 2);
	write_app(w, &s->apps[0]);
	write_app(w, &s->apps[1]);
	cb_cbor_write_array(w, 0);
}

/* Spell, transaction, and what comes of them. */
static void
tell(Story *s)
{
	uint8_t		payload[1000];
	char		hex[2001] = "";
	CbWriter	w = cb_writer(payload, sizeof(payload));
	CbCborWriter cbor = cb_cbor_writer(&w);
	SpellTx		stx;
	CbSpell		spell;

	write_payload(&cbor, s);
	cb_hex_encode(w.data, w.len, hex);
	spell_tx_with_payload(&stx, hex);
	if (w.error != CB_OK || cb_spell_read(&stx.tx, &stx.joined, &spell) != CB_SPELL_READ ||
		stx.tx.n_inputs != N_INPUTS || stx.tx.n_outputs != N_OUTPUTS)
		abort();
	memset(s->out, 0xff, sizeof(s->out));
	cb_lineage_follow(&s->plan, &stx.tx, s->no_spell ? NULL : &spell, s->in, s->out, &s->lineage);
	spell_tx_free(&stx);
}

static void
check(Story *s, CbNftFate nft, uint64_t destroyed, const char *counterfeit, const char *what)
{
	tell(s);
	is_int(s->lineage.nft, nft, "%s: the NFT", what);
	is_int((int64_t) s->lineage.destroyed, (int64_t) destroyed, "%s: what is destroyed", what);
	is_str(s->lineage.counterfeit, counterfeit, "%s: what is counterfeit", what);
}

/* remaining is -1 where the NFT is not. */
static void
holds(const Story *s, uint32_t vout, int64_t remaining, uint64_t amount)
{
	const CbHolding *out = &s->out[vout];

	ok(out->has_nft == (remaining >= 0) && out->remaining == (remaining >= 0 ? (uint64_t) remaining : 0) &&
	   out->amount == amount && out->beamed == 0, "output %u holds an NFT with %lld and %llu tokens",
	   (unsigned) vout, (long long) remaining, (unsigned long long) amount);
}

/* Such an output holds nothing. */
static void
beamed_out(const Story *s, uint32_t vout, uint64_t amount)
{
	const CbHolding *out = &s->out[vout];

	ok(!out->has_nft && out->remaining == 0 && out->amount == 0 && out->beamed == amount,
	   "output %u holds nothing, and %llu were beamed out", (unsigned) vout, (unsigned long long) amount);
}

/* Of the outpoint that the first input spends. */
static void
be_born(Story *s)
{
	CbOutpoint	anchor = {{{0xaa}}, 1};

	cb_app_identity(&anchor, s->plan.identity);
	memcpy(s->apps[0].identity, s->plan.identity, 32);
	memcpy(s->apps[1].identity, s->plan.identity, 32);
}

static void
test_birth(void)
{
	Story		s;

	begin(&s);
	be_born(&s);
	s.outs[1].nft = true;
	s.outs[1].remaining = 500;
	check(&s, CB_NFT_BORN, 0, NULL, "birth");
	is_int(s.lineage.nft_vout, 1, "it is in output 1");
	holds(&s, 0, -1, 0);
	holds(&s, 1, 500, 0);
	holds(&s, 2, -1, 0);
	s.outs[1].remaining = 0;
	check(&s, CB_NFT_BORN, 0, NULL, "birth with nothing to mint");
	holds(&s, 1, 0, 0);
	s.outs[1].silent = true;
	check(&s, CB_NFT_BORN, 0, NULL, "birth without a word of what remains");
	holds(&s, 1, 0, 0);
	s.outs[1].silent = false;
	s.outs[1].remaining = 500;
	s.version = 8;
	check(&s, CB_NFT_BORN, 0, NULL, "birth by an older version");
	holds(&s, 1, 500, 0);
}

static void
test_wrong_birth(void)
{
	Story		s;

	begin(&s);
	be_born(&s);
	s.outs[0].nft = s.outs[1].nft = true;
	s.outs[0].remaining = s.outs[1].remaining = 500;
	check(&s, CB_NFT_ENDED, 0, twice, "birth of two");
	holds(&s, 0, -1, 0);
	holds(&s, 1, -1, 0);
	s.outs[1].nft = false;
	s.outs[1].amount = 1;
	check(&s, CB_NFT_BORN, 0, exceed, "birth with a token");
	holds(&s, 0, 500, 0);
	holds(&s, 1, -1, 0);
	s.outs[1].amount = 0;
	s.apps[0].vk[31]++;
	check(&s, CB_NFT_ENDED, 0, NULL, "birth under another key");
	holds(&s, 0, -1, 0);
	s.apps[0].vk[31]--;
	s.apps[0].identity[31]--;
	check(&s, CB_NFT_ENDED, 0, NULL, "birth under another identity");
	holds(&s, 0, -1, 0);
	s.apps[0].identity[31]++;
	s.apps[0].tag[0] = 'b';
	check(&s, CB_NFT_ENDED, 0, NULL, "birth under another tag");
	holds(&s, 0, -1, 0);
	s.apps[0].tag[0] = 'n';
	s.no_spell = true;
	check(&s, CB_NFT_ENDED, 0, NULL, "the outpoint is spent without a spell");
	holds(&s, 0, -1, 0);
	s.no_spell = false;
	s.outs[0].beamed = true;
	check(&s, CB_NFT_ENDED, 0, NULL, "born and beamed out");
	holds(&s, 0, -1, 0);
}

static void
test_moves(void)
{
	Story		s;

	begin_mint(&s);
	s.outs[0].nft = false;
	s.outs[1].amount = 0;
	s.outs[2].nft = true;
	s.outs[2].remaining = 100;
	check(&s, CB_NFT_MOVED, 0, NULL, "it goes on");
	is_int(s.lineage.nft_vout, 2, "in output 2");
	holds(&s, 0, -1, 0);
	holds(&s, 2, 100, 0);
	s.in[1] = s.in[0];
	memset(&s.in[0], 0, sizeof(s.in[0]));
	check(&s, CB_NFT_MOVED, 0, NULL, "from the second input");
	holds(&s, 2, 100, 0);
	s.outs[2].silent = true;
	s.outs[1].amount = 1;
	check(&s, CB_NFT_MOVED, 0, exceed, "it no longer says what remains, with a token");
	holds(&s, 2, 0, 0);
	holds(&s, 1, -1, 0);
}

static void
test_end(void)
{
	Story		s;

	begin_mint(&s);
	s.outs[0].nft = false;
	s.outs[1].amount = 0;
	check(&s, CB_NFT_ENDED, 0, NULL, "burnt");
	holds(&s, 0, -1, 0);
	s.outs[1].amount = 1;
	check(&s, CB_NFT_ENDED, 0, exceed, "burnt, with a token: it gave up nothing");
	holds(&s, 1, -1, 0);
	s.in[1].held.amount = 1;
	check(&s, CB_NFT_ENDED, 0, NULL, "burnt beside a token that is sent");
	holds(&s, 1, -1, 1);
	begin_mint(&s);
	s.outs[2].nft = true;
	check(&s, CB_NFT_ENDED, 0, exceed, "two of one, with tokens");
	s.outs[1].amount = 0;
	check(&s, CB_NFT_ENDED, 0, twice, "two of one");
	holds(&s, 0, -1, 0);
	holds(&s, 2, -1, 0);
}

static void
test_strangers(void)
{
	Story		s;

	begin(&s);
	s.outs[0].nft = true;
	s.outs[0].remaining = 1000;
	check(&s, CB_NFT_ELSEWHERE, 0, stranger, "a second NFT");
	holds(&s, 0, -1, 0);
	s.outs[1].amount = 5;
	check(&s, CB_NFT_ELSEWHERE, 0, exceed, "a second NFT with tokens");
	holds(&s, 1, -1, 0);
	s.in[0].held.amount = 5;
	check(&s, CB_NFT_ELSEWHERE, 0, stranger, "a second NFT beside tokens that are sent");
	holds(&s, 0, -1, 0);
	holds(&s, 1, -1, 5);
	begin(&s);
	s.outs[0].nft = true;
	s.outs[1].amount = 5;
	s.apps[0].vk[0] = s.apps[1].vk[0] = 0;
	check(&s, CB_NFT_ELSEWHERE, 0, NULL, "NFT and tokens of another key");
	holds(&s, 0, -1, 0);
	holds(&s, 1, -1, 0);
}

static void
test_minting(void)
{
	Story		s;

	begin_mint(&s);
	check(&s, CB_NFT_MOVED, 0, NULL, "minting");
	is_int((int64_t) s.lineage.minted, 40, "forty are minted");
	holds(&s, 0, 60, 0);
	holds(&s, 1, -1, 40);
	s.outs[1].amount = 39;
	check(&s, CB_NFT_MOVED, 1, NULL, "minting fewer than is given up");
	is_int((int64_t) s.lineage.minted, 40, "what is given up counts as minted");
	holds(&s, 0, 60, 0);
	holds(&s, 1, -1, 39);
	s.outs[1].amount = 41;
	check(&s, CB_NFT_MOVED, 40, exceed, "minting more");
	holds(&s, 0, 60, 0);
	holds(&s, 1, -1, 0);
	s.in[1].held.amount = 1;
	check(&s, CB_NFT_MOVED, 0, NULL, "minting beside a token");
	holds(&s, 1, -1, 41);
	s.outs[0].amount = 1;
	check(&s, CB_NFT_MOVED, 41, exceed, "one more, on the NFT's own output");
	holds(&s, 0, 60, 0);
	holds(&s, 1, -1, 0);
	begin_mint(&s);
	s.outs[0].remaining = 0;
	s.outs[0].amount = 60;
	check(&s, CB_NFT_MOVED, 0, NULL, "the last are minted");
	holds(&s, 0, 0, 60);
	s.in[0].held.remaining = 0;
	check(&s, CB_NFT_MOVED, 0, exceed, "sold out stays sold out");
	holds(&s, 0, 0, 0);
}

static void
test_raised(void)
{
	Story		s;

	begin_mint(&s);
	s.outs[0].remaining = 101;
	s.outs[1].amount = 0;
	check(&s, CB_NFT_MOVED, 0, raised, "raised by one");
	is_int((int64_t) s.lineage.minted, 0, "nothing is minted");
	holds(&s, 0, 100, 0);
	s.in[0].held.remaining = 0;
	s.outs[0].remaining = UINT64_MAX;
	check(&s, CB_NFT_MOVED, 0, raised, "raised from zero");
	holds(&s, 0, 0, 0);
	s.outs[1].amount = 1;
	check(&s, CB_NFT_MOVED, 0, exceed, "raised, with a token");
	holds(&s, 0, 0, 0);
	holds(&s, 1, -1, 0);
	s.in[1].held.amount = 1;
	check(&s, CB_NFT_MOVED, 0, raised, "raised beside a token that is sent");
	holds(&s, 1, -1, 1);
}

static void
test_tokens(void)
{
	Story		s;

	begin(&s);
	s.in[0].held.amount = 7;
	s.in[1].held.amount = 5;
	s.outs[0].amount = 10;
	s.outs[2].amount = 2;
	check(&s, CB_NFT_ELSEWHERE, 0, NULL, "sent");
	holds(&s, 0, -1, 10);
	holds(&s, 1, -1, 0);
	holds(&s, 2, -1, 2);
	s.outs[2].amount = 1;
	check(&s, CB_NFT_ELSEWHERE, 1, NULL, "one burnt");
	holds(&s, 2, -1, 1);
	s.outs[2].amount = 3;
	check(&s, CB_NFT_ELSEWHERE, 12, exceed, "one from nothing");
	holds(&s, 0, -1, 0);
	holds(&s, 2, -1, 0);
	s.apps[1].tag[0] = 'u';
	check(&s, CB_NFT_ELSEWHERE, 12, NULL, "turned into something else");
	holds(&s, 0, -1, 0);
}

static void
test_too_many(void)
{
	Story		s;

	begin(&s);
	s.in[0].held.amount = UINT64_MAX;
	s.outs[0].amount = UINT64_MAX;
	check(&s, CB_NFT_ELSEWHERE, 0, NULL, "as many as there can be");
	holds(&s, 0, -1, UINT64_MAX);
	s.outs[1].amount = 1;
	check(&s, CB_NFT_ELSEWHERE, UINT64_MAX, exceed, "one more");
	holds(&s, 0, -1, 0);
	s.in[1].held.amount = UINT64_MAX;
	check(&s, CB_NFT_ELSEWHERE, UINT64_MAX, exceed, "one more, whatever the inputs are said to have");
	begin(&s);
	s.outs[0].amount = UINT64_MAX;
	s.outs[1].amount = 1;
	check(&s, CB_NFT_ELSEWHERE, 0, exceed, "so many that their sum is zero");
	holds(&s, 0, -1, 0);
	holds(&s, 1, -1, 0);
}

static void
test_beamed_out(void)
{
	Story		s;

	begin(&s);
	s.in[0].held.amount = 12;
	s.outs[0].amount = 10;
	s.outs[0].beamed = true;
	s.outs[1].amount = 2;
	check(&s, CB_NFT_ELSEWHERE, 10, NULL, "ten beamed out");
	beamed_out(&s, 0, 10);
	holds(&s, 1, -1, 2);
	s.outs[1].amount = 3;
	check(&s, CB_NFT_ELSEWHERE, 12, exceed, "they are not to be had a second time");
	beamed_out(&s, 0, 0);
	holds(&s, 1, -1, 0);
	begin_mint(&s);
	s.outs[0].beamed = true;
	check(&s, CB_NFT_ENDED, 0, NULL, "minted, and the NFT beamed out");
	beamed_out(&s, 0, 0);
	holds(&s, 1, -1, 40);
	s.outs[0].amount = 1;
	s.outs[1].amount = 39;
	check(&s, CB_NFT_ENDED, 1, NULL, "minted, and the NFT beamed out with a token");
	beamed_out(&s, 0, 1);
	holds(&s, 1, -1, 39);
	s.outs[2].beamed = true;
	check(&s, CB_NFT_ENDED, 1, NULL, "and an output without charms");
	beamed_out(&s, 2, 0);
}

static void
test_beamed_in(void)
{
	Story		s;

	begin(&s);
	s.in[0].beamed_in = 5;
	s.in[1].held.amount = 1;
	s.outs[0].amount = 6;
	check(&s, CB_NFT_ELSEWHERE, 1, exceed, "beamed in where the plan does not say so");
	holds(&s, 0, -1, 0);
	s.plan.takes_beamed_in = true;
	check(&s, CB_NFT_ELSEWHERE, 0, NULL, "beamed in where it does");
	holds(&s, 0, -1, 6);
	s.outs[0].amount = 7;
	check(&s, CB_NFT_ELSEWHERE, 6, exceed, "one more than was beamed in");
	holds(&s, 0, -1, 0);
	s.no_spell = true;
	check(&s, CB_NFT_ELSEWHERE, 6, NULL, "beamed in, and spent without a spell");
}

/* Before version 10 the last input is not in the proof. */
static void
test_unproved_inputs(void)
{
	Story		s;

	begin(&s);
	s.in[1].held.amount = 5;
	s.outs[0].amount = 5;
	check(&s, CB_NFT_ELSEWHERE, 0, NULL, "version 15, from the last input");
	s.version = 9;
	check(&s, CB_NFT_ELSEWHERE, 5, exceed, "version 9, from the last input");
	holds(&s, 0, -1, 0);
	s.in[0] = s.in[1];
	check(&s, CB_NFT_ELSEWHERE, 5, NULL, "version 9, from the first input beside the last");
	holds(&s, 0, -1, 5);
	begin_mint(&s);
	s.version = 9;
	check(&s, CB_NFT_MOVED, 0, NULL, "version 9, the NFT in the first input");
	s.in[1] = s.in[0];
	memset(&s.in[0], 0, sizeof(s.in[0]));
	s.outs[1].amount = 0;
	check(&s, CB_NFT_ENDED, 0, stranger, "version 9, the NFT in the last input");
	holds(&s, 0, -1, 0);
}

static void
test_no_spell(void)
{
	Story		s;

	begin_mint(&s);
	s.in[0].held.amount = 3;
	s.in[1].held.amount = 4;
	s.no_spell = true;
	check(&s, CB_NFT_ENDED, 7, NULL, "spent without a valid spell");
	for (uint32_t i = 0; i < N_OUTPUTS; i++)
		holds(&s, i, -1, 0);
	begin(&s);
	s.no_spell = true;
	check(&s, CB_NFT_ELSEWHERE, 0, NULL, "a transaction that has nothing to do with the plan");
	holds(&s, 0, -1, 0);
}
