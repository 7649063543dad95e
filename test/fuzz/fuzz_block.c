/*-------------------------------------------------------------------------
 *
 * fuzz_block.c
 *	  Any bytes as a block, and a header's rules on any past.
 *
 * Every input is tried as it is and once more with the merkle root that its
 * transactions have, since no fuzzer would find one.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_block.h"

#include "fuzz.h"

static void check_accepted(const CbBlock *block, const CbBlockTx *txs);
static CbResult try_block(const uint8_t *data, size_t size);
static bool give_merkle_root(uint8_t *data, size_t size);
static void try_header(const uint8_t *data, size_t size);

static void
check_accepted(const CbBlock *block, const CbBlockTx *txs)
{
	const uint8_t *next = block->txs.data;
	uint64_t	n_inputs = 0;
	uint64_t	n_outputs = 0;
	size_t		weight = 4 * (block->raw.len - block->txs.len);

	for (uint32_t i = 0; i < block->n_txs; i++)
	{
		const CbTx *tx = &txs[i].tx;
		CbHash256	txid;

		INVARIANT(tx->raw.data == next);
		next += tx->raw.len;
		INVARIANT(cb_tx_is_coinbase(tx) == (i == 0));
		INVARIANT(cb_tx_base_size(tx) != 64);
		cb_tx_txid(tx, &txid);
		INVARIANT(memcmp(&txid, &txs[i].txid, sizeof(txid)) == 0);
		n_inputs += tx->n_inputs;
		n_outputs += tx->n_outputs;
		weight += cb_tx_weight(tx);
	}
	INVARIANT(next == block->raw.data + block->raw.len);
	INVARIANT(n_inputs == block->n_inputs && n_outputs == block->n_outputs);
	INVARIANT(weight <= CB_MAX_BLOCK_WEIGHT);
}

static CbResult
try_block(const uint8_t *data, size_t size)
{
	CbBlock		block;
	CbBlockTx  *txs;
	CbHash256  *scratch;
	uint32_t	n;
	CbResult	result = cb_block_count(data, size, &n);

	INVARIANT((uint64_t) n * 60 <= size && (result == CB_OK) == (n > 0));
	if (result != CB_OK)
		return result;
	txs = malloc(n * sizeof(*txs));
	scratch = malloc(n * sizeof(*scratch));
	result = cb_block_parse(data, size, &block, txs, scratch, n);
	if (result == CB_OK)
		check_accepted(&block, txs);
	if (n > 1)
		INVARIANT(cb_block_parse(data, size, &block, txs, scratch, n - 1) == CB_ERR_CAPACITY);
	free(txs);
	free(scratch);
	return result;
}

/* False where the transactions cannot be read. */
static bool
give_merkle_root(uint8_t *data, size_t size)
{
	CbReader	r = cb_reader(data, size);
	CbHash256  *leaves;
	CbHash256	root;
	uint32_t	n;
	bool		mutated;

	if (cb_block_count(data, size, &n) != CB_OK)
		return false;
	(void) cb_read_bytes(&r, CB_HEADER_SIZE);
	(void) cb_read_compact_size(&r);
	leaves = malloc(n * sizeof(*leaves));
	for (uint32_t i = 0; i < n && r.error == CB_OK; i++)
	{
		CbTx		tx;

		if (cb_tx_read(&r, &tx) == CB_OK)
			cb_tx_txid(&tx, &leaves[i]);
	}
	if (r.error == CB_OK)
	{
		cb_merkle_root(leaves, n, &root, &mutated);
		memcpy(data + 36, root.bytes, sizeof(root));
	}
	free(leaves);
	return r.error == CB_OK;
}

/* Header, parent and past from the bytes, on every network. */
static void
try_header(const uint8_t *data, size_t size)
{
	CbReader	r = cb_reader(data, size);
	CbHeader	header;
	CbHeaderContext ctx = {0};
	CbUint256	target;
	CbUint256	work;
	uint8_t		raw[CB_HEADER_SIZE];
	uint8_t		again[CB_HEADER_SIZE];
	uint8_t		flags;

	cb_read_copy(&r, raw, sizeof(raw));
	INVARIANT(cb_header_parse(raw, &header) == CB_OK);
	cb_header_serialize(&header, again);
	INVARIANT(memcmp(raw, again, sizeof(raw)) == 0);

	flags = cb_read_u8(&r);
	ctx.has_period_start = flags & 1;
	ctx.has_last_real_bits = flags & 2;
	ctx.has_median_time = flags & 4;
	ctx.height = cb_read_u16(&r) * (flags & 8 ? CB_RETARGET_BLOCKS : 1u);
	ctx.parent.time = cb_read_u32(&r);
	ctx.parent.bits = cb_read_u32(&r);
	ctx.period_start_time = cb_read_u32(&r);
	ctx.period_start_bits = cb_read_u32(&r);
	ctx.last_real_bits = cb_read_u32(&r);
	ctx.median_time = cb_read_u32(&r);
	for (int i = 0; i < CB_NUM_NETWORKS; i++)
	{
		const CbNetwork *net = cb_network((CbNetworkId) i);
		CbResult	result = cb_header_check_context(&header, &ctx, net);

		INVARIANT(result == CB_OK || result == CB_ERR_TARGET_CHANGE || result == CB_ERR_TIME);
		(void) cb_header_check_work(&header, net);
	}
	if (cb_target_from_bits(header.bits, &target) == CB_OK)
	{
		CbUint256	rounded;

		INVARIANT(cb_target_from_bits(cb_target_to_bits(&target), &rounded) == CB_OK);
		INVARIANT(cb_uint256_cmp(&target, &rounded) == 0);
		cb_target_work(&target, &work);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t    *copy;

	try_header(data, size);
	(void) try_block(data, size);
	copy = malloc(size > 0 ? size : 1);
	if (size > 0)
		memcpy(copy, data, size);
	if (give_merkle_root(copy, size))
		INVARIANT(try_block(copy, size) != CB_ERR_MERKLE_ROOT);
	free(copy);
	return 0;
}
