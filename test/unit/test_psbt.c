/*-------------------------------------------------------------------------
 *
 * test_psbt.c
 *	  PSBTs: the published vectors, and what must be refused.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_base64.h"
#include "cb_psbt.h"

#include "psbt_cases.h"
#include "tap.h"
#include "vectors.h"

#define MAX_PSBT 4096
#define LENGTH_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Pieces of PSBTs, to be put together in right and wrong ways. */
#define MAGIC "70736274ff"
#define TXID "1111111111111111111111111111111111111111111111111111111111111111"
#define TX "02000000" "01" TXID "05000000" "00" "fdffffff" "01" "e803000000000000" "0151" "2a000000"
#define GLOBAL MAGIC "0100" "3d" TX
#define END "00"
#define HASH "2222222222222222222222222222222222222222222222222222222222222222"
#define KEY "02" HASH
#define FINGERPRINT "d90c6a4f"
#define XPUB "0488b21e" "02" "00000000" "00000001" HASH KEY

typedef struct Psbt
{
	uint8_t    *data;
	size_t		len;
	CbPsbt		psbt;
	CbResult	result;
} Psbt;

static Psbt parse_base64(const char *text);
static CbResult parse_copy(const uint8_t *data, size_t len);
static const char *text_of(const char *what);
static void test_refused_vectors(void);
static void test_good_vectors(void);
static bool check_truncations(const Psbt *p);
static bool check_base64(const Psbt *p, const char *text);
static void write_map(CbWriter *w, CbReader records);
static bool check_rewritten(const Psbt *p);
static void write_origin_record(CbWriter *w, const CbPsbtRecord *record, bool taproot);
static void write_typed_input(CbWriter *w, const CbPsbtRecord *record);
static bool check_typed(const Psbt *p);
static void refused(const char *hex, CbResult wanted, const char *what);
static void test_globals(void);
static void test_inputs(void);
static void test_taproot(void);
static void test_outputs(void);
static void test_records(void);
static void test_many_records(void);
static void test_utxos(void);
static void test_both_utxos(void);
static void test_control_block(void);
static void test_empty_finals(void);
static void test_finalized(void);
static void test_same_unsigned(void);

int
main(void)
{
	test_refused_vectors();
	test_good_vectors();
	test_globals();
	test_inputs();
	test_taproot();
	test_outputs();
	test_records();
	test_many_records();
	test_utxos();
	test_both_utxos();
	test_control_block();
	test_empty_finals();
	test_finalized();
	test_same_unsigned();
	return done();
}

/* The data is the caller's to free. */
static Psbt
parse_base64(const char *text)
{
	Psbt		p;
	uint8_t		data[MAX_PSBT];

	if (cb_base64_decode(text, strlen(text), data, sizeof(data), &p.len) != CB_OK)
		abort();
	p.data = malloc(p.len);
	memcpy(p.data, data, p.len);
	p.result = cb_psbt_parse(p.data, p.len, &p.psbt);
	return p;
}

/* In a buffer of exactly its size, past which the sanitizer lets nobody read. */
static CbResult
parse_copy(const uint8_t *data, size_t len)
{
	uint8_t    *copy = malloc(len > 0 ? len : 1);
	CbPsbt		psbt;
	CbResult	result;

	memcpy(copy, data, len);
	result = cb_psbt_parse(copy, len, &psbt);
	free(copy);
	return result;
}

static const char *
text_of(const char *what)
{
	for (size_t i = 0; i < LENGTH_OF(good_psbts); i++)
	{
		if (strcmp(good_psbts[i].what, what) == 0)
			return good_psbts[i].base64;
	}
	abort();
}

static void
test_refused_vectors(void)
{
	for (size_t i = 0; i < LENGTH_OF(refused_psbts); i++)
	{
		Psbt		p = parse_base64(refused_psbts[i].base64);

		is_int(p.result, refused_psbts[i].result, "published, refused: %s", refused_psbts[i].what);
		free(p.data);
	}
}

static void
test_good_vectors(void)
{
	for (size_t i = 0; i < LENGTH_OF(good_psbts); i++)
	{
		const char *what = good_psbts[i].what;
		Psbt		p = parse_base64(good_psbts[i].base64);

		is_int(p.result, CB_OK, "published, taken: %s", what);
		ok(check_truncations(&p), "%s: no byte less and none more", what);
		ok(check_base64(&p, good_psbts[i].base64), "%s: the same text again", what);
		ok(check_rewritten(&p), "%s: the same bytes from its records", what);
		ok(check_typed(&p), "%s: the same bytes from its fields", what);
		free(p.data);
	}
}

static bool
check_truncations(const Psbt *p)
{
	uint8_t    *longer = malloc(p->len + 1);
	bool		good;

	for (size_t len = 0; len < p->len; len++)
	{
		if (parse_copy(p->data, len) != CB_ERR_TRUNCATED)
		{
			printf("# of %zu bytes the first %zu\n", p->len, len);
			free(longer);
			return false;
		}
	}
	memcpy(longer, p->data, p->len);
	longer[p->len] = 0;
	good = parse_copy(longer, p->len + 1) == CB_ERR_TRAILING;
	free(longer);
	return good;
}

static bool
check_base64(const Psbt *p, const char *text)
{
	char		encoded[2 * MAX_PSBT];
	size_t		len = cb_base64_size(p->len);

	return len == strlen(text) && cb_base64_encode(p->data, p->len, encoded, len) == CB_OK &&
		memcmp(encoded, text, len) == 0 && cb_base64_encode(p->data, p->len, encoded, len - 1) == CB_ERR_CAPACITY;
}

static void
write_map(CbWriter *w, CbReader records)
{
	CbPsbtRecord record;

	while (cb_psbt_next_record(&records, &record))
		cb_psbt_write_record(w, (uint8_t) record.type, record.key_data, record.value);
	cb_psbt_write_end(w);
}

static bool
check_rewritten(const Psbt *p)
{
	uint8_t		out[MAX_PSBT];
	CbWriter	w = cb_writer(out, sizeof(out));
	CbPsbtMaps	inputs = cb_psbt_inputs(&p->psbt);
	CbPsbtMaps	outputs = cb_psbt_outputs(&p->psbt);
	CbSpan		map;

	cb_write_bytes(&w, p->data, 5);
	write_map(&w, cb_psbt_records(p->psbt.global));
	while (cb_psbt_next_map(&inputs, &map))
		write_map(&w, cb_psbt_records(map));
	while (cb_psbt_next_map(&outputs, &map))
		write_map(&w, cb_psbt_records(map));
	return w.error == CB_OK && w.len == p->len && memcmp(out, p->data, p->len) == 0;
}

static void
write_origin_record(CbWriter *w, const CbPsbtRecord *record, bool taproot)
{
	CbReader	r = cb_reader(record->value.data, record->value.len);
	uint64_t	n_leaves = taproot ? cb_read_count(&r, 32) : 0;
	CbHash256	leaves[8];
	uint32_t	path[16];
	CbKeyOrigin origin = {.path = path};

	for (uint64_t i = 0; i < n_leaves; i++)
		cb_read_copy(&r, leaves[i].bytes, 32);
	cb_read_copy(&r, origin.fingerprint, 4);
	while (cb_reader_left(&r) > 0)
		path[origin.n_steps++] = cb_read_u32(&r);
	if (taproot)
		cb_psbt_write_tap_derivation(w, (uint8_t) record->type, record->key_data.data, leaves, n_leaves, &origin);
	else
		cb_psbt_write_derivation(w, (uint8_t) record->type, record->key_data, &origin);
}

static void
write_typed_input(CbWriter *w, const CbPsbtRecord *record)
{
	CbSpan		value = record->value;
	CbReader	r = cb_reader(value.data, value.len);
	CbTxOut		out;
	uint64_t	n_items;

	switch (record->type)
	{
		case CB_PSBT_IN_WITNESS_UTXO:
			out.value = (int64_t) cb_read_u64(&r);
			out.script = cb_read_var_bytes(&r);
			cb_psbt_write_witness_utxo(w, &out);
			break;
		case CB_PSBT_IN_SIGHASH_TYPE:
			cb_psbt_write_sighash_type(w, cb_read_u32(&r));
			break;
		case CB_PSBT_IN_BIP32_DERIVATION:
		case CB_PSBT_IN_TAP_BIP32_DERIVATION:
			write_origin_record(w, record, record->type == CB_PSBT_IN_TAP_BIP32_DERIVATION);
			break;
		case CB_PSBT_IN_TAP_LEAF_SCRIPT:
			value.len--;
			cb_psbt_write_leaf_script(w, record->key_data, value, value.data[value.len]);
			break;
		case CB_PSBT_IN_FINAL_SCRIPTWITNESS:
			n_items = cb_read_compact_size(&r);
			cb_psbt_write_final_witness(w, n_items, r);
			break;
		default:
			cb_psbt_write_record(w, (uint8_t) record->type, record->key_data, value);
	}
}

/* Global records are those of the start only, where there are no others. */
static bool
check_typed(const Psbt *p)
{
	uint8_t		out[MAX_PSBT];
	CbWriter	w = cb_writer(out, sizeof(out));
	CbPsbtMaps	inputs = cb_psbt_inputs(&p->psbt);
	CbReader	r = cb_psbt_records(p->psbt.global);
	CbPsbtRecord record;
	CbSpan		map;

	cb_psbt_write_start(&w, &p->psbt.tx);
	while (cb_psbt_next_record(&r, &record))
	{
		if (record.type != CB_PSBT_GLOBAL_UNSIGNED_TX)
			cb_psbt_write_record(&w, (uint8_t) record.type, record.key_data, record.value);
	}
	cb_psbt_write_end(&w);
	while (cb_psbt_next_map(&inputs, &map))
	{
		r = cb_psbt_records(map);
		while (cb_psbt_next_record(&r, &record))
			write_typed_input(&w, &record);
		cb_psbt_write_end(&w);
	}
	cb_write_bytes(&w, p->psbt.outputs.data, p->psbt.outputs.len);
	return w.error == CB_OK && w.len == p->len && memcmp(out, p->data, p->len) == 0;
}

static void
refused(const char *hex, CbResult wanted, const char *what)
{
	size_t		len;
	uint8_t    *data = hex_bytes(hex, &len);
	CbPsbt		psbt;

	is_int(cb_psbt_parse(data, len, &psbt), wanted, "%s", what);
	free(data);
}

static void
test_globals(void)
{
	refused(GLOBAL END END END, CB_OK, "nothing but the transaction");
	refused(GLOBAL END END, CB_ERR_TRUNCATED, "an output's map missing");
	refused(GLOBAL END END END END, CB_ERR_TRAILING, "a map too many");
	refused("70736274fe" "0100" "3d" TX END END END, CB_ERR_PSBT, "another magic");
	refused("50736274ff" "0100" "3d" TX END END END, CB_ERR_PSBT, "a magic in upper case");
	refused(MAGIC END END END, CB_ERR_PSBT, "no transaction");
	refused(GLOBAL "0100" "3d" TX END END END, CB_ERR_PSBT_DUPLICATE, "two transactions");
	refused(MAGIC "0100" "3e" TX "00" END END END, CB_ERR_TRAILING, "a byte behind the transaction");
	refused(GLOBAL "01fb" "04" "00000000" END END END, CB_OK, "version 0");
	refused(GLOBAL "01fb" "04" "02000000" END END END, CB_ERR_PSBT_VERSION, "version 2");
	refused(GLOBAL "01fb" "01" "00" END END END, CB_ERR_PSBT, "a version of one byte");
	refused(GLOBAL "02fb00" "04" "00000000" END END END, CB_ERR_PSBT, "a version with key data");
	refused(GLOBAL "0102" "04" "02000000" END END END, CB_ERR_PSBT, "version 2's global fields");
	refused(GLOBAL "4f01" XPUB "0c" FINGERPRINT "00000080" "01000080" END END END, CB_OK, "an extended key");
	refused(GLOBAL "4f01" XPUB "08" FINGERPRINT "00000080" END END END, CB_ERR_PSBT, "a path shorter than its depth");
	refused(GLOBAL "4e01" "0488b21e" "02" "00000000" "00000001" HASH HASH "0c" FINGERPRINT "00000080" "01000080" END END END,
			CB_ERR_PSBT, "an extended key a byte short");
}

static void
test_inputs(void)
{
	refused(GLOBAL END "0101" "0a" "e803000000000000" "0151" END END, CB_OK, "a witness UTXO");
	refused(GLOBAL END "0101" "0b" "e803000000000000" "0151" "00" END END, CB_ERR_PSBT, "a witness UTXO with a byte behind");
	refused(GLOBAL END "0101" "09" "e803000000000000" "01" END END, CB_ERR_PSBT, "a witness UTXO with a byte missing");
	refused(GLOBAL END "0101" "0a" "ffffffffffffffff" "0151" END END, CB_ERR_PSBT, "a witness UTXO below zero");
	refused(GLOBAL END "0100" "00" END END, CB_ERR_PSBT, "an empty previous transaction");
	refused(GLOBAL END "0103" "03" "010000" END END, CB_ERR_PSBT, "a hash type of three bytes");
	refused(GLOBAL END "2202" KEY "00" END END, CB_ERR_PSBT, "an empty partial signature");
	refused(GLOBAL END "2202" KEY "4a" HASH HASH "30060201010201010101" END END, CB_ERR_PSBT, "a partial signature of 74 bytes");
	refused(GLOBAL END "2202" "05" HASH "09" "300602010102010101" END END, CB_ERR_PSBT, "a key that begins with 05");
	refused(GLOBAL END "2202" KEY "09" "300602010102010101" END END, CB_OK, "a partial signature");
	refused(GLOBAL END "2202" KEY "09" "300602010102010101" "2202" KEY "09" "300602010102010101" END END,
			CB_ERR_PSBT_DUPLICATE, "a key that signs twice");
	refused(GLOBAL END "2206" KEY "04" FINGERPRINT END END, CB_OK, "a master key");
	refused(GLOBAL END "2206" KEY "07" FINGERPRINT "000000" END END, CB_ERR_PSBT, "a step of three bytes");
	refused(GLOBAL END "2206" KEY "00" END END, CB_ERR_PSBT, "a derivation without master key");
	refused(GLOBAL END "0108" "01" "00" END END, CB_OK, "an empty stack");
	refused(GLOBAL END "0108" "00" END END, CB_ERR_PSBT, "no stack");
	refused(GLOBAL END "0108" "03" "0101aa" END END, CB_OK, "a stack of one");
	refused(GLOBAL END "0108" "03" "0201aa" END END, CB_ERR_PSBT, "a stack of fewer items than it says");
	refused(GLOBAL END "0108" "04" "0101aabb" END END, CB_ERR_PSBT, "a stack of more items than it says");
	refused(GLOBAL END "0108" "09" "ffffffffffffffffff" END END, CB_ERR_PSBT, "a stack of very many items");
	refused(GLOBAL END "0b0a" "11111111111111111111" "00" END END, CB_ERR_PSBT, "a preimage of a short hash");
	refused(GLOBAL END "010e" "20" TXID END END, CB_ERR_PSBT, "version 2's input fields");
}

static void
test_taproot(void)
{
	refused(GLOBAL END "0113" "40" HASH HASH END END, CB_OK, "a key path signature");
	refused(GLOBAL END "0113" "41" HASH HASH "01" END END, CB_OK, "with its hash type");
	refused(GLOBAL END "0113" "3f" HASH "000000000000000000000000000000000000000000000000000000000000000000"
			END END, CB_ERR_PSBT, "a byte short");
	refused(GLOBAL END "2115" HASH "01" "c0" END END, CB_ERR_PSBT, "a control block a byte short");
	refused(GLOBAL END "2215" "c0" HASH "01" "c0" END END, CB_OK, "an empty leaf");
	refused(GLOBAL END "2215" "c0" HASH "00" END END, CB_ERR_PSBT, "a leaf without version");
	refused(GLOBAL END "2116" HASH "05" "00" FINGERPRINT END END, CB_OK, "a derivation in no leaf");
	refused(GLOBAL END "2116" HASH "25" "01" HASH FINGERPRINT END END, CB_OK, "and in one");
	refused(GLOBAL END "2116" HASH "25" "02" HASH FINGERPRINT END END, CB_ERR_PSBT, "in fewer than it says");
	refused(GLOBAL END "2116" HASH "21" "01" HASH END END, CB_ERR_PSBT, "without master key");
	refused(GLOBAL END "2116" HASH "09" "ffffffffffffffff07" END END, CB_ERR_PSBT, "in very many");
	refused(GLOBAL END "0117" "20" HASH END END, CB_OK, "an internal key");
	refused(GLOBAL END "0118" "21" HASH "00" END END, CB_ERR_PSBT, "a merkle root of 33 bytes");
}

static void
test_outputs(void)
{
	refused(GLOBAL END END "0106" "04" "00c00151" END, CB_OK, "a tree");
	refused(GLOBAL END END "0106" "00" END, CB_ERR_PSBT, "an empty tree");
	refused(GLOBAL END END "0106" "04" "00c10151" END, CB_ERR_PSBT, "a tree with an odd leaf version");
	refused(GLOBAL END END "0106" "04" "81c00151" END, CB_ERR_PSBT, "a tree too deep");
	refused(GLOBAL END END "0106" "04" "00c00251" END, CB_ERR_PSBT, "a leaf cut off");
	refused(GLOBAL END END "0103" "08" "e803000000000000" END, CB_ERR_PSBT, "version 2's output fields");
	refused(GLOBAL END END "2202" KEY "04" FINGERPRINT END, CB_OK, "a derivation");
	refused(GLOBAL END END "2107" HASH "05" "00" FINGERPRINT END, CB_OK, "a taproot derivation");
}

static void
test_records(void)
{
	refused(GLOBAL END "02f001" "00" "02f002" "00" END "02f001" "00" END, CB_OK, "unknown types");
	refused(GLOBAL END "02f001" "00" "02f002" "00" "02f001" "00" END END, CB_ERR_PSBT_DUPLICATE, "an unknown key twice");
	refused(GLOBAL END END "01f0" "00" "01f0" "0101" END, CB_ERR_PSBT_DUPLICATE, "in an output, with two values");
	refused(GLOBAL END "04fdf00001" "00" END END, CB_ERR_NONMINIMAL, "a type longer than need be");
	refused(GLOBAL END "03fdfd00" "00" END END, CB_OK, "a type of three bytes");
	refused(GLOBAL END "01fd" "00" END END, CB_ERR_TRUNCATED, "a type longer than its key");
	refused(GLOBAL END "fd0100f0" "00" END END, CB_ERR_NONMINIMAL, "a key's length longer than need be");
	refused(GLOBAL END "01f0" "ffffffffffffffffff" END END, CB_ERR_TRUNCATED, "a very long value");
}

static void
test_many_records(void)
{
	static uint8_t data[8 * (CB_PSBT_MAX_RECORDS + 64)];

	for (unsigned n = CB_PSBT_MAX_RECORDS; n <= CB_PSBT_MAX_RECORDS + 1; n++)
	{
		CbWriter	w = cb_writer(data, sizeof(data));
		size_t		len;
		uint8_t    *start = hex_bytes(GLOBAL END, &len);

		cb_write_bytes(&w, start, len);
		for (unsigned i = 0; i < n; i++)
		{
			uint8_t		number[2] = {(uint8_t) i, (uint8_t) (i >> 8)};

			cb_psbt_write_record(&w, 0xf0, (CbSpan) {number, 2}, (CbSpan) {NULL, 0});
		}
		cb_psbt_write_end(&w);
		cb_psbt_write_end(&w);
		is_int(parse_copy(data, w.len), n <= CB_PSBT_MAX_RECORDS ? CB_OK : CB_ERR_COUNT, "%u records in a map", n);
		free(start);
	}
}

/* Every change to the transactions and outputs spent is seen. */
static void
test_utxos(void)
{
	Psbt		p = parse_base64(text_of("updated"));
	CbPsbtMaps	it = cb_psbt_inputs(&p.psbt);
	CbTxInIter	tx_it = cb_tx_inputs(&p.psbt.tx);
	CbTxIn		in;
	CbPsbtInput first;
	CbPsbtInput second;
	CbTxOut		out;
	bool		seen = true;
	uint8_t    *utxo;

	if (!ok(cb_psbt_next_input(&it, &first) && cb_psbt_next_input(&it, &second), "two inputs"))
		return;
	ok(!cb_psbt_next_input(&it, &second) && second.witness_script.len == 71 && second.redeem_script.len == 34 &&
	   second.final_script_sig.data == NULL && first.witness_script.data == NULL, "and their fields");
	cb_tx_next_input(&tx_it, &in);
	ok(cb_psbt_spent_output(&first, &in.prevout, &out) && out.value == 50000000 && out.script.len == 23,
	   "the output spent, from the previous transaction");
	cb_tx_next_input(&tx_it, &in);
	ok(cb_psbt_spent_output(&second, &in.prevout, &out) && out.value == 200000000, "and by itself");
	second.witness_utxo.script.data = NULL;
	ok(!cb_psbt_spent_output(&second, &in.prevout, &out), "or not at all");

	utxo = p.data + (first.non_witness_utxo.data - p.data);
	for (size_t i = 0; i < first.non_witness_utxo.len; i++)
	{
		utxo[i] ^= 1;
		seen = seen && parse_copy(p.data, p.len) != CB_OK;
		utxo[i] ^= 1;
	}
	ok(seen && parse_copy(p.data, p.len) == CB_OK, "no byte of the previous transaction changes unseen");
	free(p.data);
}

/* A previous transaction, the output spent, and other outputs in its place. */
static void
test_both_utxos(void)
{
	size_t		len;
	uint8_t    *previous = hex_bytes(TX, &len);
	CbTx		tx;
	CbTxOut		out;
	CbTxOutIter outputs;
	CbTxIn		in = {.sequence = 0};
	const uint8_t other_script[] = {0x52};

	cb_tx_parse(previous, len, &tx);
	outputs = cb_tx_outputs(&tx);
	cb_tx_next_output(&outputs, &out);
	cb_tx_txid(&tx, &in.prevout.txid);
	for (int i = 0; i < 4; i++)
	{
		uint8_t		spending[MAX_PSBT];
		uint8_t		data[MAX_PSBT];
		CbWriter	t = cb_writer(spending, sizeof(spending));
		CbWriter	w = cb_writer(data, sizeof(data));
		CbTxOut		claimed = {out.value + (i == 1), i == 2 ? (CbSpan) {other_script, 1} : out.script};

		in.prevout.vout = i == 3;
		cb_write_u32(&t, 2);
		cb_write_u8(&t, 1);
		cb_tx_write_input(&t, &in);
		cb_write_u8(&t, 0);		/* outputs */
		cb_write_u32(&t, 0);
		cb_write_bytes(&w, "psbt\xff", 5);
		cb_psbt_write_field(&w, CB_PSBT_GLOBAL_UNSIGNED_TX, (CbSpan) {spending, t.len});
		cb_psbt_write_end(&w);
		cb_psbt_write_field(&w, CB_PSBT_IN_NON_WITNESS_UTXO, (CbSpan) {previous, len});
		cb_psbt_write_witness_utxo(&w, &claimed);
		cb_psbt_write_end(&w);
		is_int(parse_copy(data, w.len), i == 0 ? CB_OK : CB_ERR_PSBT_UTXO, "both previous transaction and output: %s",
			   (const char *const[]) {"the same", "another value", "another script", "no such output"}[i]);
	}
	free(previous);
}

/* As long as the deepest tree makes it, and longer. */
static void
test_control_block(void)
{
	static const uint8_t control_block[33 + 129 * 32];

	for (size_t depth = 128; depth <= 129; depth++)
	{
		static uint8_t data[2 * MAX_PSBT];
		CbWriter	w = cb_writer(data, sizeof(data));
		size_t		len;
		uint8_t    *start = hex_bytes(GLOBAL END, &len);

		cb_write_bytes(&w, start, len);
		cb_psbt_write_leaf_script(&w, (CbSpan) {control_block, 33 + depth * 32}, (CbSpan) {NULL, 0}, 0xc0);
		cb_psbt_write_end(&w);
		cb_psbt_write_end(&w);
		is_int(parse_copy(data, w.len), depth == 128 ? CB_OK : CB_ERR_PSBT, "a control block of depth %zu", depth);
		free(start);
	}
}

/* An input is not final by an empty stack or an empty scriptSig. */
static void
test_empty_finals(void)
{
	static const char *const psbts[] = {
		GLOBAL END "0108" "01" "00" END END,
		GLOBAL END "0107" "00" END END,
		GLOBAL END "0107" "00" "0108" "01" "00" END END,
	};

	for (size_t i = 0; i < LENGTH_OF(psbts); i++)
	{
		size_t		len;
		uint8_t    *data = hex_bytes(psbts[i], &len);
		uint8_t		tx[MAX_PSBT];
		CbWriter	w = cb_writer(tx, sizeof(tx));
		CbPsbt		psbt;

		ok(cb_psbt_parse(data, len, &psbt) == CB_OK && cb_psbt_finalized_tx(&psbt, &w) == CB_ERR_PSBT_NOT_FINAL,
		   "nothing is signed by what is empty: %zu", i);
		free(data);
	}
}

static void
test_finalized(void)
{
	Psbt		p = parse_base64(text_of("finalized"));
	size_t		len;
	uint8_t    *wanted = hex_bytes(finalized_tx, &len);
	uint8_t		tx[MAX_PSBT];
	CbWriter	w = cb_writer(tx, sizeof(tx));
	bool		good = true;

	ok(cb_psbt_finalized_tx(&p.psbt, &w) == CB_OK && w.len == len && memcmp(tx, wanted, len) == 0,
	   "the published transaction is extracted");
	for (size_t capacity = 0; capacity < len; capacity++)
	{
		w = cb_writer(tx, capacity);
		good = good && cb_psbt_finalized_tx(&p.psbt, &w) == CB_ERR_CAPACITY;
	}
	ok(good, "and into no smaller buffer");
	free(p.data);
	free(wanted);

	for (size_t i = 0; i < LENGTH_OF(good_psbts); i++)
	{
		const char *what = good_psbts[i].what;
		CbResult	result = CB_ERR_PSBT_NOT_FINAL;

		if (strcmp(what, "finalized") == 0)
			continue;
		if (strcmp(what, "no inputs") == 0 || strcmp(what, "neither inputs nor outputs") == 0)
			result = CB_ERR_WITNESS;
		p = parse_base64(good_psbts[i].base64);
		w = cb_writer(tx, sizeof(tx));
		is_int(cb_psbt_finalized_tx(&p.psbt, &w), result, "no transaction from: %s", what);
		free(p.data);
	}
}

static void
test_same_unsigned(void)
{
	Psbt		p = parse_base64(text_of("finalized"));
	size_t		len;
	uint8_t    *data = hex_bytes(finalized_tx, &len);
	CbTx		tx;
	CbTx		changed;
	size_t		size = p.psbt.tx.raw.len;
	uint8_t    *copy = malloc(size);
	unsigned	n_changed = 0;
	bool		seen = true;

	ok(cb_tx_parse(data, len, &tx) == CB_OK && cb_tx_same_unsigned(&tx, &p.psbt.tx), "signed, it is still the same");
	ok(cb_tx_same_unsigned(&tx, &tx) && cb_tx_same_unsigned(&p.psbt.tx, &p.psbt.tx), "each is the same as itself");
	for (size_t i = 0; i < size; i++)
	{
		memcpy(copy, p.psbt.tx.raw.data, size);
		copy[i] ^= 1;
		if (cb_tx_parse_unsigned(copy, size, &changed) != CB_OK)
			continue;
		n_changed++;
		seen = seen && !cb_tx_same_unsigned(&tx, &changed) && !cb_tx_same_unsigned(&changed, &tx);
	}
	ok(seen && n_changed > 100, "no byte of the unsigned one changes unseen");
	free(copy);
	free(data);
	free(p.data);
}
