/*-------------------------------------------------------------------------
 *
 * test_psbt_finalize.c
 *	  Finalizing PSBTs, and combining those of several signers.
 *
 * Each case is an input of its own, beside one that is final already, and is
 * looked at in the transaction that comes out.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_key_script.h"
#include "cb_psbt.h"
#include "cb_sighash.h"

#include "tap.h"

#include <stdlib.h>

#define MAX_PSBT 4096
#define SATS 5000
#define N_KEYS 3

/* Keys and signatures are told apart by their last bytes alone. */
typedef struct Signed
{
	int			key;			/* -1: none */
	uint8_t		hash_type;
} Signed;

typedef struct Case
{
	const char *what;
	CbSpan		script;
	CbSpan		redeem_script;
	CbSpan		witness_script;
	Signed		signatures[N_KEYS];
	bool		has_key_sig;
} Case;

static uint8_t keys[N_KEYS][33];
static uint8_t signatures[N_KEYS][71];
static uint8_t key_sig[64];
static uint8_t prover_item[] = {0x51};
static CbScriptBuf p2pkh;
static CbScriptBuf p2wpkh;
static CbScriptBuf p2sh_p2wpkh;
static CbScriptBuf p2wsh;
static CbScriptBuf p2sh_p2wsh;
static CbScriptBuf p2tr;
static uint8_t multisig[3 + N_KEYS * 34];

static void make_scripts(void);
static CbSpan span(const CbScriptBuf *script);
static CbSpan key(int i);
static size_t make_psbt(const Case *c, uint8_t *data);
static void write_case(CbWriter *w, const Case *c);
static CbResult finalize(const Case *c, uint8_t *signed_tx, size_t *len);
static void finalized(const Case *c, CbSpan script_sig, const CbSpan *items, size_t n_items);
static void not_finalized(const Case *c);
static void test_keys(void);
static void test_multisig(void);
static void test_taproot(void);
static void test_hash_types(void);
static void test_twice(void);
static void test_combine(void);

int
main(void)
{
	make_scripts();
	test_keys();
	test_multisig();
	test_taproot();
	test_hash_types();
	test_twice();
	test_combine();
	return done();
}

static void
make_scripts(void)
{
	uint8_t		hash[32];
	CbWriter	w = cb_writer(multisig, sizeof(multisig));

	for (int i = 0; i < N_KEYS; i++)
	{
		memset(keys[i], 0x02, sizeof(keys[i]));
		keys[i][32] = (uint8_t) i;
		memset(signatures[i], 0x30, sizeof(signatures[i]));
		signatures[i][69] = (uint8_t) i;
		signatures[i][70] = CB_SIGHASH_ALL;
	}
	cb_hash160(keys[0], sizeof(keys[0]), hash);
	cb_script_p2pkh(hash, &p2pkh);
	cb_script_p2wpkh(hash, &p2wpkh);
	cb_script_p2sh_p2wpkh(hash, &p2sh_p2wpkh);
	cb_write_u8(&w, 0x52);
	for (int i = 0; i < N_KEYS; i++)
		cb_write_var_bytes(&w, key(i));
	cb_write_u8(&w, 0x53);
	cb_write_u8(&w, 0xae);
	cb_sha256(multisig, sizeof(multisig), hash);
	cb_script_witness(0, (CbSpan) {hash, 32}, &p2wsh);
	cb_hash160(p2wsh.data, p2wsh.len, hash);
	cb_script_p2sh(hash, &p2sh_p2wsh);
	cb_script_witness(1, (CbSpan) {hash, 32}, &p2tr);
}

static CbSpan
span(const CbScriptBuf *script)
{
	return (CbSpan) {script->data, script->len};
}

static CbSpan
key(int i)
{
	return (CbSpan) {keys[i], sizeof(keys[i])};
}

/* Two inputs: the case's, and one that is final. */
static size_t
make_psbt(const Case *c, uint8_t *data)
{
	uint8_t		raw[256];
	CbWriter	t = cb_writer(raw, sizeof(raw));
	CbWriter	w = cb_writer(data, MAX_PSBT);
	CbSpan		item = {prover_item, sizeof(prover_item)};
	CbTxIn		in = {.prevout = {.vout = 1}, .sequence = UINT32_C(0xfffffffd)};
	CbTxOut		spent = {SATS, span(&p2wsh)};
	CbTx		tx;

	cb_write_u32(&t, 2);
	cb_write_u8(&t, 2);
	cb_tx_write_input(&t, &in);
	in.prevout.vout = 2;
	cb_tx_write_input(&t, &in);
	cb_write_u8(&t, 1);
	cb_write_u64(&t, SATS);
	cb_write_var_bytes(&t, span(&p2tr));
	cb_write_u32(&t, 0);
	if (cb_tx_parse_unsigned(raw, t.len, &tx) != CB_OK)
		abort();

	cb_psbt_write_start(&w, &tx);
	cb_psbt_write_end(&w);
	write_case(&w, c);
	cb_psbt_write_end(&w);
	cb_psbt_write_witness_utxo(&w, &spent);
	cb_psbt_write_final_items(&w, &item, 1);
	cb_psbt_write_end(&w);
	cb_psbt_write_end(&w);
	if (w.error != CB_OK)
		abort();
	return w.len;
}

static void
write_case(CbWriter *w, const Case *c)
{
	CbTxOut		spent = {SATS, c->script};

	cb_psbt_write_witness_utxo(w, &spent);
	for (int i = 0; i < N_KEYS; i++)
	{
		uint8_t		signature[71];

		if (c->signatures[i].key < 0)
			continue;
		memcpy(signature, signatures[c->signatures[i].key], sizeof(signature));
		signature[70] = c->signatures[i].hash_type;
		cb_psbt_write_record(w, CB_PSBT_IN_PARTIAL_SIG, key(c->signatures[i].key),
							 (CbSpan) {signature, sizeof(signature)});
	}
	if (c->redeem_script.len > 0)
		cb_psbt_write_field(w, CB_PSBT_IN_REDEEM_SCRIPT, c->redeem_script);
	if (c->witness_script.len > 0)
		cb_psbt_write_field(w, CB_PSBT_IN_WITNESS_SCRIPT, c->witness_script);
	if (c->has_key_sig)
		cb_psbt_write_field(w, CB_PSBT_IN_TAP_KEY_SIG, (CbSpan) {key_sig, sizeof(key_sig)});
	/* Outlives signing: unknown here. */
	cb_psbt_write_record(w, 0xfc, key(0), (CbSpan) {prover_item, 1});
}

static CbResult
finalize(const Case *c, uint8_t *signed_tx, size_t *len)
{
	uint8_t		data[MAX_PSBT];
	uint8_t		finalized_data[MAX_PSBT];
	size_t		size = make_psbt(c, data);
	CbPsbt		psbt;
	CbPsbt		finalized_psbt;
	CbWriter	w;
	CbWriter	t = cb_writer(signed_tx, MAX_PSBT);
	CbResult	result;

	if (!is_int(cb_psbt_parse(data, size, &psbt), CB_OK, "%s: a PSBT", c->what))
		return CB_ERR_PSBT;
	w = cb_writer(finalized_data, size + 2 * CB_PSBT_FINAL_GROWTH);
	is_int(cb_psbt_finalize(&psbt, &w), CB_OK, "%s: is written", c->what);
	is_int(cb_psbt_parse(finalized_data, w.len, &finalized_psbt), CB_OK, "%s: and read", c->what);
	result = cb_psbt_finalized_tx(&finalized_psbt, &t);
	*len = t.len;
	return result;
}

/* By what the case's input is spent. */
static void
finalized(const Case *c, CbSpan script_sig, const CbSpan *items, size_t n_items)
{
	uint8_t		data[MAX_PSBT];
	uint8_t		wanted[MAX_PSBT];
	CbWriter	w = cb_writer(wanted, sizeof(wanted));
	size_t		len;
	CbTx		tx;
	CbTxInIter	inputs;
	CbWitnessIter witnesses;
	CbTxIn		in;
	CbSpend		spend;

	if (!is_int(finalize(c, data, &len), CB_OK, "%s: is final", c->what))
		return;
	cb_tx_parse(data, len, &tx);
	inputs = cb_tx_inputs(&tx);
	witnesses = cb_tx_witnesses(&tx);
	cb_tx_next_input(&inputs, &in);
	cb_tx_next_witness(&witnesses, &spend.n_items, &spend.items);
	ok(in.script_sig.len == script_sig.len &&
	   (script_sig.len == 0 || memcmp(in.script_sig.data, script_sig.data, script_sig.len) == 0),
	   "%s: its scriptSig", c->what);
	for (size_t i = 0; i < n_items; i++)
		cb_write_var_bytes(&w, items[i]);
	is_int((int64_t) spend.n_items, (int64_t) n_items, "%s: so many items", c->what);
	ok(w.len == cb_reader_left(&spend.items) && (w.len == 0 || memcmp(spend.items.pos, wanted, w.len) == 0),
	   "%s: and these", c->what);
	spend.script = c->script;
	spend.script_sig = in.script_sig;
	is_int(cb_spend_check_sighash(&spend), CB_OK, "%s: signed for all of it", c->what);
	cb_tx_next_witness(&witnesses, &spend.n_items, &spend.items);
	is_int((int64_t) spend.n_items, 1, "%s: the input that was final is what it was", c->what);
}

static void
not_finalized(const Case *c)
{
	uint8_t		data[MAX_PSBT];
	size_t		len;

	is_int(finalize(c, data, &len), CB_ERR_PSBT_NOT_FINAL, "%s: is not final", c->what);
}

#define BY(k) {k, CB_SIGHASH_ALL}
#define NOBODY {-1, 0}
#define SIGNATURE(k) {signatures[k], sizeof(signatures[k])}

static void
test_keys(void)
{
	static const CbSpan nothing = {NULL, 0};
	CbSpan		items[] = {SIGNATURE(0), {keys[0], 33}};
	uint8_t		script_sig[1 + 71 + 1 + 33];
	uint8_t		redeem_sig[1 + 22];
	CbWriter	w = cb_writer(script_sig, sizeof(script_sig));
	CbWriter	r = cb_writer(redeem_sig, sizeof(redeem_sig));

	cb_write_var_bytes(&w, items[0]);
	cb_write_var_bytes(&w, items[1]);
	cb_write_var_bytes(&r, span(&p2wpkh));
	finalized(&(Case) {"p2wpkh", span(&p2wpkh), nothing, nothing, {BY(0), NOBODY, NOBODY}, false}, nothing, items, 2);
	finalized(&(Case) {"p2wpkh beside strangers", span(&p2wpkh), nothing, nothing, {BY(2), BY(1), BY(0)}, false}, nothing, items, 2);
	finalized(&(Case) {"p2pkh", span(&p2pkh), nothing, nothing, {BY(0), NOBODY, NOBODY}, false}, (CbSpan) {script_sig, w.len}, NULL, 0);
	finalized(&(Case) {"sh(wpkh)", span(&p2sh_p2wpkh), span(&p2wpkh), nothing, {BY(0), NOBODY, NOBODY}, false}, (CbSpan) {redeem_sig, r.len}, items, 2);
	not_finalized(&(Case) {"p2wpkh by another key", span(&p2wpkh), nothing, nothing, {BY(1), NOBODY, NOBODY}, false});
	not_finalized(&(Case) {"p2wpkh by nobody", span(&p2wpkh), nothing, nothing, {NOBODY, NOBODY, NOBODY}, false});
	not_finalized(&(Case) {"p2wpkh by a taproot signature", span(&p2wpkh), nothing, nothing, {NOBODY, NOBODY, NOBODY}, true});
	not_finalized(&(Case) {"sh(wpkh) without its script", span(&p2sh_p2wpkh), nothing, nothing, {BY(0), NOBODY, NOBODY}, false});
	not_finalized(&(Case) {"sh(wpkh) with another script", span(&p2sh_p2wpkh), span(&p2wsh), nothing, {BY(0), NOBODY, NOBODY}, false});
}

static void
test_multisig(void)
{
	static const CbSpan nothing = {NULL, 0};
	CbSpan		script = {multisig, sizeof(multisig)};
	CbSpan		items[] = {{NULL, 0}, SIGNATURE(0), SIGNATURE(2), script};
	CbSpan		first_items[] = {{NULL, 0}, SIGNATURE(0), SIGNATURE(1), script};
	uint8_t		redeem_sig[1 + 34];
	CbWriter	r = cb_writer(redeem_sig, sizeof(redeem_sig));

	cb_write_var_bytes(&r, span(&p2wsh));
	finalized(&(Case) {"2 of 3", span(&p2wsh), nothing, script, {BY(0), NOBODY, BY(2)}, false}, nothing, items, 4);
	finalized(&(Case) {"2 of 3 in another order", span(&p2wsh), nothing, script, {BY(2), BY(0), NOBODY}, false}, nothing, items, 4);
	finalized(&(Case) {"one too many", span(&p2wsh), nothing, script, {BY(2), BY(1), BY(0)}, false}, nothing, first_items, 4);
	finalized(&(Case) {"2 of 3 within p2sh", span(&p2sh_p2wsh), span(&p2wsh), script, {BY(0), NOBODY, BY(2)}, false},
			  (CbSpan) {redeem_sig, r.len}, items, 4);
	not_finalized(&(Case) {"1 of 3", span(&p2wsh), nothing, script, {BY(1), NOBODY, NOBODY}, false});
	not_finalized(&(Case) {"2 of 3 without its script", span(&p2wsh), nothing, nothing, {BY(0), NOBODY, BY(2)}, false});
	not_finalized(&(Case) {"2 of 3 with another script", span(&p2wsh), nothing, {multisig, 35}, {BY(0), NOBODY, BY(2)}, false});
}

static void
test_taproot(void)
{
	static const CbSpan nothing = {NULL, 0};
	CbSpan		item = {key_sig, sizeof(key_sig)};

	finalized(&(Case) {"p2tr", span(&p2tr), nothing, nothing, {NOBODY, NOBODY, NOBODY}, true}, nothing, &item, 1);
	not_finalized(&(Case) {"p2tr by nobody", span(&p2tr), nothing, nothing, {BY(0), NOBODY, NOBODY}, false});
	not_finalized(&(Case) {"an unknown script", {prover_item, 1}, nothing, nothing, {BY(0), NOBODY, NOBODY}, true});
}

/* Whether a signature covers enough is asked of the transaction that comes out. */
static void
test_hash_types(void)
{
	static const CbSpan nothing = {NULL, 0};
	uint8_t		data[MAX_PSBT];
	size_t		len;
	CbTx		tx;
	CbWitnessIter witnesses;
	CbSpend		spend = {.script = span(&p2wpkh)};
	const Case	c = {"none of the outputs", span(&p2wpkh), nothing, nothing, {{0, 2}, NOBODY, NOBODY}, false};

	is_int(finalize(&c, data, &len), CB_OK, "%s: is final", c.what);
	cb_tx_parse(data, len, &tx);
	witnesses = cb_tx_witnesses(&tx);
	cb_tx_next_witness(&witnesses, &spend.n_items, &spend.items);
	is_int(cb_spend_check_sighash(&spend), CB_ERR_SIGHASH, "%s: and found out", c.what);
}

static void
test_twice(void)
{
	static const CbSpan nothing = {NULL, 0};
	const Case	c = {"twice", span(&p2wpkh), nothing, nothing, {BY(0), NOBODY, NOBODY}, false};
	uint8_t		data[MAX_PSBT];
	uint8_t		once[MAX_PSBT];
	uint8_t		twice[MAX_PSBT];
	CbPsbt		psbt;
	CbWriter	w = cb_writer(once, sizeof(once));
	CbWriter	v = cb_writer(twice, sizeof(twice));

	cb_psbt_parse(data, make_psbt(&c, data), &psbt);
	cb_psbt_finalize(&psbt, &w);
	cb_psbt_parse(once, w.len, &psbt);
	is_int(cb_psbt_finalize(&psbt, &v), CB_OK, "a final PSBT can be finalized");
	ok(v.len == w.len && memcmp(once, twice, w.len) == 0, "and stays as it is");
	w = cb_writer(once, w.len - 1);
	is_int(cb_psbt_finalize(&psbt, &w), CB_ERR_CAPACITY, "a buffer that is too small is not left");
}

static void
test_combine(void)
{
	static const CbSpan nothing = {NULL, 0};
	CbSpan		script = {multisig, sizeof(multisig)};
	uint8_t		one[MAX_PSBT];
	uint8_t		two[MAX_PSBT];
	uint8_t		both[2 * MAX_PSBT];
	uint8_t		again[2 * MAX_PSBT];
	CbPsbt		first;
	CbPsbt		second;
	CbPsbt		combined;
	CbWriter	w = cb_writer(both, sizeof(both));
	CbWriter	v = cb_writer(again, sizeof(again));
	size_t		len;

	len = make_psbt(&(Case) {"by one", span(&p2wsh), nothing, script, {BY(0), NOBODY, NOBODY}, false}, one);
	cb_psbt_parse(one, len, &first);
	len = make_psbt(&(Case) {"by another", span(&p2wsh), nothing, script, {BY(0), NOBODY, BY(2)}, false}, two);
	cb_psbt_parse(two, len, &second);
	is_int(cb_psbt_combine(&first, &second, &w), CB_OK, "two of one transaction are combined");
	is_int(cb_psbt_parse(both, w.len, &combined), CB_OK, "into a third");
	is_int((int64_t) w.len, (int64_t) len, "with nothing twice");
	is_int(cb_psbt_finalize(&combined, &v), CB_OK, "which can be finalized");
	cb_psbt_parse(again, v.len, &combined);
	v = cb_writer(both, sizeof(both));
	is_int(cb_psbt_finalized_tx(&combined, &v), CB_OK, "and is complete");

	two[10] ^= 1;				/* version of the transaction */
	cb_psbt_parse(two, len, &second);
	w = cb_writer(both, sizeof(both));
	is_int(cb_psbt_combine(&first, &second, &w), CB_ERR_PSBT_OTHER_TX, "those of two transactions are not");
}
