/*-------------------------------------------------------------------------
 *
 * test_spell.c
 *	  Spells that are made by hand: what they say, what their proofs would be
 *	  about, and every way in which one is refused.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "charms/cb_spell.h"

#include "spell_tx.h"
#include "tap.h"

static CbSpellState read_payload(const char *hex, CbSpell *spell);
static void test_fields(void);
static void refused(const char *hex, const char *reason, const char *what);
static void test_structure(void);
static void test_apps(void);
static void test_many_apps(void);
static void test_outputs(void);
static void test_data(void);
static void test_amounts(void);
static void test_versions(void);
static void test_carriers(void);
static void test_witness_carriers(void);
static void test_truncations(void);
static void test_committed(void);
static void test_apps_text(void);

int
main(void)
{
	test_fields();
	test_structure();
	test_apps();
	test_many_apps();
	test_outputs();
	test_data();
	test_amounts();
	test_versions();
	test_carriers();
	test_witness_carriers();
	test_truncations();
	test_committed();
	test_apps_text();
	return done();
}

/* In the OP_RETURN of a transaction with two more outputs. */
static CbSpellState
read_payload(const char *hex, CbSpell *spell)
{
	SpellTx		stx;
	CbSpellState state;

	spell_tx_with_payload(&stx, hex);
	state = cb_spell_read(&stx.tx, &stx.joined, spell);
	spell_tx_free(&stx);
	return state;
}

static void
test_fields(void)
{
	SpellTx		stx;
	CbSpell		spell;
	CbApp		app;
	CbCharmIter it;
	CbCharm		charm;
	uint64_t	amount;
	uint8_t		hash[32];

	spell_tx_with_payload(&stx, FULL_PAYLOAD);
	is_int(cb_spell_read(&stx.tx, &stx.joined, &spell), CB_SPELL_READ, "a spell with all fields is read");
	is_int(spell.version, 15, "its version");
	is_int(spell.n_apps, 2, "its apps");
	is_int(spell.n_outs, 2, "its outputs");
	ok(spell.mock, "it is a mock");
	is_int((int64_t) spell.proof_len, 3, "with a proof of three bytes");
	ok(spell.proof[0] == 1 && spell.proof[2] == 255, "which are these");
	ok(cb_spell_app(&spell, 1, &app) && cb_app_is_token(&app), "the second app is a token");
	ok(!cb_spell_app(&spell, 2, &app), "there is no third");
	it = cb_spell_charms(&spell);
	ok(cb_spell_next_charm(&it, &charm) && charm.vout == 1 && charm.app == 0, "the first charm");
	cb_spell_app(&spell, 0, &app);
	ok(!cb_charm_amount(&app, &charm, &amount), "has no amount, since its app is no token");
	ok(cb_spell_next_charm(&it, &charm) && charm.vout == 1 && charm.app == 1, "the second charm");
	cb_spell_app(&spell, 1, &app);
	ok(cb_charm_amount(&app, &charm, &amount) && amount == UINT64_MAX, "has the largest amount");
	ok(!cb_spell_next_charm(&it, &charm), "and is the last");
	ok(cb_spell_beamed_out(&spell, 1, hash) && hash[0] == 0x11, "output 1 is beamed out");
	ok(!cb_spell_beamed_out(&spell, 0, hash), "output 0 is not");
	spell_tx_free(&stx);
}

static void
refused(const char *hex, const char *reason, const char *what)
{
	CbSpell		spell;
	CbApp		app;
	CbCharmIter it;
	CbCharm		charm;

	is_int(read_payload(hex, &spell), CB_SPELL_MALFORMED, "refused: %s", what);
	is_str(spell.reason, reason, "and said why");
	it = cb_spell_charms(&spell);
	ok(!cb_spell_next_charm(&it, &charm) && !cb_spell_app(&spell, 0, &app), "and it has no charms and no apps");
}

static void
test_structure(void)
{
	static const char *const misplaced = "a field is missing or misplaced";
	static const char *const unknown = "a field is unknown, repeated or misplaced";

	refused("", "input ends too early", "nothing");
	refused("f6", "CBOR value of the wrong type", "null");
	refused("a0", "CBOR value of the wrong type", "a spell without proof");
	refused("83" SPELL PROOF "00", "the payload is no pair of spell and proof", "three in place of two");
	refused("81" SPELL, "the payload is no pair of spell and proof", "one in place of two");
	refused("9f" SPELL PROOF "ff", "malformed or non-canonical CBOR", "a pair of indefinite length");
	refused("82" SPELL PROOF "00", "the payload goes on after the proof", "a byte after it");
	refused("82" SPELL "43010203", "CBOR value of the wrong type", "a proof as byte string");
	refused("82" SPELL "82190100" "00", "the proof is not made of bytes", "a proof of other numbers");
	refused("82" SPELL "990165" BYTES_357, "the proof is too long", "a proof of 357 bytes");
	refused(PAIR("a0"), misplaced, "an empty spell");
	refused(PAIR("a2" VERSION(0f) TX("a1" OUTS("80"))), misplaced, "no apps");
	refused(PAIR("a2" VERSION(0f) APPS("a0")), misplaced, "no transaction");
	refused(PAIR("a2" TX("a1" OUTS("80")) APPS("a0")), misplaced, "no version");
	refused(PAIR("a3" TX("a1" OUTS("80")) VERSION(0f) APPS("a0")), misplaced, "version in second place");
	refused(PAIR("a4" VERSION(0f) VERSION(0f) TX("a1" OUTS("80")) APPS("a0")), misplaced, "version twice");
	refused(PAIR("a4" VERSION(0f) TX("a1" OUTS("80")) APPS("a0") "616100"), unknown, "a field more");
	refused(PAIR("a4" VERSION(0f) TX("a1" OUTS("80")) APPS("a0") APPS("a0")), unknown, "apps twice");
	refused(PAIR("a5" VERSION(0f) TX("a1" OUTS("80")) APPS("a0") MOCK VERSIONED), unknown, "the last fields exchanged");
	refused(PAIR("a4" VERSION(0f) TX("a1" OUTS("80")) APPS("a0") "646d6f636bf4"), "a field is written although it is empty", "mock: false");
	refused(PAIR("a4" VERSION(0f) TX("a1" OUTS("80")) APPS("a0") "646d6f636b01"), "CBOR value of the wrong type", "mock: 1");
	refused(PAIR("a4" VERSION(0f) TX("a1" OUTS("80")) APPS("a0") VERSIONED_KEY "a0"), "a field is written although it is empty", "no versioned apps");
	refused(PAIR("a3" VERSION(0f) TX("a0") APPS("a0")), misplaced, "a transaction without outputs");
	refused(PAIR("a3" VERSION(0f) TX("a2" "63696e7380" OUTS("80")) APPS("a0")), "the spell names inputs of its own", "ins");
	refused(PAIR("a3" VERSION(0f) TX("a2" "63696e73f6" OUTS("80")) APPS("a0")), "the spell names inputs of its own", "ins: null");
	refused(PAIR("a3" VERSION(0f) TX("a2" OUTS("80") "65636f696e7380") APPS("a0")), "the spell names coins of its own", "coins");
	refused(PAIR("a3" VERSION(0f) TX("a2" OUTS("80") "63696e7380") APPS("a0")), unknown, "ins in another place");
	refused(PAIR("a3" VERSION(0f) TX("a2" OUTS("80") "64726566738" "0") APPS("a0")), unknown, "refs after outs");
	refused(PAIR("a3" VERSION(0f) TX("a2" "647265667381" "4100" OUTS("80")) APPS("a0")), "a reference is no outpoint", "a reference of one byte");
	refused(PAIR("a3" "67" "76657273696f6e" "180f" TX("a1" OUTS("80")) APPS("a0")), "malformed or non-canonical CBOR", "a version longer than need be");
	refused(PAIR("bf" VERSION(0f) TX("a1" OUTS("80")) APPS("a0") "ff"), "malformed or non-canonical CBOR", "a spell of indefinite length");
}

static void
test_apps(void)
{
	static const char *const order = "apps are repeated or not in order";
	CbSpell		spell;

	is_int(read_payload(PAIR("a3" VERSION(0f) TX("a1" OUTS("80")) APPS("a3" APP("616e", A32_2, A32_2) "f6" APP("6174", A32_1, A32_2) "f6" APP("6174", A32_2, A32_1) "f6")), &spell),
		   CB_SPELL_READ, "apps by tag, identity, vk");
	is_int(read_payload(PAIR("a3" VERSION(0f) TX("a1" OUTS("80")) APPS("a2" APP("6174", A32_1, A32_2) "f6" APP("62c3bc", A32_1, A32_1) "f6")), &spell),
		   CB_SPELL_READ, "a tag of two bytes");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("80")) APPS("a2" APP("6174", A32_1, A32_1) "f6" APP("616e", A32_1, A32_1) "f6")), order, "tags descending");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("80")) APPS("a2" APP("6174", A32_2, A32_1) "f6" APP("6174", A32_1, A32_2) "f6")), order, "identities descending");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("80")) APPS("a2" APP("6174", A32_1, A32_2) "f6" APP("6174", A32_1, A32_1) "f6")), order, "vks descending");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("80")) APPS("a2" APP("6174", A32_1, A32_1) "f6" APP("6174", A32_1, A32_1) "00")), order, "an app twice");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("80")) APPS("a2" APP("6174", A32_F, A32_1) "f6" APP("6174", A32_1, A32_1) "f6")), order, "identities that sort otherwise as CBOR");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("80")) APPS("a1" APP("60", A32_1, A32_1) "f6")), "invalid character", "no tag");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("80")) APPS("a1" APP("6100", A32_1, A32_1) "f6")), "invalid character", "zero for a tag");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("80")) APPS("a1" APP("627474", A32_1, A32_1) "f6")), "invalid character", "a tag of two letters");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("80")) APPS("a1" APP("6180", A32_1, A32_1) "f6")), "invalid character", "a tag that is no text");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("80")) APPS("a1" "82" "6174" A32_1 "f6")), "an app or a hash has the wrong length", "an app without vk");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("80")) APPS("a1" "83" "6174" A32_1 "5820" ZEROS_32 "f6")), "CBOR value of the wrong type", "a vk as byte string");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("80")) APPS("a1" "83" "6174" A32_1 "8100" "f6")), "an app or a hash has the wrong length", "a vk of one byte");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("80")) APPS("a1" APP("6174", A32_1, A32_1) "c100")), "malformed or non-canonical CBOR", "a tagged input");
	refused(PAIR("a4" VERSION(0f) TX("a1" OUTS("80")) APPS("a0") VERSIONED_KEY "a2" VERSIONED_APP(A32_2) VERSIONED_APP(A32_1)),
			"versioned apps are repeated or not in order", "versioned apps descending");
	refused(PAIR("a4" VERSION(0f) TX("a1" OUTS("80")) APPS("a0") VERSIONED_KEY "a2" VERSIONED_APP(A32_1) VERSIONED_APP(A32_1)),
			"versioned apps are repeated or not in order", "a versioned app twice");
	refused(PAIR("a4" VERSION(0f) TX("a1" OUTS("80")) APPS("a0") VERSIONED_KEY "a1" A32_1 "a1" VERSION(01)), "a field is missing or misplaced", "a versioned app without hash");
	refused(PAIR("a4" VERSION(0f) TX("a1" OUTS("80")) APPS("a0") VERSIONED_KEY "a1" A32_1 "a2" "67" "76657273696f6e" "1b0000000100000000" WASM_HASH),
			"an app's version is out of range", "an app's version beyond 32 bits");
}

/* As many apps as there may be, and one more. */
static void
test_many_apps(void)
{
	for (int n = CB_SPELL_MAX_APPS; n <= CB_SPELL_MAX_APPS + 1; n++)
	{
		static char hex[200 * (CB_SPELL_MAX_APPS + 2)];
		int			len = sprintf(hex, "82" "a3" VERSION(0f) TX("a1" OUTS("80")) APPS("b9%04x"), (unsigned) n);
		CbSpell		spell;

		for (int i = 0; i < n; i++)
			len += sprintf(hex + len, "83" "6174" "9820" "18%02x" "18%02x%060d" "9820%064d" "f6",
						   24 + (unsigned) i / 200, 24 + (unsigned) i % 200, 0, 0);
		sprintf(hex + len, PROOF);
		is_int(read_payload(hex, &spell), n > CB_SPELL_MAX_APPS ? CB_SPELL_MALFORMED : CB_SPELL_READ,
			   "%d apps are read up to the limit", n);
	}
}

static void
test_outputs(void)
{
	static const char *const order = "indexes are repeated or not in order";
	static const char *const range = "an index is out of range";
	CbSpell		spell;

	is_int(read_payload(PAIR("a3" VERSION(0f) TX("a1" OUTS("83" "a0a0a10000")) APPS(ONE_APP)), &spell), CB_SPELL_READ, "as many outputs as the transaction has");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("84" "a0a0a0a0")) APPS(ONE_APP)), "the spell has more outputs than the transaction", "one more");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("81" "a10100")) APPS(ONE_APP)), "a charm is of no app", "the second of one app");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("81" "a11903ff00")) APPS(ONE_APP)), "a charm is of no app", "the last app that there can be");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("81" "a119040000")) APPS(ONE_APP)), range, "an app beyond all limits");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("81" "a100f4")) APPS("a0")), "a charm is of no app", "a charm where there is no app");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("81" "a2000000" "01")) APPS(ONE_APP)), order, "an app twice in an output");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("81" "a201000001")) APPS(TWO_APPS)), order, "apps descending in an output");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("81" "a12000")) APPS(ONE_APP)), "CBOR value of the wrong type", "a negative index");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("a0")) APPS(ONE_APP)), "CBOR value of the wrong type", "outputs as a map");
	refused(PAIR("a3" VERSION(0f) TX("a2" OUTS("80") BEAMED "a10a" A32_1) APPS(ONE_APP)), range, "an output beamed that does not exist");
	refused(PAIR("a3" VERSION(0f) TX("a2" OUTS("80") BEAMED "a200" A32_1 "00" A32_1) APPS(ONE_APP)), order, "an output beamed twice");
	refused(PAIR("a3" VERSION(0f) TX("a2" OUTS("80") BEAMED "a100" "8100") APPS(ONE_APP)), "an app or a hash has the wrong length", "a destination of one byte");
	refused(PAIR("a3" VERSION(0f) TX("a2" OUTS("80") SCROLLS "8103") APPS(ONE_APP)), range, "a scroll that does not exist");
	refused(PAIR("a3" VERSION(0f) TX("a2" OUTS("80") SCROLLS "820000") APPS(ONE_APP)), order, "a scroll twice");
	refused(PAIR("a3" VERSION(0f) TX("a3" OUTS("80") SCROLLS "8100" BEAMED "a100" A32_1) APPS(ONE_APP)), "a field is unknown, repeated or misplaced", "scrolls before beamed outputs");
}

static void
test_data(void)
{
	CbSpell		spell;

	is_int(read_payload(PAIR("a3" VERSION(0f) TX("a1" OUTS("81" "a100" "a161618120")) APPS(ONE_APP)), &spell), CB_SPELL_READ, "data with a negative number");
	is_int(read_payload(PAIR("a3" VERSION(0f) TX("a1" OUTS("81" "a100" "c249010000000000000000")) APPS(ONE_NFT)), &spell), CB_SPELL_READ, "data beyond 64 bits");
	is_int(read_payload(PAIR("a3" VERSION(0f) TX("a1" OUTS("81" "a100" "fb3ff199999999999a")) APPS(ONE_NFT)), &spell), CB_SPELL_READ, "data with a fraction");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("81" "a100" "1801")) APPS(ONE_APP)), "malformed or non-canonical CBOR", "a number longer than need be");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("81" "a100" "9fff")) APPS(ONE_APP)), "malformed or non-canonical CBOR", "an array of indefinite length");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("81" "a100" "f7")) APPS(ONE_APP)), "malformed or non-canonical CBOR", "undefined");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("81" "a100" "d903e800")) APPS(ONE_APP)), "malformed or non-canonical CBOR", "a foreign tag");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("81" "a100" "a2616100616101")) APPS(ONE_APP)), "CBOR map with a duplicate key", "a key twice");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("81" "a100" "61ff")) APPS(ONE_APP)), "invalid character", "text that is none");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("81" "a100" NESTED_65)) APPS(ONE_APP)), "CBOR nested too deeply", "arrays in arrays");
}

static void
test_amounts(void)
{
	static const char *const beyond = "a token's amount is negative or beyond 64 bits";
	CbSpell		spell;

	is_int(read_payload(PAIR("a3" VERSION(0f) TX("a1" OUTS("81" "a100" "1bffffffffffffffff")) APPS(ONE_APP)), &spell), CB_SPELL_READ, "the largest amount");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("81" "a100" "c249010000000000000000")) APPS(ONE_APP)), beyond, "an amount of one more");
	refused(PAIR("a3" VERSION(0f) TX("a1" OUTS("81" "a100" "20")) APPS(ONE_APP)), beyond, "an amount of minus one");
	is_int(read_payload(PAIR("a3" VERSION(0f) TX("a1" OUTS("81" "a100" "20")) APPS(ONE_NFT)), &spell), CB_SPELL_READ, "minus one that is no amount");
}

static void
test_versions(void)
{
	static const struct
	{
		const char *hex;
		CbSpellState state;
		uint32_t	version;
		const char *what;
	}			cases[] = {
		{PAIR("a3" VERSION(00) TX("a1" OUTS("80")) APPS("a0")), CB_SPELL_UNSUPPORTED, 0, "version 0"},
		{PAIR("a3" VERSION(01) TX("a1" OUTS("80")) APPS("a0")), CB_SPELL_READ, 1, "version 1"},
		{PAIR("a3" VERSION(0f) TX("a1" OUTS("80")) APPS("a0")), CB_SPELL_READ, 15, "version 15"},
		{PAIR("a3" VERSION(10) TX("a1" OUTS("80")) APPS("a0")), CB_SPELL_UNSUPPORTED, 16, "version 16"},
		{PAIR("a3" VERSION(1affffffff) TX("a1" OUTS("80")) APPS("a0")), CB_SPELL_UNSUPPORTED, UINT32_MAX, "the last version"},
		{PAIR("a3" VERSION(1b0000000100000000) TX("a1" OUTS("80")) APPS("a0")), CB_SPELL_MALFORMED, 0, "a version beyond 32 bits"},
		{"83a2" "00d9000c00" VERSION(10) "c100f7", CB_SPELL_UNSUPPORTED, 16, "version 16 in a form of its own"},
		{PAIR("a1" "67" "76657273696f6e" "20"), CB_SPELL_MALFORMED, 0, "version -1"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		CbSpell		spell;

		is_int(read_payload(cases[i].hex, &spell), cases[i].state, "%s is known for what it is", cases[i].what);
		is_int(spell.version, cases[i].version, "and its number");
		is_int(spell.reason == NULL, cases[i].state == CB_SPELL_READ, "and a reason is given");
	}
}

/* Output scripts, and what is found in a transaction of them. */
static void
test_carriers(void)
{
	static const struct
	{
		const char *first;
		const char *second;
		CbSpellState state;
		const char *reason;
		const char *what;
	}			cases[] = {
		{"51", "6a", CB_SPELL_NONE, "the transaction carries no spell", "scripts of one opcode"},
		{"", "6a0c7370656c6c", CB_SPELL_NONE, "the transaction carries no spell", "a push that ends too early"},
		{"6a067370656c6c21", "6a047370656c", CB_SPELL_NONE, "the transaction carries no spell", "other words"},
		{"51", "6a057370656c6c", CB_SPELL_MALFORMED, "the spell's OP_RETURN carries no payload", "no payload"},
		{"51", "6a057370656c6c51", CB_SPELL_MALFORMED, "the spell's OP_RETURN carries no payload", "a number for a payload"},
		{"51", "6a057370656c6c4c0800", CB_SPELL_MALFORMED, "the spell's OP_RETURN carries no payload", "a payload that ends too early"},
		{"51", "6a057370656c6c00", CB_SPELL_MALFORMED, "input ends too early", "an empty payload"},
		{"51", "6a057370656c6c010000", CB_SPELL_MALFORMED, "the spell's OP_RETURN goes on after its payload", "an opcode after the payload"},
		{"51", "6a057370656c6c01000100", CB_SPELL_MALFORMED, "the spell's OP_RETURN goes on after its payload", "a second payload"},
		{"51", "6a057370656c6c01004c", CB_SPELL_MALFORMED, "the spell's OP_RETURN goes on after its payload", "half an opcode after it"},
		{"51", "51057370656c6c0100", CB_SPELL_MALFORMED, "the output that is marked as a spell is no OP_RETURN", "an output that is no OP_RETURN"},
		{"6a057370656c6c0100", "6a057370656c6c0100", CB_SPELL_MALFORMED, "more than one output is marked as a spell", "two of them"},
		{"51057370656c6c0100", "6a057370656c6c0100", CB_SPELL_MALFORMED, "more than one output is marked as a spell", "a second that is no OP_RETURN"},
		{"6a4c057370656c6c0100", "51", CB_SPELL_MALFORMED, "CBOR value of the wrong type", "a marker that is pushed in another way"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		SpellTx		stx;
		CbSpell		spell;

		spell_tx_with_outputs(&stx, cases[i].first, cases[i].second);
		is_int(cb_spell_read(&stx.tx, &stx.joined, &spell), cases[i].state, "outputs: %s", cases[i].what);
		is_str(spell.reason, cases[i].reason, "and said why");
		spell_tx_free(&stx);
	}
}

static void
test_witness_carriers(void)
{
	static const struct
	{
		const char *witness;
		CbSpellState state;
		const char *reason;
		const char *what;
	}			cases[] = {
		{"02" WITNESS_SCRIPT CONTROL, CB_SPELL_READ, NULL, "a tapscript"},
		{"03" "0100" WITNESS_SCRIPT CONTROL, CB_SPELL_READ, NULL, "a tapscript with a signature"},
		{"03" WITNESS_SCRIPT CONTROL "0150", CB_SPELL_READ, NULL, "a tapscript with an annex"},
		{"02" WITNESS_SCRIPT CONTROL_ODD, CB_SPELL_READ, NULL, "an odd output key"},
		{"02" WITNESS_IN_PIECES CONTROL, CB_SPELL_READ, NULL, "pushes that are to be joined"},
		{"02" WITNESS_SCRIPT CONTROL_TWO, CB_SPELL_MALFORMED, "the spell's tapscript is not the only leaf of its tree", "a tree with two leaves"},
		{"02" WITNESS_SCRIPT CONTROL_OTHER, CB_SPELL_NONE, "the transaction carries no spell", "another leaf version"},
		{"02" WITNESS_SCRIPT "20" ZEROS_32, CB_SPELL_NONE, "the transaction carries no spell", "a control block that is too short"},
		{"01" WITNESS_SCRIPT, CB_SPELL_NONE, "the transaction carries no spell", "a script without control block"},
		{"02" WITNESS_SCRIPT "0150", CB_SPELL_NONE, "the transaction carries no spell", "an annex without control block"},
		{"03" WITNESS_SCRIPT CONTROL "00", CB_SPELL_NONE, "the transaction carries no spell", "an item after the control block"},
		{"02" "09" "0063057370656c6c68" CONTROL, CB_SPELL_MALFORMED, "input ends too early", "an envelope without payload"},
		{"02" "08" "0063057370656c6c" CONTROL, CB_SPELL_MALFORMED, "the spell's envelope is not closed", "an envelope without end"},
		{"02" "0b" "0063057370656c6c010051" CONTROL, CB_SPELL_MALFORMED, "the spell's envelope is not closed", "an opcode in the envelope"},
		{"02" "0a" "0063057370656c6c4c05" CONTROL, CB_SPELL_MALFORMED, "the spell's envelope is not closed", "a push that ends too early"},
		{"02" "09" "5163057370656c6c68" CONTROL, CB_SPELL_NONE, "the transaction carries no spell", "a branch that is taken"},
		{"02" "09" "0064057370656c6c68" CONTROL, CB_SPELL_NONE, "the transaction carries no spell", "OP_NOTIF"},
		{"02" "09" "0063057370656c6d68" CONTROL, CB_SPELL_NONE, "the transaction carries no spell", "another word"},
		{"02" "00" CONTROL, CB_SPELL_NONE, "the transaction carries no spell", "an empty script"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		SpellTx		stx;
		CbSpell		spell;

		spell_tx_with_witness(&stx, "51", cases[i].witness);
		is_int(cb_spell_read(&stx.tx, &stx.joined, &spell), cases[i].state, "witness: %s", cases[i].what);
		is_str(spell.reason, cases[i].reason, "and a reason where it is refused");
		if (cases[i].state != CB_SPELL_NONE)
			is_int(spell.carrier.at, 1, "in the last input");
		stx.joined.capacity = 3;
		if (cases[i].state == CB_SPELL_READ)
			is_int(cb_spell_read(&stx.tx, &stx.joined, &spell), CB_SPELL_MALFORMED, "and not read where it does not fit");
		spell_tx_free(&stx);
	}

	for (int marked = 0; marked <= 1; marked++)
	{
		SpellTx		stx;
		CbSpell		spell;

		spell_tx_with_witness(&stx, marked ? "6a057370656c6c0100" : "6a0100", "02" WITNESS_SCRIPT CONTROL);
		is_int(cb_spell_read(&stx.tx, &stx.joined, &spell), marked ? CB_SPELL_MALFORMED : CB_SPELL_READ,
			   "%s output %s the witness", marked ? "a marked" : "another", marked ? "hides" : "leaves");
		spell_tx_free(&stx);
	}
}

/* No part of a payload is a payload. */
static void
test_truncations(void)
{
	char	   *hex = malloc(sizeof(FULL_PAYLOAD));
	bool		all_refused = true;

	for (size_t cut = 0; cut < sizeof(FULL_PAYLOAD) - 1; cut += 2)
	{
		CbSpell		spell;

		memcpy(hex, FULL_PAYLOAD, cut);
		hex[cut] = '\0';
		if (read_payload(hex, &spell) != CB_SPELL_MALFORMED)
			all_refused = false;
	}
	ok(all_refused, "a payload is refused wherever it is cut");
	free(hex);
}

static void
test_committed(void)
{
	/* {version, tx: {ins, outs, coins}, app_public_inputs}, by version. */
	static const struct
	{
		const char *payload;
		const char *committed;
		const char *what;
	}			cases[] = {
		{PAIR("a3" VERSION(07) TX("a1" OUTS("81a0")) APPS("a0")),
		"a3" VERSION(07) TX("a2" INS("81" FIRST_INPUT) OUTS("81a0")) APPS("a0"), "version 7: all inputs but the last"},
		{PAIR("a3" VERSION(08) TX("a1" OUTS("81a0")) APPS("a0")),
		"a3" VERSION(08) TX("a3" INS("81" FIRST_INPUT) OUTS("81a0") COINS("81" FIRST_COIN)) APPS("a0"), "version 8: with a coin for each output"},
		{PAIR("a3" VERSION(09) TX("a2" REFS("80") OUTS("80")) APPS("a0")),
		"a3" VERSION(09) TX("a4" INS("81" FIRST_INPUT) REFS("80") OUTS("80") COINS("80")) APPS("a0"), "version 9: references after inputs"},
		{PAIR("a3" VERSION(0a) TX("a1" OUTS("80")) APPS("a0")),
		"a3" VERSION(0a) TX("a3" INS("82" FIRST_INPUT SECOND_INPUT) OUTS("80") COINS("80")) APPS("a0"), "version 10: all inputs"},
		{PAIR("a3" VERSION(0e) TX("a1" OUTS("80")) APPS(ONE_APP)),
		"a3" VERSION(0e) TX("a3" INS("82" FIRST_INPUT SECOND_INPUT) OUTS("80") COINS("80")) APPS(ONE_APP), "version 14: the key as text for the last time"},
		{PAIR("a4" VERSION(0f) TX("a3" OUTS("81a0") BEAMED "a100" A32_1 SCROLLS "8101") APPS("a0") VERSIONED),
		"a4" VERSION(0f) TX("a5" INS("82" FIRST_INPUT SECOND_INPUT) OUTS("81a0") BEAMED "a100" A32_1 COINS("81" FIRST_COIN) SCROLLS "8101") APPS("a0") VERSIONED,
		"version 15: coins between beamed outputs and scrolls"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		static const uint8_t key[32] = {0xab};
		uint8_t		out[2000];
		uint8_t		hash[32];
		uint8_t		wanted_hash[32];
		CbWriter	buffer = cb_writer(out, sizeof(out));
		CbCborWriter w = cb_cbor_writer(&buffer);
		SpellTx		stx;
		CbSpell		spell;
		size_t		len;
		uint8_t    *wanted = hex_bytes(cases[i].committed, &len);

		spell_tx_with_payload(&stx, cases[i].payload);
		is_int(cb_spell_read(&stx.tx, &stx.joined, &spell), CB_SPELL_READ, "%s", cases[i].what);
		cb_spell_write_committed(&stx.tx, &spell, &w);
		ok(buffer.error == CB_OK && buffer.len == len && memcmp(out, wanted, len) == 0, "is what the proof is about");
		cb_spell_public_hash(&stx.tx, &spell, key, hash);
		buffer.len = 0;
		if (spell.version >= 15)
			cb_write_bytes(&buffer, "\x82\x98\x20\x18\xab\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 36);
		else
			cb_write_bytes(&buffer, "\x82\x78\x42" "0xab00000000000000000000000000000000000000000000000000000000000000", 69);
		cb_write_bytes(&buffer, wanted, len);
		cb_sha256(out, buffer.len, wanted_hash);
		ok(memcmp(hash, wanted_hash, 32) == 0, "and hashed beside the key");
		spell_tx_free(&stx);
		free(wanted);
	}
}

/* The identity is that of a real app: n/578a5baf... of transaction 1acee7fb... */
static void
test_apps_text(void)
{
	static const char txid[] = "f8f37553fb8f66bb537b5c85214710eb52d5d53a3387f1272bff361bcd3ce7fb";
	static const char wanted[] = "578a5bafd3ac04ef36da08cbe62100cd056fc381fd3783de6e46fc74fc7c27b2";
	CbOutpoint	outpoint;
	uint8_t		identity[32];
	char		hex[65] = "";
	CbApp		app = {"\xc3\xbc", {0xab}, {[31] = 0xcd}};
	char		text[CB_APP_TEXT_SIZE];

	cb_hex_decode_reversed(txid, 64, outpoint.txid.bytes, 32);
	outpoint.vout = 0;
	cb_app_identity(&outpoint, identity);
	cb_hex_encode(identity, 32, hex);
	is_str(hex, wanted, "an outpoint's identity");
	outpoint.vout = UINT32_MAX;
	cb_app_identity(&outpoint, identity);
	cb_hex_encode(identity, 32, hex);
	is_str(hex, "28980ce157f2ffbabcc73eb8bc7e8cc074d5407220107a1219bf9ea63145e176", "with the longest number");
	outpoint.vout = 258;
	cb_beam_hash(&outpoint, identity);
	cb_hex_encode(identity, 32, hex);
	is_str(hex, "e9d462b24c53f82a26a5ce6ce17a86a86dd9806f5e1ccf7bf63756c3be6089e0", "what names it where it is beamed to");
	cb_app_text(&app, text);
	is_str(text, "\xc3\xbc/ab00000000000000000000000000000000000000000000000000000000000000/"
		   "00000000000000000000000000000000000000000000000000000000000000cd", "an app as text");
}
