/*-------------------------------------------------------------------------
 *
 * test_tx.c
 *	  Transactions: Bitcoin Core's valid ones, and what must be refused.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_tx.h"

#include "tap.h"
#include "vectors.h"

/* Pieces of transactions, to be put together in right and wrong ways. */
#define VERSION "02000000"
#define MARKER "0001"
#define OUTPOINT "1111111111111111111111111111111111111111111111111111111111111111" "05000000"
#define NULL_OUTPOINT "0000000000000000000000000000000000000000000000000000000000000000" "ffffffff"
#define SEQUENCE "fdffffff"
#define INPUT OUTPOINT "00" SEQUENCE
#define OUTPUT "e803000000000000" "0151"
#define MAX_OUTPUT "0040075af0750700" "00"
#define LOCKTIME "2a000000"
#define WITNESS "02" "03aabbcc" "00"

#define LEGACY VERSION "01" INPUT "01" OUTPUT LOCKTIME
#define SEGWIT VERSION MARKER "01" INPUT "01" OUTPUT WITNESS LOCKTIME

static void write_inputs(CbWriter *w, const CbTx *tx);
static void write_outputs(CbWriter *w, const CbTx *tx);
static void write_witnesses(CbWriter *w, const CbTx *tx);
static size_t serialize(const CbTx *tx, bool with_witness, uint8_t *out, size_t capacity);
static CbResult parse_hex(const char *hex, CbTx *tx);
static bool check_valid(const uint8_t *data, size_t len);
static bool check_truncations(const uint8_t *data, size_t len);
static void test_vectors(void);
static void test_fields(void);
static void test_bip143(void);
static void refused(const char *hex, CbResult wanted, const char *what);
static void test_refused(void);
static void test_amounts(void);
static void test_size_limit(void);
static void test_coinbase(void);

int
main(void)
{
	test_vectors();
	test_fields();
	test_bip143();
	test_refused();
	test_amounts();
	test_size_limit();
	test_coinbase();
	return done();
}

static void
write_inputs(CbWriter *w, const CbTx *tx)
{
	CbTxInIter	it = cb_tx_inputs(tx);
	CbTxIn		in;

	cb_write_compact_size(w, tx->n_inputs);
	while (cb_tx_next_input(&it, &in))
	{
		cb_write_bytes(w, in.prevout.txid.bytes, 32);
		cb_write_u32(w, in.prevout.vout);
		cb_write_compact_size(w, in.script_sig.len);
		cb_write_bytes(w, in.script_sig.data, in.script_sig.len);
		cb_write_u32(w, in.sequence);
	}
}

static void
write_outputs(CbWriter *w, const CbTx *tx)
{
	CbTxOutIter it = cb_tx_outputs(tx);
	CbTxOut		out;

	cb_write_compact_size(w, tx->n_outputs);
	while (cb_tx_next_output(&it, &out))
	{
		cb_write_u64(w, (uint64_t) out.value);
		cb_write_compact_size(w, out.script.len);
		cb_write_bytes(w, out.script.data, out.script.len);
	}
}

static void
write_witnesses(CbWriter *w, const CbTx *tx)
{
	CbWitnessIter it = cb_tx_witnesses(tx);
	CbReader	items;
	uint64_t	n_items;

	while (cb_tx_next_witness(&it, &n_items, &items))
	{
		cb_write_compact_size(w, n_items);
		for (uint64_t i = 0; i < n_items; i++)
		{
			CbSpan		item = cb_read_var_bytes(&items);

			cb_write_compact_size(w, item.len);
			cb_write_bytes(w, item.data, item.len);
		}
	}
}

/* A transaction written anew from what the iterators give. */
static size_t
serialize(const CbTx *tx, bool with_witness, uint8_t *out, size_t capacity)
{
	CbWriter	w = cb_writer(out, capacity);

	cb_write_u32(&w, (uint32_t) tx->version);
	if (with_witness)
		cb_write_bytes(&w, "\0\1", 2);
	write_inputs(&w, tx);
	write_outputs(&w, tx);
	if (with_witness)
		write_witnesses(&w, tx);
	cb_write_u32(&w, tx->locktime);
	return w.error == CB_OK ? w.len : 0;
}

static CbResult
parse_hex(const char *hex, CbTx *tx)
{
	size_t		len;
	uint8_t    *data = hex_bytes(hex, &len);
	CbResult	result = cb_tx_parse(data, len, tx);

	free(data);
	return result;
}

/* Parsed, written again and hashed without witness, all must agree. */
static bool
check_valid(const uint8_t *data, size_t len)
{
	uint8_t    *copy = malloc(len);
	size_t		copy_len;
	CbTx		tx;
	CbTx		stripped;
	CbHash256	txid;
	CbHash256	wtxid;
	CbHash256	found;
	bool		good;

	if (cb_tx_parse(data, len, &tx) != CB_OK)
	{
		free(copy);
		return false;
	}
	copy_len = serialize(&tx, tx.has_witness, copy, len);
	good = copy_len == len && memcmp(copy, data, len) == 0;
	cb_tx_txid(&tx, &txid);
	cb_tx_wtxid(&tx, &wtxid);
	cb_sha256d(data, len, &found);
	good = good && memcmp(&found, &wtxid, sizeof(found)) == 0;

	copy_len = serialize(&tx, false, copy, len);
	cb_sha256d(copy, copy_len, &found);
	good = good && memcmp(&found, &txid, sizeof(found)) == 0;
	good = good && cb_tx_base_size(&tx) == copy_len && cb_tx_weight(&tx) == 3 * copy_len + len;
	good = good && cb_tx_vsize(&tx) == (3 * copy_len + len + 3) / 4;
	good = good && cb_tx_parse(copy, copy_len, &stripped) == CB_OK && !stripped.has_witness;
	good = good && (memcmp(&txid, &wtxid, sizeof(txid)) != 0) == tx.has_witness;
	free(copy);
	return good;
}

/* Each in a buffer of its own size, for the sanitizer. */
static bool
check_truncations(const uint8_t *data, size_t len)
{
	for (size_t cut = 0; cut < len; cut++)
	{
		uint8_t    *part = malloc(cut > 0 ? cut : 1);
		CbTx		tx;
		CbResult	result;

		memcpy(part, data, cut);
		result = cb_tx_parse(part, cut, &tx);
		free(part);
		if (result == CB_OK)
		{
			printf("# accepted when cut at %zu of %zu\n", cut, len);
			return false;
		}
	}
	return true;
}

static void
test_vectors(void)
{
	json_t	   *vectors = load_vectors("core/tx_valid.json");
	json_t	   *vector;
	size_t		i;

	json_array_foreach(vectors, i, vector)
	{
		size_t		len;
		uint8_t    *data;

		/* Others are comments. */
		if (json_array_size(vector) != 3)
			continue;
		data = hex_bytes(vector_string(vector, 1), &len);
		ok(check_valid(data, len), "transaction %zu is read and written the same", i);
		ok(check_truncations(data, len), "transaction %zu is refused wherever it is cut", i);
		free(data);
	}
	json_decref(vectors);
}

static void
test_fields(void)
{
	size_t		len;
	uint8_t    *data = hex_bytes(SEGWIT, &len);
	CbTx		tx;
	CbTxIn		in;
	CbTxOut		out;
	CbReader	items;
	uint64_t	n_items = 0;
	CbTxInIter	ins;
	CbTxOutIter outs;
	CbWitnessIter witnesses;

	is_int(cb_tx_parse(data, len, &tx), CB_OK, "a transaction with witness");
	is_int(tx.version, 2, "version");
	is_int(tx.locktime, 42, "lock time");
	ins = cb_tx_inputs(&tx);
	ok(cb_tx_next_input(&ins, &in), "its input");
	is_int(in.prevout.txid.bytes[31], 0x11, "spends a transaction");
	is_int(in.prevout.vout, 5, "its output");
	is_int((int64_t) in.script_sig.len, 0, "without script");
	is_int(in.sequence, 0xfffffffd, "with a sequence");
	ok(!cb_tx_next_input(&ins, &in), "is its only one");
	outs = cb_tx_outputs(&tx);
	ok(cb_tx_next_output(&outs, &out), "its output");
	is_int(out.value, 1000, "pays");
	ok(out.script.len == 1 && out.script.data[0] == 0x51, "to a script");
	ok(!cb_tx_next_output(&outs, &out), "is its only one");
	witnesses = cb_tx_witnesses(&tx);
	ok(cb_tx_next_witness(&witnesses, &n_items, &items), "its witness");
	is_int((int64_t) n_items, 2, "has two items");
	is_int((int64_t) cb_read_var_bytes(&items).len, 3, "one of three bytes");
	is_int((int64_t) cb_read_var_bytes(&items).len, 0, "one empty");
	is_int((int64_t) cb_reader_left(&items), 0, "and no more");
	ok(!cb_tx_next_witness(&witnesses, &n_items, &items), "is its only one");
	ok(check_valid(data, len), "and it agrees with itself");
	free(data);

	data = hex_bytes(LEGACY, &len);
	is_int(cb_tx_parse(data, len, &tx), CB_OK, "a transaction without witness");
	witnesses = cb_tx_witnesses(&tx);
	ok(!cb_tx_next_witness(&witnesses, &n_items, &items), "has none");
	is_int((int64_t) cb_tx_weight(&tx), (int64_t) (4 * len), "and weighs four times its size");
	free(data);
}

/* The unsigned transaction and identifiers of BIP-143's P2WPKH example. */
static void
test_bip143(void)
{
	static const char hex[] =
		"0100000002fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f0000000000eeffffff"
		"ef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff"
		"02202cb206000000001976a9148280b37df378db99f66f85c95a783a76ac7a6d5988ac"
		"9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac11000000";
	size_t		len;
	uint8_t    *data = hex_bytes(hex, &len);
	CbTx		tx;

	is_int(cb_tx_parse(data, len, &tx), CB_OK, "an unsigned transaction is read");
	is_int(tx.n_inputs, 2, "with both inputs");
	is_int(tx.locktime, 17, "and its lock time");
	ok(check_valid(data, len), "and agrees with itself");
	free(data);
}

static void
refused(const char *hex, CbResult wanted, const char *what)
{
	CbTx		tx;

	is_int(parse_hex(hex, &tx), wanted, "refused: %s", what);
}

static void
test_refused(void)
{
	refused("", CB_ERR_TRUNCATED, "nothing");
	refused(LEGACY "00", CB_ERR_TRAILING, "a byte after it");
	refused(SEGWIT "00", CB_ERR_TRAILING, "a byte after it, with witness");
	refused(LEGACY LEGACY, CB_ERR_TRAILING, "two of them");
	refused(VERSION "00" LOCKTIME, CB_ERR_WITNESS, "no inputs");
	refused(VERSION "00" "01" OUTPUT LOCKTIME, CB_ERR_COUNT, "no inputs but an output, as of old");
	refused(VERSION "01" INPUT "00" LOCKTIME, CB_ERR_COUNT, "no outputs");
	refused(VERSION MARKER "00" "01" OUTPUT LOCKTIME, CB_ERR_COUNT, "no inputs after the marker");
	refused(VERSION MARKER "01" INPUT "00" WITNESS LOCKTIME, CB_ERR_COUNT, "no outputs before a witness");
	refused(VERSION "0000" "01" INPUT "01" OUTPUT LOCKTIME, CB_ERR_WITNESS, "flag 0");
	refused(VERSION "0002" "01" INPUT "01" OUTPUT WITNESS LOCKTIME, CB_ERR_WITNESS, "flag 2");
	refused(VERSION "0003" "01" INPUT "01" OUTPUT WITNESS LOCKTIME, CB_ERR_WITNESS, "flag 3");
	refused(VERSION MARKER "01" INPUT "01" OUTPUT "00" LOCKTIME, CB_ERR_WITNESS, "only empty witnesses");
	refused(VERSION MARKER "02" INPUT INPUT "01" OUTPUT "0000" LOCKTIME, CB_ERR_WITNESS, "two empty witnesses");
	refused(VERSION "fd0100" INPUT "01" OUTPUT LOCKTIME, CB_ERR_NONMINIMAL, "input count in long form");
	refused(VERSION "01" INPUT "fd0100" OUTPUT LOCKTIME, CB_ERR_NONMINIMAL, "output count in long form");
	refused(VERSION "01" OUTPOINT "fd0000" SEQUENCE "01" OUTPUT LOCKTIME, CB_ERR_NONMINIMAL, "script length in long form");
	refused(VERSION MARKER "01" INPUT "01" OUTPUT "fd0100" "0151" LOCKTIME, CB_ERR_NONMINIMAL, "item count in long form");
	refused(VERSION MARKER "01" INPUT "01" OUTPUT "01" "fd010051" LOCKTIME, CB_ERR_NONMINIMAL, "item length in long form");
	refused(VERSION "03" INPUT "01" OUTPUT LOCKTIME, CB_ERR_COUNT, "more inputs than bytes");
	refused(VERSION "01" INPUT "09" OUTPUT LOCKTIME, CB_ERR_COUNT, "more outputs than bytes");
	refused(VERSION "feffffffff" INPUT "01" OUTPUT LOCKTIME, CB_ERR_COUNT, "four thousand million inputs");
	refused(VERSION "01" INPUT "ffffffffffffffffff" OUTPUT LOCKTIME, CB_ERR_COUNT, "the most outputs that can be written");
	refused(VERSION MARKER "01" INPUT "01" OUTPUT "feffffff7f" LOCKTIME, CB_ERR_COUNT, "more witness items than bytes");
	refused(VERSION MARKER "01" INPUT "01" OUTPUT "01" "ffffffffffffffffff" LOCKTIME, CB_ERR_TRUNCATED, "an item beyond the end");
	refused(VERSION "01" OUTPOINT "feffffffff" SEQUENCE "01" OUTPUT LOCKTIME, CB_ERR_TRUNCATED, "a script beyond the end");
}

static void
test_amounts(void)
{
	CbTx		tx;

	is_int(parse_hex(VERSION "01" INPUT "01" MAX_OUTPUT LOCKTIME, &tx), CB_OK, "an output of all the money");
	is_int(parse_hex(VERSION "01" INPUT "02" MAX_OUTPUT "0000000000000000" "00" LOCKTIME, &tx), CB_OK, "and one of nothing");
	refused(VERSION "01" INPUT "01" "0140075af0750700" "00" LOCKTIME, CB_ERR_AMOUNT, "a sat more than all the money");
	refused(VERSION "01" INPUT "02" MAX_OUTPUT "0100000000000000" "00" LOCKTIME, CB_ERR_AMOUNT, "the same in two outputs");
	refused(VERSION "01" INPUT "01" "ffffffffffffffff" "00" LOCKTIME, CB_ERR_AMOUNT, "minus one sat");
	refused(VERSION "01" INPUT "01" "0000000000000080" "00" LOCKTIME, CB_ERR_AMOUNT, "the most negative amount");
}

/* Without witness a transaction may fill a block, no more. */
static void
test_size_limit(void)
{
	/* A script of so many bytes has a length of five. */
	const size_t around = 4 + 1 + 36 + 5 + 4 + 1 + 10 + 4;
	const size_t limit = CB_MAX_BLOCK_WEIGHT / CB_WITNESS_SCALE;
	uint8_t    *data = calloc(1, limit + 1);

	for (size_t size = limit; size <= limit + 1; size++)
	{
		CbWriter	w = cb_writer(data, size);
		CbTx		tx;

		cb_write_u32(&w, 1);
		cb_write_u8(&w, 1);
		w.len += 36;
		cb_write_compact_size(&w, size - around);
		w.len += size - around + 4;
		cb_write_u8(&w, 1);
		cb_write_u64(&w, 1);
		cb_write_bytes(&w, "\1\121", 2);
		cb_write_u32(&w, 0);
		is_int((int64_t) w.len, (int64_t) size, "a transaction of %zu bytes is made", size);
		is_int(cb_tx_parse(data, size, &tx), size > limit ? CB_ERR_TX_SIZE : CB_OK, "and judged by its size");
	}
	free(data);
}

static void
test_coinbase(void)
{
	static const struct
	{
		const char *hex;
		bool		is_coinbase;
		const char *what;
	}			cases[] = {
		{VERSION "01" NULL_OUTPOINT "0151" SEQUENCE "01" OUTPUT LOCKTIME, true, "a null prevout"},
		{VERSION "02" NULL_OUTPOINT "0151" SEQUENCE INPUT "01" OUTPUT LOCKTIME, false, "a null prevout and another"},
		{VERSION "01" "0000000000000000000000000000000000000000000000000000000000000000" "00000000" "00" SEQUENCE "01" OUTPUT LOCKTIME, false, "a null hash alone"},
		{VERSION "01" "0000000000000000000000000000000000000000000000000000000000000001" "ffffffff" "00" SEQUENCE "01" OUTPUT LOCKTIME, false, "a null index alone"},
		{LEGACY, false, "an ordinary prevout"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		size_t		len;
		uint8_t    *data = hex_bytes(cases[i].hex, &len);
		CbTx		tx;

		is_int(cb_tx_parse(data, len, &tx), CB_OK, "%s is read", cases[i].what);
		is_int(cb_tx_is_coinbase(&tx), cases[i].is_coinbase, "%s makes a coinbase or not", cases[i].what);
		free(data);
	}
}
