/*-------------------------------------------------------------------------
 *
 * cb_block.h
 *	  Block headers, proof of work, retargeting, and whole blocks.
 *
 * Sources: Bitcoin's protocol documentation; BIP-94 (testnet4), BIP-141
 * (witness commitment), CVE-2012-2459 (duplicated transactions), the 64-byte
 * transaction ambiguity of the merkle tree.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_BLOCK_H
#define CB_BLOCK_H

#include "cb_network.h"
#include "cb_tx.h"

#define CB_HEADER_SIZE 80
#define CB_RETARGET_BLOCKS 2016

typedef struct CbHeader
{
	int32_t		version;
	CbHash256	prev;
	CbHash256	merkle_root;
	uint32_t	time;			/* seconds since 1970 */
	uint32_t	bits;			/* compact target */
	uint32_t	nonce;
	CbHash256	hash;			/* of the 80 bytes, filled by the parser */
} CbHeader;

extern CbResult cb_header_parse(const uint8_t data[CB_HEADER_SIZE], CbHeader *header);
/* Writes 80 bytes and fills header->hash. */
extern void cb_header_serialize(CbHeader *header, uint8_t out[CB_HEADER_SIZE]);

/* A 256-bit unsigned integer, little-endian bytes as hashes are compared. */
typedef struct CbUint256
{
	uint8_t		le[32];
} CbUint256;

/* CB_ERR_TARGET for negative, overflowing or zero targets. */
extern CbResult cb_target_from_bits(uint32_t bits, CbUint256 *target);
extern uint32_t cb_target_to_bits(const CbUint256 *target);
extern int	cb_uint256_cmp(const CbUint256 *a, const CbUint256 *b);
/* Expected hashes for a block of this target: 2^256 / (target + 1). */
extern void cb_target_work(const CbUint256 *target, CbUint256 *work);
extern void cb_uint256_add(CbUint256 *a, const CbUint256 *b);	/* a += b, wraps */

/*
 * How many of one branch's n headers, in order, stand for more work than all of
 * another's; 0 when all of them do not.  80 bytes each.  A malformed target
 * stands for none.
 */
extern size_t cb_headers_to_outweigh(const uint8_t *theirs, size_t n_theirs, const uint8_t *ours, size_t n_ours);

/*
 * The target after a period that took timespan seconds at a target of bits:
 * in proportion, by a factor of 4 at most, and never above the network's
 * limit.  CB_ERR_TARGET for malformed bits.
 */
extern CbResult cb_target_retarget(uint32_t bits, int64_t timespan, const CbNetwork *net, uint32_t *new_bits);

/* Target well formed and within the network's limit, and the hash meets it. */
extern CbResult cb_header_check_work(const CbHeader *header, const CbNetwork *net);

/*
 * What is known of the chain before a header, to judge its target and time.
 * Fields that are not known have their flag false; then only what can be
 * judged is.
 */
typedef struct CbHeaderContext
{
	uint32_t	height;			/* of the header to judge */
	CbHeader	parent;			/* height - 1 */
	bool		has_period_start;	/* first block of the retarget period that
									 * ends with the parent; wanted only when
									 * height % 2016 == 0 */
	uint32_t	period_start_time;
	uint32_t	period_start_bits;	/* BIP-94 retargets from this one */
	bool		has_last_real_bits; /* for the 20-minute rule: bits of the last
									 * block, back to the period's start, that
									 * did not use it */
	uint32_t	last_real_bits;
	bool		has_median_time;	/* median of the 11 blocks before */
	uint32_t	median_time;
} CbHeaderContext;

/*
 * Judge a header's target and time against its past, by its network's rules:
 * equal to the parent's except at a retarget; there exact where the period's
 * start is known, else within a factor of 4; regtest never changes; the test
 * networks' 20-minute rule.  CB_ERR_TARGET_CHANGE or CB_ERR_TIME.
 */
extern CbResult cb_header_check_context(const CbHeader *header, const CbHeaderContext *ctx, const CbNetwork *net);

/* A whole block; points into the bytes it was parsed from. */
typedef struct CbBlock
{
	CbSpan		raw;
	CbHeader	header;
	uint32_t	n_txs;
	CbSpan		txs;			/* after the transaction count */
	uint64_t	n_inputs;		/* over all transactions */
	uint64_t	n_outputs;
} CbBlock;

/*
 * What the caller lends cb_block_parse(): one entry for each transaction.
 * Ask cb_block_count() first for how many.
 */
typedef struct CbBlockTx
{
	CbTx		tx;
	CbHash256	txid;
} CbBlockTx;

/*
 * Number of transactions a block claims, bounded by what its bytes can hold.
 */
extern CbResult cb_block_count(const uint8_t *data, size_t len, uint32_t *n_txs);

/*
 * Parse and check a block by itself: every transaction, coinbase in first
 * place only (so that no inner node of the merkle tree passes for one), weight,
 * merkle root (refusing duplicated transactions), witness commitment (required
 * if any transaction carries a witness).
 * Not the header's work or context: see above.
 *
 * txs: n entries, n as cb_block_count() said.  scratch: n hashes.
 */
extern CbResult cb_block_parse(const uint8_t *data, size_t len, CbBlock *block,
							   CbBlockTx *txs, CbHash256 *scratch, uint32_t n);

/*
 * Merkle root of n >= 1 leaves, computed in place (leaves are overwritten).
 * *mutated is set when two equal nodes are paired, CVE-2012-2459.
 */
extern void cb_merkle_root(CbHash256 *leaves, uint32_t n, CbHash256 *root, bool *mutated);

#endif							/* CB_BLOCK_H */
