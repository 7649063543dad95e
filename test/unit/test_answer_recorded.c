/*-------------------------------------------------------------------------
 *
 * test_answer_recorded.c
 *	  What provers were asked and answered: asked the same by this code, and
 *	  judged by it.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "bitcoin/cb_tx_draft.h"
#include "charms/cb_answer_check.h"
#include "charms/cb_spell_build.h"
#include "charms/cb_spell_request.h"

#include "recorded_answers.h"
#include "spell_tx.h"
#include "tap.h"

/* A request for one token, with the transactions of its answer. */
typedef struct Recorded
{
	SpellTx		commit;
	SpellTx		spell_tx;
	uint8_t    *scripts[5];
	uint8_t		spell[400];
	CbAskedInput inputs[2];
	CbTxOut		output;
	CbAsked		asked;
} Recorded;

static CbSpan script_of(Recorded *r, int i, const char *hex);
static void build_spell(Recorded *r, bool has_commit);
static void load(Recorded *r, bool has_commit);
static void unload(Recorded *r);
static const char *judge(Recorded *r);
static void check_fee_script(Recorded *r);
static void test_request(void);
static void test_answer(bool has_commit);

int
main(void)
{
	test_request();
	test_answer(false);
	test_answer(true);
	return done();
}

static CbSpan
script_of(Recorded *r, int i, const char *hex)
{
	CbSpan		span;

	r->scripts[i] = hex_bytes(hex, &span.len);
	span.data = r->scripts[i];
	return span;
}

/* From version 10 on the input that pays is one of the spell's. */
static void
build_spell(Recorded *r, bool has_commit)
{
	CbApp		app = {.tag = "t"};
	CbDraftCharm charm = {.app = 0, .amount = 1};
	CbDraftCoin inputs[2] = {{r->inputs[0].outpoint, &charm, 1}, {r->inputs[1].outpoint, NULL, 0}};
	CbDraftCoin output = {.charms = &charm, .n_charms = 1};
	CbSpellDraft draft = {
		.action = CB_SPELL_SEND,
		.version = has_commit ? CB_DRAFT_OLD_VERSION : CB_DRAFT_VERSION,
		.apps = &app, .n_apps = 1, .inputs = inputs, .n_inputs = has_commit ? 1 : 2,
		.outputs = &output, .n_outputs = 1
	};
	CbWriter	w = cb_writer(r->spell, sizeof(r->spell));
	size_t		len;

	if (cb_hex_decode(RECORDED_IDENTITY, 64, app.identity, 32, &len) != CB_OK ||
		cb_hex_decode(RECORDED_VK, 64, app.vk, 32, &len) != CB_OK || cb_spell_build(&draft, &w) != NULL)
		abort();
	r->asked.spell.data = w.data;
	r->asked.spell.len = w.len;
}

static void
load(Recorded *r, bool has_commit)
{
	CbTxInIter	it;
	CbTxIn		in;

	memset(r, 0, sizeof(*r));
	spell_tx_from_hex(&r->spell_tx, has_commit ? RECORDED_OLD : RECORDED_NEW);
	spell_tx_from_hex(&r->commit, RECORDED_COMMIT);
	it = cb_tx_inputs(&r->spell_tx.tx);
	(void) cb_tx_next_input(&it, &in);
	r->inputs[0] = (CbAskedInput) {in.prevout, {1000, script_of(r, 0, RECORDED_TOKEN_SCRIPT)}};
	it = cb_tx_inputs(&r->commit.tx);
	(void) cb_tx_next_input(&it, &in);
	r->inputs[1] = (CbAskedInput) {in.prevout, {90000, script_of(r, 1, RECORDED_FUNDING_SCRIPT)}};
	r->output = (CbTxOut) {1000, script_of(r, 2, RECORDED_DEST_SCRIPT)};
	r->asked.has_commit = has_commit;
	r->asked.inputs = r->inputs;
	r->asked.n_inputs = 2;
	r->asked.outputs = &r->output;
	r->asked.n_outputs = 1;
	r->asked.change_script = script_of(r, 3, RECORDED_CHANGE_SCRIPT);
	r->asked.prover_script = script_of(r, 4, RECORDED_FEE_SCRIPT);
	r->asked.max_prover_fee = 2000;
	r->asked.fee_rate = 2000;
	r->asked.max_fee = 2000;
	r->asked.max_fee_rate = 2000;
	r->asked.takes_mock = true;
	build_spell(r, has_commit);
}

static void
unload(Recorded *r)
{
	for (size_t i = 0; i < 5; i++)
		free(r->scripts[i]);
	spell_tx_free(&r->commit);
	spell_tx_free(&r->spell_tx);
}

static const char *
judge(Recorded *r)
{
	static CbSpellVerifier verifier;
	CbAnswer	answer = {r->asked.has_commit ? &r->commit.tx : NULL, &r->spell_tx.tx, &r->spell_tx.joined};
	CbAnswerCost cost;

	return cb_answer_check(&r->asked, &answer, &verifier, &cost);
}

/* As it was sent: the inputs, and the one output that is asked for. */
static void
test_request(void)
{
	Recorded	r;
	uint8_t		raw[300];
	uint8_t		spell[700];
	char		hex[2 * sizeof(spell) + 1] = "";
	CbWriter	w = cb_writer(raw, sizeof(raw));
	CbWriter	written = cb_writer(spell, sizeof(spell));
	CbOutpoint	inputs[2];
	CbTx		tx;

	load(&r, false);
	inputs[0] = r.inputs[0].outpoint;
	inputs[1] = r.inputs[1].outpoint;
	cb_tx_write_draft(&w, inputs, 2, &r.output, 1);
	is_int(cb_tx_parse(raw, w.len, &tx), CB_OK, "a transaction is drafted");
	is_int(cb_spell_request_write(&tx, r.asked.spell, true, &written), CB_OK, "and its spell written");
	cb_hex_encode(written.data, written.len, hex);
	is_str(hex, RECORDED_SPELL, "it is what the prover was sent");
	unload(&r);
}

static void
test_answer(bool has_commit)
{
	const char *what = has_commit ? "version 8" : "version 15";
	Recorded	r;

	load(&r, has_commit);
	is_str(judge(&r), NULL, "%s: the answer is taken", what);
	r.asked.takes_mock = false;
	is_str(judge(&r), "the spell is a mock", "%s: but where mocks do not count", what);
	r.asked.takes_mock = true;
	r.asked.fee_rate = 3000;
	is_str(judge(&r), "the fee is less than was asked for", "%s: or the fee was to be higher", what);
	r.asked.fee_rate = 2000;
	r.asked.max_fee_rate = 1900;
	is_str(judge(&r), "the fee rate is higher than may be paid", "%s: or may not be so high", what);
	r.asked.max_fee_rate = 2000;
	r.asked.change_script = r.asked.prover_script;
	is_str(judge(&r), "an output pays somebody who was not to be paid", "%s: or the change goes elsewhere", what);
	unload(&r);
	load(&r, has_commit);
	if (!has_commit)
		check_fee_script(&r);
	unload(&r);
}

/* It took 1934 sats. */
static void
check_fee_script(Recorded *r)
{
	r->asked.max_prover_fee = 1933;
	is_str(judge(r), "the prover takes more for itself than it may", "its fee is a sat too high");
	r->asked.max_prover_fee = 1934;
	is_str(judge(r), NULL, "and is not");
}
