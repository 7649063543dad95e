/*-------------------------------------------------------------------------
 *
 * test_block.c
 *	  Whole blocks: real ones, real ones corrupted, and small ones made here
 *	  to break one rule each.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_block.h"

#include "tap.h"
#include "vectors.h"

#define NULL_OUTPOINT "0000000000000000000000000000000000000000000000000000000000000000" "ffffffff"
#define COINBASE_INPUT "01" NULL_OUTPOINT "0451515151" "ffffffff"
#define COINBASE "01000000" COINBASE_INPUT "01" "00f2052a01000000" "0151" "00000000"
/* With an outpoint of its own. */
#define SPEND(nn) "01000000" "01" nn "00000000000000000000000000000000000000000000000000000000000000" "00000000" \
	"0151" "ffffffff" "01" "e803000000000000" "0151" "00000000"
#define SPEND_WITNESS "01000000" "0001" "01" \
	"1111111111111111111111111111111111111111111111111111111111111111" "00000000" "00" "ffffffff" \
	"01" "e803000000000000" "0151" "01" "03aabbcc" "00000000"
/* 64 bytes: scripts of four bytes in all. */
#define SPEND_64 "01000000" "01" \
	"1111111111111111111111111111111111111111111111111111111111111111" "00000000" "00" "ffffffff" \
	"01" "e803000000000000" "0451515151" "00000000"
#define SPEND_65 "01000000" "01" \
	"1111111111111111111111111111111111111111111111111111111111111111" "00000000" "00" "ffffffff" \
	"01" "e803000000000000" "055151515151" "00000000"

typedef struct ParsedBlock
{
	CbBlock		block;
	CbBlockTx  *txs;
	CbHash256  *scratch;
	uint32_t	n;
} ParsedBlock;

static CbResult parse_block(const uint8_t *data, size_t len, ParsedBlock *parsed);
static void free_block(ParsedBlock *parsed);
static size_t make_block(const char *txs_hex, uint8_t *out, size_t capacity);
static CbResult judge_made(const char *txs_hex);
static void test_real(const char *name, const char *hash, uint32_t n_txs, bool witness);
static void corrupt(const uint8_t *data, size_t len);
static void test_made(void);
static size_t commit_witness(char *coinbase, const char *reserved, const char *extra_output);
static void judge_commitment(const char *reserved, const char *extra_output, const char *other_tx, CbResult wanted,
							 const char *what);
static void test_commitment(void);
static void test_duplicates(void);
static void test_weight(void);
static CbHash256 recursive_root(const CbHash256 *leaves, uint32_t n, uint32_t width);
static void test_merkle(void);
static void test_chain(void);
static void test_genesis(void);

int
main(void)
{
	test_real("blocks/block300025.raw", "0000000000000000821c4e0acc40f88bedbce3b73ba2358b5ade58a9022cc78c", 461, false);
	test_real("blocks/block928816.raw", "00000000000001c4b87edf974ddc601d88dda332265b9849a944a5ff0141a378", 889, true);
	test_made();
	test_commitment();
	test_duplicates();
	test_weight();
	test_merkle();
	test_chain();
	test_genesis();
	return done();
}

static CbResult
parse_block(const uint8_t *data, size_t len, ParsedBlock *parsed)
{
	CbResult	result = cb_block_count(data, len, &parsed->n);

	parsed->txs = NULL;
	parsed->scratch = NULL;
	if (result != CB_OK)
		return result;
	parsed->txs = calloc(parsed->n, sizeof(CbBlockTx));
	parsed->scratch = calloc(parsed->n, sizeof(CbHash256));
	return cb_block_parse(data, len, &parsed->block, parsed->txs, parsed->scratch, parsed->n);
}

static void
free_block(ParsedBlock *parsed)
{
	free(parsed->txs);
	free(parsed->scratch);
}

/* A header, and so many transactions, with the merkle root they have. */
static size_t
make_block(const char *txs_hex, uint8_t *out, size_t capacity)
{
	size_t		len;
	uint8_t    *txs = hex_bytes(txs_hex, &len);
	CbHash256	leaves[16];
	uint32_t	n = 0;
	CbReader	r = cb_reader(txs, len);
	CbHeader	header = {.version = 4, .bits = 0x207fffff};
	uint8_t		raw[CB_HEADER_SIZE];
	CbWriter	w = cb_writer(out, capacity);
	bool		mutated;

	while (cb_reader_left(&r) > 0)
	{
		CbTx		tx;

		if (n == 16 || cb_tx_read(&r, &tx) != CB_OK)
			abort();
		cb_tx_txid(&tx, &leaves[n++]);
	}
	cb_merkle_root(leaves, n, &header.merkle_root, &mutated);
	cb_header_serialize(&header, raw);
	cb_write_bytes(&w, raw, sizeof(raw));
	cb_write_compact_size(&w, n);
	cb_write_bytes(&w, txs, len);
	free(txs);
	if (w.error != CB_OK)
		abort();
	return w.len;
}

static CbResult
judge_made(const char *txs_hex)
{
	uint8_t		data[8192];
	size_t		len = make_block(txs_hex, data, sizeof(data));
	ParsedBlock parsed;
	CbResult	result = parse_block(data, len, &parsed);

	free_block(&parsed);
	return result;
}

static void
test_real(const char *name, const char *hash, uint32_t n_txs, bool witness)
{
	size_t		len;
	uint8_t    *data = load_vector_bytes(name, &len);
	ParsedBlock parsed;
	char		hex[65] = {0};
	uint64_t	n_inputs = 0;
	bool		any_witness = false;
	const uint8_t *next;

	if (data == NULL)
		return;
	is_int(parse_block(data, len, &parsed), CB_OK, "%s is valid", name);
	cb_hex_encode_reversed(parsed.block.header.hash.bytes, 32, hex);
	is_str(hex, hash, "its hash");
	is_int(parsed.n, n_txs, "its number of transactions");
	is_int(cb_header_check_work(&parsed.block.header, cb_network(CB_MAINNET)), CB_OK, "its work is done");
	next = parsed.block.txs.data;
	for (uint32_t i = 0; i < parsed.n; i++)
	{
		CbHash256	txid;

		cb_tx_txid(&parsed.txs[i].tx, &txid);
		if (memcmp(&txid, &parsed.txs[i].txid, 32) != 0 || parsed.txs[i].tx.raw.data != next)
			ok(false, "transaction %u", i);
		n_inputs += parsed.txs[i].tx.n_inputs;
		any_witness |= parsed.txs[i].tx.has_witness;
		next += parsed.txs[i].tx.raw.len;
	}
	ok(next == data + len, "its transactions fill it");
	is_int((int64_t) parsed.block.n_inputs, (int64_t) n_inputs, "its inputs are counted");
	is_int(any_witness, witness, "it has witnesses or not");
	is_int(cb_block_parse(data, len, &parsed.block, parsed.txs, parsed.scratch, parsed.n - 1), CB_ERR_CAPACITY,
		   "no more transactions are written than there is room for");
	free_block(&parsed);
	corrupt(data, len);
	free(data);
}

/* Some hundred places: any changed bit behind the header must be noticed. */
static void
corrupt(const uint8_t *data, size_t len)
{
	uint8_t    *copy = malloc(len + 1);
	ParsedBlock parsed;
	int			accepted = 0;

	memcpy(copy, data, len);
	copy[len] = 0;
	is_int(parse_block(copy, len + 1, &parsed), CB_ERR_TRAILING, "a byte more is refused");
	free_block(&parsed);
	for (size_t i = 36; i < len; i += i < 400 ? 1 : len / 150)
	{
		/* Time, bits and nonce are for the proof of work to protect. */
		if (i >= 68 && i < CB_HEADER_SIZE)
			continue;
		copy[i] ^= (uint8_t) (1 << (i % 8));
		accepted += parse_block(copy, len, &parsed) == CB_OK;
		free_block(&parsed);
		copy[i] = data[i];
	}
	is_int(accepted, 0, "no changed bit is accepted");
	for (size_t cut = 0; cut < len; cut += cut < 400 ? 1 : len / 100)
	{
		uint8_t    *part = malloc(cut > 0 ? cut : 1);

		memcpy(part, data, cut);
		accepted += parse_block(part, cut, &parsed) == CB_OK;
		free_block(&parsed);
		free(part);
	}
	is_int(accepted, 0, "nor any part of it");
	free(copy);
}

static void
test_made(void)
{
	uint8_t		data[1024];
	size_t		len = make_block(COINBASE, data, sizeof(data));
	uint32_t	n;

	is_int(judge_made(COINBASE), CB_OK, "a coinbase alone");
	is_int(judge_made(COINBASE SPEND("01") SPEND("02")), CB_OK, "a coinbase and others");
	is_int(judge_made(SPEND("01")), CB_ERR_COINBASE, "no coinbase");
	is_int(judge_made(SPEND("01") COINBASE), CB_ERR_COINBASE, "the coinbase last");
	is_int(judge_made(COINBASE SPEND("01") COINBASE), CB_ERR_COINBASE, "two coinbases");
	is_int(judge_made(COINBASE SPEND_65), CB_OK, "a transaction of 65 bytes");
	is_int(judge_made(COINBASE SPEND_64), CB_OK, "a transaction of 64 bytes, which is valid");
	is_int(judge_made(SPEND_64), CB_ERR_COINBASE, "two hashes that read as the only transaction");
	is_int(judge_made(SPEND_64 SPEND_65), CB_ERR_COINBASE, "or as the first");

	data[36] ^= 1;
	{
		ParsedBlock parsed;

		is_int(parse_block(data, len, &parsed), CB_ERR_MERKLE_ROOT, "another merkle root");
		free_block(&parsed);
	}
	data[CB_HEADER_SIZE] = 0;
	is_int(cb_block_count(data, len, &n), CB_ERR_COUNT, "no transactions");
	data[CB_HEADER_SIZE] = 2;
	is_int(cb_block_count(data, len, &n), CB_ERR_COUNT, "more than the bytes can hold");
	is_int(n, 0, "and no number is given");
	is_int(cb_block_count(data, CB_HEADER_SIZE, &n), CB_ERR_TRUNCATED, "a header alone");
	data[CB_HEADER_SIZE] = 0xff;
	memset(data + CB_HEADER_SIZE + 1, 0xff, 8);
	is_int(cb_block_count(data, len, &n), CB_ERR_COUNT, "the largest number that can be written");
}

/*
 * A coinbase that commits to the witness of a block of itself and
 * SPEND_WITNESS, and after which other transactions may be appended.  Without
 * a reserved value it carries no witness.
 */
static size_t
commit_witness(char *coinbase, const char *reserved, const char *extra_output)
{
	size_t		len;
	uint8_t    *bytes = hex_bytes(SPEND_WITNESS, &len);
	CbHash256	leaves[2] = {{{0}}};
	CbHash256	pair[2] = {{{0}}};
	CbHash256	commitment;
	char		hex[65] = {0};
	bool		mutated;
	char	   *end = coinbase;

	cb_sha256d(bytes, len, &leaves[1]);
	free(bytes);
	cb_merkle_root(leaves, 2, &pair[0], &mutated);
	bytes = hex_bytes(reserved, &len);
	memcpy(&pair[1], bytes, len < 32 ? len : 32);
	free(bytes);
	cb_sha256d(pair[0].bytes, sizeof(pair), &commitment);
	cb_hex_encode(commitment.bytes, 32, hex);

	end += sprintf(end, "01000000%s" COINBASE_INPUT, len > 0 ? "0001" : "");
	end += sprintf(end, "%s" "0000000000000000" "266a24aa21a9ed%s%s", extra_output[0] != '\0' ? "02" : "01", hex, extra_output);
	if (len > 0)
		end += sprintf(end, "01%02x%s", (unsigned) len, reserved);
	end += sprintf(end, "00000000");
	return (size_t) (end - coinbase);
}

static void
judge_commitment(const char *reserved, const char *extra_output, const char *other_tx, CbResult wanted, const char *what)
{
	char		txs[4096];
	size_t		end = commit_witness(txs, reserved, extra_output);

	snprintf(txs + end, sizeof(txs) - end, "%s", other_tx);
	is_int(judge_made(txs), wanted, "%s", what);
}

static void
test_commitment(void)
{
	static const char zero[] = "0000000000000000000000000000000000000000000000000000000000000000";
	static const char other[] = "1200000000000000000000000000000000000000000000000000000000000034";
	static const char wrong[] = "0000000000000000" "266a24aa21a9ed" "0000000000000000000000000000000000000000000000000000000000000000";
	static const char shorter[] = "0000000000000000" "256a24aa21a9ed" "00000000000000000000000000000000000000000000000000000000000000";
	char		txs[4096];
	size_t		end;

	judge_commitment(zero, "", SPEND_WITNESS, CB_OK, "a witness that is committed to");
	judge_commitment(zero, "", SPEND("01"), CB_ERR_WITNESS_COMMITMENT, "a commitment to other transactions");
	judge_commitment(other, "", SPEND_WITNESS, CB_OK, "another reserved value");
	judge_commitment(zero, shorter, SPEND_WITNESS, CB_OK, "what is too short is no commitment");
	judge_commitment(zero, wrong, SPEND_WITNESS, CB_ERR_WITNESS_COMMITMENT, "the last commitment counts");
	judge_commitment("00", "", SPEND_WITNESS, CB_ERR_WITNESS_COMMITMENT, "a reserved value of one byte");
	judge_commitment("", "", SPEND_WITNESS, CB_ERR_WITNESS_COMMITMENT, "no reserved value");
	judge_commitment("", "", SPEND("01"), CB_OK, "none is needed without a witness");
	is_int(judge_made(COINBASE SPEND_WITNESS), CB_ERR_WITNESS_COMMITMENT, "no commitment");

	/* At the coinbase's end: a count of 1, a length, 32 bytes, lock time. */
	end = commit_witness(txs, zero, "");
	memcpy(txs + end - 2 * (1 + 1 + 32 + 4), "02", 2);
	snprintf(txs + end - 8, sizeof(txs) - end, "00" "00000000" SPEND_WITNESS);
	is_int(judge_made(txs), CB_ERR_WITNESS_COMMITMENT, "a second item beside the reserved value");
}

/* CVE-2012-2459: the same root with the last transactions repeated. */
static void
test_duplicates(void)
{
	is_int(judge_made(COINBASE SPEND("01") SPEND("02") SPEND("02")), CB_ERR_MERKLE_DUPLICATE, "a repeated transaction");
	is_int(judge_made(COINBASE SPEND("01") SPEND("02") SPEND("03") SPEND("04") SPEND("05") SPEND("04") SPEND("05")),
		   CB_ERR_MERKLE_DUPLICATE, "a repeated pair");
	is_int(judge_made(COINBASE SPEND("01") SPEND("02") SPEND("03") SPEND("04") SPEND("05")), CB_OK, "the same without");
}

/* Blocks of one large coinbase output at the limit and one byte beyond. */
static void
test_weight(void)
{
	const size_t limit = CB_MAX_BLOCK_WEIGHT / CB_WITNESS_SCALE;
	const size_t before_script = CB_HEADER_SIZE + 1 + 4 + 1 + 36 + 5 + 4 + 1 + 8 + 5;
	uint8_t    *data = calloc(1, limit + 1);
	uint32_t	n;

	for (size_t size = limit; size <= limit + 1; size++)
	{
		CbWriter	w = cb_writer(data, size);
		CbHeader	header = {.version = 4};
		ParsedBlock parsed;
		uint8_t    *tx = hex_bytes("01000000" COINBASE_INPUT "01" "00f2052a01000000", &w.len);

		memcpy(data + CB_HEADER_SIZE + 1, tx, w.len);
		free(tx);
		data[CB_HEADER_SIZE] = 1;
		w.len += CB_HEADER_SIZE + 1;
		cb_write_compact_size(&w, size - before_script - 4);
		cb_sha256d(data + CB_HEADER_SIZE + 1, size - CB_HEADER_SIZE - 1, &header.merkle_root);
		cb_header_serialize(&header, data);
		is_int(parse_block(data, size, &parsed), size > limit ? CB_ERR_BLOCK_SIZE : CB_OK, "a block of %zu bytes", size);
		free_block(&parsed);
	}
	free(data);
	is_int(cb_block_count((const uint8_t *) "", CB_MAX_BLOCK_WEIGHT + 1, &n), CB_ERR_BLOCK_SIZE,
		   "what is too long is not even looked at");
}

/* Against a tree that is built by recursion. */
static CbHash256
recursive_root(const CbHash256 *leaves, uint32_t n, uint32_t width)
{
	CbHash256	pair[2];
	CbHash256	root;

	if (width == 1)
		return leaves[0];
	pair[0] = recursive_root(leaves, n < width / 2 ? n : width / 2, width / 2);
	pair[1] = n > width / 2 ? recursive_root(leaves + width / 2, n - width / 2, width / 2) : pair[0];
	cb_sha256d(pair[0].bytes, 64, &root);
	return root;
}

static void
test_merkle(void)
{
	for (uint32_t n = 1; n <= 33; n++)
	{
		CbHash256	leaves[33];
		CbHash256	wanted;
		CbHash256	root;
		uint32_t	width = 1;
		bool		mutated = true;

		for (uint32_t i = 0; i < n; i++)
			cb_sha256d((const uint8_t *) &i, sizeof(i), &leaves[i]);
		while (width < n)
			width *= 2;
		wanted = recursive_root(leaves, n, width);
		cb_merkle_root(leaves, n, &root, &mutated);
		ok(memcmp(&root, &wanted, 32) == 0 && !mutated, "merkle root of %u leaves", n);
	}
}

/* The blocks of Bitcoin Core's own test chain, each on its predecessor. */
static void
test_chain(void)
{
	const CbNetwork *net = cb_network(CB_REGTEST);
	json_t	   *vectors = load_vectors("core/rpc_getblockstats.json");
	json_t	   *hexes = json_object_get(vectors, "blocks");
	json_t	   *stats;
	size_t		i;
	CbHeaderContext ctx = {0};

	for (i = 0; i < json_array_size(hexes); i++)
	{
		size_t		len;
		uint8_t    *data = hex_bytes(vector_string(hexes, i), &len);
		ParsedBlock parsed;
		CbHeader   *header = &parsed.block.header;

		is_int(parse_block(data, len, &parsed), CB_OK, "block %zu is valid", i);
		is_int(cb_header_check_work(header, net), CB_OK, "and has done its work");
		ok(memcmp(&header->prev, &ctx.parent.hash, 32) == 0, "and follows the one before");
		ctx.height = (uint32_t) i;
		is_int(cb_header_check_context(header, &ctx, net), CB_OK, "and may follow it");
		header->bits = 0x207ffffe;
		is_int(cb_header_check_context(header, &ctx, net), i == 0 ? CB_OK : CB_ERR_TARGET_CHANGE, "but not with another target");
		header->bits = 0x207fffff;
		ctx.parent = *header;
		json_array_foreach(json_object_get(vectors, "stats"), len, stats)
		{
			char		hex[65] = {0};

			if (json_integer_value(json_object_get(stats, "height")) != (json_int_t) i)
				continue;
			cb_hex_encode_reversed(header->hash.bytes, 32, hex);
			is_str(hex, json_string_value(json_object_get(stats, "blockhash")), "its hash is the one recorded");
			is_int(parsed.n, json_integer_value(json_object_get(stats, "txs")), "and so are its transactions");
			is_int((int64_t) parsed.block.n_outputs, json_integer_value(json_object_get(stats, "outs")), "and its outputs");
		}
		free_block(&parsed);
		free(data);
	}
	if (vectors != NULL)
		is_int((int64_t) i, 104, "104 blocks were there");
	json_decref(vectors);
}

/* The first block of the main network, whole. */
static void
test_genesis(void)
{
	static const char hex[] =
		"0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f61"
		"7fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c01"
		"01000000" "01" NULL_OUTPOINT "4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f"
		"72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73" "ffffffff"
		"01" "00f2052a01000000" "434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4"
		"f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac" "00000000";
	size_t		len;
	uint8_t    *data = hex_bytes(hex, &len);
	ParsedBlock parsed;

	is_int(parse_block(data, len, &parsed), CB_OK, "the genesis block is valid");
	ok(memcmp(&parsed.block.header.hash, &cb_network(CB_MAINNET)->genesis, 32) == 0, "and is the main network's");
	free_block(&parsed);
	free(data);
}
