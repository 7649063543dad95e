/*-------------------------------------------------------------------------
 *
 * cb_sandbox_block.c
 *	  Building the sandbox's blocks.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_sandbox_internal.h"
#include "miscadmin.h"

/* BIP-9 without any bit set. */
#define BLOCK_VERSION 0x20000000
/* For the header, the count of transactions and the coinbase. */
#define RESERVED_WEIGHT 4000
#define COUNT_SIZE 9			/* the longest compact size */

/* Block 0 of regtest, as every node has it. */
static const char genesis_hex[] =
	"01000000"
	"0000000000000000000000000000000000000000000000000000000000000000"
	"3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a"
	"dae5494dffff7f2002000000"
	"01"
	"01000000"
	"01"
	"0000000000000000000000000000000000000000000000000000000000000000ffffffff"
	"4d"
	"04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c"
	"6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73"
	"ffffffff"
	"01"
	"00f2052a01000000"
	"43"
	"4104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb6"
	"49f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac"
	"00000000";

static void parse_tx(CbSpan raw, CbTx *tx);
static CbSpan make_coinbase(int32 height, CbSpan script, const CbTx *txs, int n);
static void root_of_txids(const CbTx *coinbase, const CbTx *txs, int n, CbHash256 *root);
static uint32 next_time(const CbSandboxTip *tip, uint32 now);
static void grind(CbHeader *header);
static CbSpan join_block(CbHeader *header, CbSpan coinbase, const CbSpan *txs, int n);

CbSpan
cb_sandbox_genesis(void)
{
	size_t		capacity = (sizeof(genesis_hex) - 1) / 2;
	uint8	   *raw = palloc(capacity);
	CbSpan		block = {raw, 0};
	CbHeader	header;

	if (cb_hex_decode(genesis_hex, sizeof(genesis_hex) - 1, raw, capacity, &block.len) != CB_OK ||
		cb_header_parse(raw, &header) != CB_OK ||
		memcmp(&header.hash, &cb_network(CB_REGTEST)->genesis, sizeof(header.hash)) != 0)
		elog(ERROR, "genesis block is damaged");
	return block;
}

int
cb_sandbox_fit_block(const CbSpan *txs, int n)
{
	size_t		weight = RESERVED_WEIGHT;

	for (int i = 0; i < n; i++)
	{
		CbTx		tx;

		parse_tx(txs[i], &tx);
		weight += cb_tx_weight(&tx);
		if (weight > CB_MAX_BLOCK_WEIGHT)
			return i;
	}
	return n;
}

CbSpan
cb_sandbox_build_block(CbSandboxTip *tip, uint32 now, CbSpan coinbase_script,
					   const CbSpan *raw_txs, int n)
{
	CbTx	   *txs = palloc(sizeof(CbTx) * Max(n, 1));
	CbSpan		raw_coinbase;
	CbTx		coinbase;
	CbHeader	header = {
		.version = BLOCK_VERSION,
		.prev = tip->hash,
		.time = next_time(tip, now),
		.bits = cb_network(CB_REGTEST)->pow_limit_bits
	};

	for (int i = 0; i < n; i++)
		parse_tx(raw_txs[i], &txs[i]);
	raw_coinbase = make_coinbase(tip->height + 1, coinbase_script, txs, n);
	parse_tx(raw_coinbase, &coinbase);
	root_of_txids(&coinbase, txs, n, &header.merkle_root);
	grind(&header);
	cb_sandbox_advance_tip(tip, &header);
	return join_block(&header, raw_coinbase, raw_txs, n);
}

void
cb_sandbox_advance_tip(CbSandboxTip *tip, const CbHeader *header)
{
	if (tip->n_times == CB_SANDBOX_MEDIAN_BLOCKS)
	{
		tip->n_times--;
		memmove(tip->times, tip->times + 1, sizeof(uint32) * tip->n_times);
	}
	tip->times[tip->n_times++] = header->time;
	tip->hash = header->hash;
	tip->height++;
}

static void
parse_tx(CbSpan raw, CbTx *tx)
{
	CbResult	result = cb_tx_parse(raw.data, raw.len, tx);

	if (result != CB_OK)
		elog(ERROR, "sandbox holds a damaged transaction: %s", cb_result_message(result));
}

static CbSpan
make_coinbase(int32 height, CbSpan script, const CbTx *txs, int n)
{
	CbHash256  *leaves = palloc0(sizeof(CbHash256) * (n + 1));
	CbHash256	root;
	bool		mutated;

	/* The coinbase holds the commitment, so it counts as zero. */
	for (int i = 0; i < n; i++)
		cb_tx_wtxid(&txs[i], &leaves[i + 1]);
	cb_merkle_root(leaves, n + 1, &root, &mutated);
	return cb_sandbox_coinbase_tx(height, script, &root);
}

static void
root_of_txids(const CbTx *coinbase, const CbTx *txs, int n, CbHash256 *root)
{
	CbHash256  *leaves = palloc(sizeof(CbHash256) * (n + 1));
	bool		mutated;

	cb_tx_txid(coinbase, &leaves[0]);
	for (int i = 0; i < n; i++)
		cb_tx_txid(&txs[i], &leaves[i + 1]);
	cb_merkle_root(leaves, n + 1, root, &mutated);
}

/*
 * Now, but after the median of the blocks before, as the network demands, and
 * not before any of them: so their times stand in order and their median is
 * the one in the middle.
 */
static uint32
next_time(const CbSandboxTip *tip, uint32 now)
{
	uint32		median = tip->times[tip->n_times / 2];
	uint32		last = tip->times[tip->n_times - 1];

	return Max(now, Max(median + 1, last));
}

/* On regtest every other hash will do. */
static void
grind(CbHeader *header)
{
	uint8		raw[CB_HEADER_SIZE];

	for (;;)
	{
		cb_header_serialize(header, raw);
		if (cb_header_check_work(header, cb_network(CB_REGTEST)) == CB_OK)
			return;
		CHECK_FOR_INTERRUPTS();
		header->nonce++;
	}
}

static CbSpan
join_block(CbHeader *header, CbSpan coinbase, const CbSpan *txs, int n)
{
	size_t		capacity = CB_HEADER_SIZE + COUNT_SIZE + coinbase.len;
	uint8		raw_header[CB_HEADER_SIZE];
	CbWriter	w;

	for (int i = 0; i < n; i++)
		capacity += txs[i].len;
	w = cb_writer(palloc(capacity), capacity);
	cb_header_serialize(header, raw_header);
	cb_write_bytes(&w, raw_header, sizeof(raw_header));
	cb_write_compact_size(&w, (uint64) n + 1);
	cb_write_bytes(&w, coinbase.data, coinbase.len);
	for (int i = 0; i < n; i++)
		cb_write_bytes(&w, txs[i].data, txs[i].len);
	Assert(w.error == CB_OK);
	return (CbSpan) {w.data, w.len};
}
