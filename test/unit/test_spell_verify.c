/*-------------------------------------------------------------------------
 *
 * test_spell_verify.c
 *	  Verdicts: real spells, those tampered with, and proofs of every wrong
 *	  kind.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "charms/cb_spell_verify.h"

#include "spell_tx.h"
#include "tap.h"
#include "vectors.h"

/* Mainnet, transaction 7269cf1b2bc9e513440224ebebabcbd3a4a544d0adb6c5d8ca302953958bc4af. */
static const char version_10_tx[] =
	"02000000000101014eec217f37aa11bf55461745803c3a41fb0796346dc747f2b6a98a6e5ab6cd0300000000ffffffff043c"
	"280000000000001600144344ab076e827b487b1f865892d27501eabcc05a770d000000000000160014318d2dbf53a3f9c41b"
	"2e36683a3a8b8580e055160000000000000000fd22046a057370656c6c4d180482a36776657273696f6e0a627478a1646f75"
	"747381a100a7656d616b6572783e6263317063327538776d3874716a6865306c39616a746868646661307368617973307667"
	"346b32676e3561753977616c6d64787176677373666e6e30787469657865635f74797065a1677061727469616ca064736964"
	"6563626964657072696365821913880166616d6f756e74192710687175616e7469747902656173736574a165746f6b656e78"
	"83742f3364376665376534636561363132313934376166373364373065353131396265626438616135623765646665373462"
	"66616636653737396131383437626439622f6339373564346530633239326662393565666264613563313333313264366163"
	"3164386235616566663766306631653535373836343561326461373066663566716170705f7075626c69635f696e70757473"
	"a283616298200000000000000000000000000000000000000000000000000000000000000000982018a4187118d318fc18c4"
	"183618ae187c18bc0e0c188218a6188c18dc188e00183e18e2181e18f8181918e118ac18f8183418e1181c184318ce184718"
	"d8f68361749820183d187f18e718e418ce18a6121819184718af187318d70e1851181918be18bd188a18a518b718ed18fe18"
	"7418bf18af186e1877189a1818184718bd189b982018c9187518d418e018c2189218fb189518ef18bd18a518c118331218d6"
	"18ac181d188b185a18ef18f718f018f118e518571886184518a218da187018ff185ff699010418a41859184c1859182f18cb"
	"18c805181a188412161862188a184504181c189a18c51824187a0318e41871185218ef18e21819181818ed1850188718d118"
	"a118221832151841185c186818be18fa18d00818241883183d181c18bf18dd1866182317184e1823183e18e618b41858182a"
	"1896182818b401184918f618971852182d18781888185a181e18b1185218ed18c2184b1824187d18db18501859189318ae18"
	"7718221871182d183418fe1827187118e11886181d1824183f185d1821181918f618d218b51851184b185418c01889181c18"
	"be188e061871187d18f418bd18e4187418c718a31418421889188c187118a718d318c618f3182b1894182418cb184f11184e"
	"1218bd18e618ec18e21867187918a9188c184a18ed18380518fd18da188818eb18361824189118a7181918ec188518e01884"
	"081718c918aa051888187318f51854186118801518461418ad0818e1183d18af18d5186d186218d018d018ea18b5189c1868"
	"18c518440f18be18e00318de186e184118a118c118bc1857183818a1187a184318ce18df184f182918571218711885185318"
	"3418ce1318ce181b186f18f2189518ef188f18a91418a9187b182818c218c1187918e71850188918c718ec183e1857186818"
	"6d18fe189618450818cc18b718cc188d185c189a18f6187d0518a518870bd511200000000000225120c2b8776ceb04af97fc"
	"bd92ef76a7af85fa483d88ad9489d3bc2bbbfdb4c0622101406da3eb0e8b2e86d3af844eca8813670a68891edb8e4cc239eb"
	"aad96085345928666f0b5d3c5b42e451dc884748f687802b3eb4c70d3d53c7fa67552fcfd06f5e00000000";

/* Keys are prepared once for all tests. */
static CbSpellVerifier verifier;

static CbVerdict judge(const SpellTx *stx, const CbSpell *spell, const char **reason);
static void judged(const char *hex, CbVerdict wanted, const char *wanted_reason, const char *what);
static void test_vectors(void);
static void test_tampered(void);
static void test_version_10(void);
static void proof_refused(const SpellTx *stx, const CbSpell *spell, const char *wanted, const char *what);
static void test_short_proof(const char *hex);
static void test_long_proof(const char *hex);
static void test_other_versions(const char *hex);
static void test_proofs(void);
static void test_unread(void);

int
main(void)
{
	test_vectors();
	test_tampered();
	test_version_10();
	test_proofs();
	test_unread();
	return done();
}

static CbVerdict
judge(const SpellTx *stx, const CbSpell *spell, const char **reason)
{
	CbVerdict	verdict = cb_spell_verify(&verifier, &stx->tx, spell, reason);

	if ((verdict == CB_VERDICT_VALID) != (*reason == NULL))
		abort();
	return verdict;
}

/* A reason that is wanted as NULL is not looked at. */
static void
judged(const char *hex, CbVerdict wanted, const char *wanted_reason, const char *what)
{
	SpellTx		stx;
	CbSpell		spell;
	const char *reason;

	spell_tx_from_hex(&stx, hex);
	cb_spell_read(&stx.tx, &stx.joined, &spell);
	is_str(cb_verdict_name(judge(&stx, &spell, &reason)), cb_verdict_name(wanted), "%s", what);
	if (wanted_reason != NULL)
		is_str(reason, wanted_reason, "%s, with this reason", what);
	spell_tx_free(&stx);
}

static void
test_vectors(void)
{
	json_t	   *vectors = load_vectors("charms/spells.json");
	json_t	   *vector;
	size_t		i;

	json_array_foreach(json_object_get(vectors, "vectors"), i, vector)
	{
		judged(json_string_value(json_object_get(vector, "raw_hex")), CB_VERDICT_VALID, NULL,
			   json_string_value(json_object_get(vector, "txid")));
	}
	json_array_foreach(json_object_get(vectors, "regtest_mock_vectors"), i, vector)
	{
		judged(json_string_value(json_object_get(vector, "raw_hex")), CB_VERDICT_MOCK, "the spell is a mock",
			   json_string_value(json_object_get(vector, "txid")));
	}
	json_decref(vectors);
}

static void
test_tampered(void)
{
	json_t	   *vectors = load_vectors("charms/spells.json");
	json_t	   *vector;
	size_t		i;

	json_array_foreach(json_object_get(vectors, "tampered"), i, vector)
	{
		const char *result = json_string_value(json_object_get(vector, "result"));
		char		what[200];

		snprintf(what, sizeof(what), "version %d, %s",
				 (int) json_integer_value(json_object_get(vector, "spell_version")),
				 json_string_value(json_object_get(vector, "mutation")));
		judged(json_string_value(json_object_get(vector, "raw_hex")),
			   strcmp(result, "VALID") == 0 ? CB_VERDICT_VALID : CB_VERDICT_INVALID,
			   strcmp(result, "VALID") == 0 ? NULL :
			   cb_result_message(strcmp(result, "INVALID") == 0 ? CB_ERR_PROOF : CB_ERR_POINT_CURVE), what);
	}
	json_decref(vectors);
}

static void
test_version_10(void)
{
	SpellTx		stx;
	CbSpell		spell;
	CbCharmIter it;
	CbCharm		charm;
	CbApp		app;
	CbSpan		value;
	uint64_t	amount;

	judged(version_10_tx, CB_VERDICT_VALID, NULL, "a real spell of version 10");
	spell_tx_from_hex(&stx, version_10_tx);
	cb_spell_read(&stx.tx, &stx.joined, &spell);
	is_int(spell.version, 10, "its version");
	is_int(spell.n_apps, 2, "its apps");
	it = cb_spell_charms(&spell);
	ok(cb_spell_next_charm(&it, &charm) && charm.vout == 0 && cb_spell_app(&spell, charm.app, &app), "its charm");
	is_str(app.tag, "b", "is no token");
	ok(cb_cbor_find(charm.data, "amount", &value) && cb_span_equal(value, (CbSpan) {(const uint8_t *) "\x19\x27\x10", 3}),
	   "and names an amount");
	ok(!cb_charm_amount(&app, &charm, &amount), "which is not its own");
	spell_tx_free(&stx);
}

static void
proof_refused(const SpellTx *stx, const CbSpell *spell, const char *wanted, const char *what)
{
	const char *reason;

	is_int(judge(stx, spell, &reason), CB_VERDICT_INVALID, "version %d: %s", (int) spell->version, what);
	is_str(reason, wanted, "and said why");
}

/* A real spell, whose proof is changed in every way and put back. */
static void
test_short_proof(const char *hex)
{
	SpellTx		stx;
	CbSpell		spell;
	CbSpell		changed;

	spell_tx_from_hex(&stx, hex);
	cb_spell_read(&stx.tx, &stx.joined, &spell);
	changed = spell;
	changed.proof_len--;
	proof_refused(&stx, &changed, "the proof has the wrong length", "a byte less");
	changed.proof_len += 2;
	proof_refused(&stx, &changed, "the proof has the wrong length", "a byte more");
	changed.proof_len = 0;
	proof_refused(&stx, &changed, "the proof has the wrong length", "no proof");
	changed.proof_len = 356;
	proof_refused(&stx, &changed, "the proof has the wrong length", "as long as of later versions");
	changed = spell;
	changed.proof[3] ^= 1;
	proof_refused(&stx, &changed, cb_result_message(CB_ERR_PROOF_KEY), "another key");
	changed = spell;
	changed.proof[4 + 63] ^= 1;
	proof_refused(&stx, &changed, cb_result_message(CB_ERR_POINT_CURVE), "a point beside the curve");
	changed = spell;
	memset(changed.proof + 4, 0xff, 32);
	proof_refused(&stx, &changed, cb_result_message(CB_ERR_POINT_RANGE), "a number that is too large");
	changed = spell;
	memcpy(changed.proof + 4, spell.proof + 4 + 192, 64);
	proof_refused(&stx, &changed, cb_result_message(CB_ERR_PROOF), "another point");
	changed = spell;
	changed.versioned_apps = (CbSpan) {(const uint8_t *) "\xa0", 1};
	proof_refused(&stx, &changed, cb_result_message(CB_ERR_PROOF), "a field more");
	changed = spell;
	changed.version--;
	proof_refused(&stx, &changed, cb_result_message(CB_ERR_PROOF), "another version with the same verification key");
	spell_tx_free(&stx);
}

static void
test_long_proof(const char *hex)
{
	SpellTx		stx;
	CbSpell		spell;
	CbSpell		changed;

	spell_tx_from_hex(&stx, hex);
	cb_spell_read(&stx.tx, &stx.joined, &spell);
	changed = spell;
	changed.proof_len = 260;
	proof_refused(&stx, &changed, "the proof has the wrong length", "as short as of earlier versions");
	changed = spell;
	changed.proof[4 + 31] = 1;
	proof_refused(&stx, &changed, cb_result_message(CB_ERR_PROOF), "an exit code");
	changed = spell;
	changed.proof[4 + 32 + 31] ^= 1;
	proof_refused(&stx, &changed, cb_result_message(CB_ERR_PROOF_KEY), "another root");
	changed = spell;
	changed.proof[4 + 64 + 31] ^= 1;
	proof_refused(&stx, &changed, cb_result_message(CB_ERR_PROOF), "another nonce");
	changed = spell;
	memset(changed.proof + 4 + 64, 0xff, 32);
	proof_refused(&stx, &changed, cb_result_message(CB_ERR_SCALAR), "a nonce that is too large");
	changed = spell;
	changed.version = 13;
	proof_refused(&stx, &changed, cb_result_message(CB_ERR_PROOF), "another version with the same verification key");
	changed.version = 14;
	proof_refused(&stx, &changed, cb_result_message(CB_ERR_PROOF_KEY), "a version with another verification key");
	spell_tx_free(&stx);
}

/* A real proof is one for its version alone. */
static void
test_other_versions(const char *hex)
{
	SpellTx		stx;
	CbSpell		spell;
	const char *reason;

	spell_tx_from_hex(&stx, hex);
	cb_spell_read(&stx.tx, &stx.joined, &spell);
	for (uint32_t version = 0; version <= 17; version++)
	{
		bool		supported = version >= CB_SPELL_MIN_VERSION && version <= CB_SPELL_MAX_VERSION;

		is_int(cb_proof_version(version) != NULL, supported, "version %d has a key or not", (int) version);
		spell.version = version;
		is_str(cb_verdict_name(judge(&stx, &spell, &reason)),
			   version == 10 ? "valid" : supported ? "invalid" : "unsupported", "and the proof holds for version 10 alone");
	}
	spell.version = 10;
	spell.mock = true;
	is_int(judge(&stx, &spell, &reason), CB_VERDICT_MOCK, "a mock is one, whatever its proof");
	spell_tx_free(&stx);
}

static void
test_proofs(void)
{
	json_t	   *vectors = load_vectors("charms/spells.json");
	json_t	   *vector;
	size_t		i;

	test_short_proof(version_10_tx);
	test_other_versions(version_10_tx);
	json_array_foreach(json_object_get(vectors, "vectors"), i, vector)
	{
		if (json_integer_value(json_object_get(vector, "spell_version")) == 12)
			test_long_proof(json_string_value(json_object_get(vector, "raw_hex")));
	}
	json_decref(vectors);
}

static void
test_unread(void)
{
	static const struct
	{
		const char *payload;
		CbVerdict	verdict;
		const char *reason;
	}			cases[] = {
		{PAIR(SPELL), CB_VERDICT_INVALID, "the proof has the wrong length"},
		{"82" SPELL "80", CB_VERDICT_INVALID, "the proof has the wrong length"},
		{"82" "a3" VERSION(06) TX("a1" OUTS("80")) APPS("a0") "80", CB_VERDICT_MOCK, "the spell is a mock"},
		{"82" "a3" VERSION(07) TX("a1" OUTS("80")) APPS("a0") "80", CB_VERDICT_INVALID, "the proof has the wrong length"},
		{FULL_PAYLOAD, CB_VERDICT_MOCK, "the spell is a mock"},
		{PAIR("a4" VERSION(0f) TX("a2" "63696e7380" OUTS("80")) APPS("a0") MOCK), CB_VERDICT_INVALID, "the spell names inputs of its own"},
		{PAIR("a4" VERSION(10) TX("a1" OUTS("80")) APPS("a0") MOCK), CB_VERDICT_UNSUPPORTED, "the spell's version is not supported"},
		{"f6", CB_VERDICT_INVALID, "CBOR value of the wrong type"},
	};
	SpellTx		stx;
	CbSpell		spell;
	const char *reason;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		spell_tx_with_payload(&stx, cases[i].payload);
		cb_spell_read(&stx.tx, &stx.joined, &spell);
		is_str(cb_verdict_name(judge(&stx, &spell, &reason)), cb_verdict_name(cases[i].verdict), "a spell that is made up, %zu", i);
		is_str(reason, cases[i].reason, "and its reason");
		spell_tx_free(&stx);
	}
	spell_tx_with_outputs(&stx, "51", "52");
	cb_spell_read(&stx.tx, &stx.joined, &spell);
	is_str(cb_verdict_name(judge(&stx, &spell, &reason)), "none", "a transaction without a spell");
	spell_tx_free(&stx);
}
