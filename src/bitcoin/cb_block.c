/*-------------------------------------------------------------------------
 *
 * cb_block.c
 *	  Whole blocks: parsed and checked by themselves.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_block.h"

#include <string.h>

/* Version, one input and one output with empty scripts, locktime. */
#define MIN_TX_SIZE (4 + 1 + 41 + 1 + 9 + 4)

static CbResult read_count(CbReader *r, uint32_t *n_txs);
static CbResult read_txs(CbReader *r, CbBlock *block, CbBlockTx *txs, bool *any_witness);
static CbResult check_tx_place(const CbTx *tx, bool is_first);
static CbResult check_merkle_root(const CbBlock *block, const CbBlockTx *txs, CbHash256 *scratch);
static bool find_commitment(const CbTx *coinbase, CbHash256 *commitment);
static bool reserved_value(const CbTx *coinbase, CbHash256 *value);
static CbResult check_witness_commitment(const CbBlock *block, const CbBlockTx *txs, CbHash256 *scratch);

/* Reader at the header; afterwards at the first transaction. */
static CbResult
read_count(CbReader *r, uint32_t *n_txs)
{
	uint64_t	count;

	*n_txs = 0;
	(void) cb_read_bytes(r, CB_HEADER_SIZE);
	count = cb_read_count(r, MIN_TX_SIZE);
	if (r->error != CB_OK)
		return r->error;
	if (count == 0 || count > UINT32_MAX)
		return CB_ERR_COUNT;
	*n_txs = (uint32_t) count;
	return CB_OK;
}

CbResult
cb_block_count(const uint8_t *data, size_t len, uint32_t *n_txs)
{
	CbReader	r = cb_reader(data, len);

	*n_txs = 0;
	/* Every byte weighs at least one; the caller need not make room for it. */
	if (len > CB_MAX_BLOCK_WEIGHT)
		return CB_ERR_BLOCK_SIZE;
	return read_count(&r, n_txs);
}

/*
 * Two hashes of the merkle tree, 64 bytes, can be read as a transaction: then
 * the tree's inner nodes pass for a shorter block.  Its first transaction would
 * have to be a coinbase, which no pair of hashes is.  A real transaction of 64
 * bytes is valid, and refusing its block would let any miner stop us.
 */
static CbResult
check_tx_place(const CbTx *tx, bool is_first)
{
	return cb_tx_is_coinbase(tx) == is_first ? CB_OK : CB_ERR_COINBASE;
}

/* All transactions with their identifiers, and the limit on their weight. */
static CbResult
read_txs(CbReader *r, CbBlock *block, CbBlockTx *txs, bool *any_witness)
{
	size_t		weight = (block->raw.len - block->txs.len) * CB_WITNESS_SCALE;

	*any_witness = false;
	for (uint32_t i = 0; i < block->n_txs; i++)
	{
		CbTx	   *tx = &txs[i].tx;
		CbResult	result = cb_tx_read(r, tx);

		if (result == CB_OK)
			result = check_tx_place(tx, i == 0);
		if (result != CB_OK)
			return result;
		weight += cb_tx_weight(tx);
		if (weight > CB_MAX_BLOCK_WEIGHT)
			return CB_ERR_BLOCK_SIZE;
		cb_tx_txid(tx, &txs[i].txid);
		block->n_inputs += tx->n_inputs;
		block->n_outputs += tx->n_outputs;
		*any_witness |= tx->has_witness;
	}
	return cb_reader_left(r) > 0 ? CB_ERR_TRAILING : CB_OK;
}

static CbResult
check_merkle_root(const CbBlock *block, const CbBlockTx *txs, CbHash256 *scratch)
{
	CbHash256	root;
	bool		mutated;

	for (uint32_t i = 0; i < block->n_txs; i++)
		scratch[i] = txs[i].txid;
	cb_merkle_root(scratch, block->n_txs, &root, &mutated);
	if (memcmp(&root, &block->header.merkle_root, sizeof(root)) != 0)
		return CB_ERR_MERKLE_ROOT;
	return mutated ? CB_ERR_MERKLE_DUPLICATE : CB_OK;
}

/* Of several outputs that look like a commitment, the last one is it. */
static bool
find_commitment(const CbTx *coinbase, CbHash256 *commitment)
{
	/* OP_RETURN, a push of 36 bytes, and the four that mark a commitment */
	static const uint8_t marker[] = {0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed};
	CbTxOutIter it = cb_tx_outputs(coinbase);
	CbTxOut		out;
	bool		found = false;

	while (cb_tx_next_output(&it, &out))
	{
		if (out.script.len < sizeof(marker) + sizeof(*commitment) ||
			memcmp(out.script.data, marker, sizeof(marker)) != 0)
			continue;
		memcpy(commitment, out.script.data + sizeof(marker), sizeof(*commitment));
		found = true;
	}
	return found;
}

/* The coinbase's witness is a single item of 32 bytes. */
static bool
reserved_value(const CbTx *coinbase, CbHash256 *value)
{
	CbWitnessIter it = cb_tx_witnesses(coinbase);
	CbReader	items;
	CbSpan		item;
	uint64_t	n_items;

	if (!cb_tx_next_witness(&it, &n_items, &items) || n_items != 1)
		return false;
	item = cb_read_var_bytes(&items);
	if (item.len != sizeof(*value))
		return false;
	memcpy(value, item.data, sizeof(*value));
	return true;
}

static CbResult
check_witness_commitment(const CbBlock *block, const CbBlockTx *txs, CbHash256 *scratch)
{
	CbHash256	wanted;
	CbHash256	found;
	CbHash256	pair[2];		/* root, reserved value */
	bool		mutated;

	if (!find_commitment(&txs[0].tx, &wanted) || !reserved_value(&txs[0].tx, &pair[1]))
		return CB_ERR_WITNESS_COMMITMENT;

	/* The coinbase holds the commitment, so it counts as zero. */
	memset(&scratch[0], 0, sizeof(scratch[0]));
	for (uint32_t i = 1; i < block->n_txs; i++)
	{
		if (txs[i].tx.has_witness)
			cb_tx_wtxid(&txs[i].tx, &scratch[i]);
		else
			scratch[i] = txs[i].txid;
	}
	cb_merkle_root(scratch, block->n_txs, &pair[0], &mutated);
	cb_sha256d(pair[0].bytes, sizeof(pair), &found);
	return memcmp(&found, &wanted, sizeof(found)) == 0 ? CB_OK : CB_ERR_WITNESS_COMMITMENT;
}

CbResult
cb_block_parse(const uint8_t *data, size_t len, CbBlock *block, CbBlockTx *txs, CbHash256 *scratch, uint32_t n)
{
	CbReader	r = cb_reader(data, len);
	CbResult	result;
	bool		any_witness;

	memset(block, 0, sizeof(*block));
	block->raw.data = data;
	block->raw.len = len;
	if (len > CB_MAX_BLOCK_WEIGHT)
		return CB_ERR_BLOCK_SIZE;
	result = read_count(&r, &block->n_txs);
	if (result == CB_OK && block->n_txs > n)
		result = CB_ERR_CAPACITY;
	if (result == CB_OK)
		result = cb_header_parse(data, &block->header);
	if (result != CB_OK)
		return result;

	block->txs.data = r.pos;
	block->txs.len = cb_reader_left(&r);
	result = read_txs(&r, block, txs, &any_witness);
	if (result == CB_OK)
		result = check_merkle_root(block, txs, scratch);
	if (result == CB_OK && any_witness)
		result = check_witness_commitment(block, txs, scratch);
	return result;
}
