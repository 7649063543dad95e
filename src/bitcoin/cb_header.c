/*-------------------------------------------------------------------------
 *
 * cb_header.c
 *	  Block headers, judged by themselves and against their past.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_block.h"

#include <string.h>

/* After so many seconds without a block, a test network takes an easy one. */
#define MIN_DIFFICULTY_DELAY (20 * 60)
/* How far a retarget period may begin before its predecessor, by BIP-94. */
#define MAX_TIMEWARP 600

/* Where in a header the target is. */
#define BITS_OFFSET 72

static void add_work(const uint8_t *header, CbUint256 *sum);
static bool known_real_bits(const CbHeaderContext *ctx, const CbNetwork *net, uint32_t *bits);
static bool within_limit(uint32_t bits, const CbNetwork *net);
static bool within_factor_4(uint32_t bits, uint32_t base_bits, const CbNetwork *net);
static bool target_allowed_at_retarget(const CbHeader *header, const CbHeaderContext *ctx, const CbNetwork *net);
static bool target_allowed_between(const CbHeader *header, const CbHeaderContext *ctx, const CbNetwork *net);

CbResult
cb_header_parse(const uint8_t data[CB_HEADER_SIZE], CbHeader *header)
{
	CbReader	r = cb_reader(data, CB_HEADER_SIZE);

	header->version = (int32_t) cb_read_u32(&r);
	cb_read_copy(&r, header->prev.bytes, sizeof(header->prev.bytes));
	cb_read_copy(&r, header->merkle_root.bytes, sizeof(header->merkle_root.bytes));
	header->time = cb_read_u32(&r);
	header->bits = cb_read_u32(&r);
	header->nonce = cb_read_u32(&r);
	cb_sha256d(data, CB_HEADER_SIZE, &header->hash);
	return r.error;
}

void
cb_header_serialize(CbHeader *header, uint8_t out[CB_HEADER_SIZE])
{
	CbWriter	w = cb_writer(out, CB_HEADER_SIZE);

	cb_write_u32(&w, (uint32_t) header->version);
	cb_write_bytes(&w, header->prev.bytes, sizeof(header->prev.bytes));
	cb_write_bytes(&w, header->merkle_root.bytes, sizeof(header->merkle_root.bytes));
	cb_write_u32(&w, header->time);
	cb_write_u32(&w, header->bits);
	cb_write_u32(&w, header->nonce);
	cb_sha256d(out, CB_HEADER_SIZE, &header->hash);
}

CbResult
cb_header_check_work(const CbHeader *header, const CbNetwork *net)
{
	CbUint256	target;
	CbUint256	hash;

	if (!within_limit(header->bits, net) || cb_target_from_bits(header->bits, &target) != CB_OK)
		return CB_ERR_TARGET;
	memcpy(hash.le, header->hash.bytes, sizeof(hash.le));
	return cb_uint256_cmp(&hash, &target) > 0 ? CB_ERR_PROOF_OF_WORK : CB_OK;
}

size_t
cb_headers_to_outweigh(const uint8_t *theirs, size_t n_theirs, const uint8_t *ours, size_t n_ours)
{
	CbUint256	their_work = {{0}};
	CbUint256	our_work = {{0}};

	for (size_t i = 0; i < n_ours; i++)
		add_work(ours + i * CB_HEADER_SIZE, &our_work);
	for (size_t i = 0; i < n_theirs; i++)
	{
		add_work(theirs + i * CB_HEADER_SIZE, &their_work);
		if (cb_uint256_cmp(&their_work, &our_work) > 0)
			return i + 1;
	}
	return 0;
}

static void
add_work(const uint8_t *header, CbUint256 *sum)
{
	CbUint256	target;
	CbUint256	work;

	if (cb_target_from_bits(cb_load_le32(header + BITS_OFFSET), &target) != CB_OK)
		return;
	cb_target_work(&target, &work);
	cb_uint256_add(sum, &work);
}

static bool
within_limit(uint32_t bits, const CbNetwork *net)
{
	CbUint256	target;
	CbUint256	limit;

	return cb_target_from_bits(bits, &target) == CB_OK &&
		cb_target_from_bits(net->pow_limit_bits, &limit) == CB_OK &&
		cb_uint256_cmp(&target, &limit) <= 0;
}

/*
 * The target that the current period has when the 20-minute rule is set
 * aside.  A parent that is harder than the limit did not use the rule.
 */
static bool
known_real_bits(const CbHeaderContext *ctx, const CbNetwork *net, uint32_t *bits)
{
	if (ctx->parent.bits != net->pow_limit_bits || !net->allow_min_difficulty)
		*bits = ctx->parent.bits;
	else if (ctx->has_last_real_bits)
		*bits = ctx->last_real_bits;
	else
		return false;
	return true;
}

static bool
within_factor_4(uint32_t bits, uint32_t base_bits, const CbNetwork *net)
{
	uint32_t	hardest_bits;
	uint32_t	easiest_bits;
	CbUint256	target;
	CbUint256	hardest;
	CbUint256	easiest;

	/* cb_target_retarget() holds any time span within the factor. */
	if (cb_target_retarget(base_bits, 0, net, &hardest_bits) != CB_OK ||
		cb_target_retarget(base_bits, INT64_MAX, net, &easiest_bits) != CB_OK ||
		cb_target_from_bits(bits, &target) != CB_OK ||
		cb_target_from_bits(hardest_bits, &hardest) != CB_OK ||
		cb_target_from_bits(easiest_bits, &easiest) != CB_OK)
		return false;
	return cb_uint256_cmp(&target, &hardest) >= 0 && cb_uint256_cmp(&target, &easiest) <= 0;
}

static bool
target_allowed_at_retarget(const CbHeader *header, const CbHeaderContext *ctx, const CbNetwork *net)
{
	uint32_t	base_bits = ctx->parent.bits;
	uint32_t	wanted;
	int64_t		timespan;

	if (ctx->has_period_start)
	{
		if (net->enforce_bip94)
			base_bits = ctx->period_start_bits;
		timespan = (int64_t) ctx->parent.time - (int64_t) ctx->period_start_time;
		return cb_target_retarget(base_bits, timespan, net, &wanted) == CB_OK && header->bits == wanted;
	}

	/*
	 * The first block of a period cannot use the 20-minute rule, so under
	 * BIP-94 the base is the period's real target.
	 */
	if (net->enforce_bip94 && !known_real_bits(ctx, net, &base_bits))
		return within_limit(header->bits, net);
	return within_factor_4(header->bits, base_bits, net);
}

static bool
target_allowed_between(const CbHeader *header, const CbHeaderContext *ctx, const CbNetwork *net)
{
	uint32_t	wanted;

	if (!net->allow_min_difficulty)
		return header->bits == ctx->parent.bits;
	if ((int64_t) header->time > (int64_t) ctx->parent.time + MIN_DIFFICULTY_DELAY)
		return header->bits == net->pow_limit_bits;
	if (known_real_bits(ctx, net, &wanted))
		return header->bits == wanted;
	return within_limit(header->bits, net);
}

/* Height 0 has no past to be judged by: its hash is known. */
CbResult
cb_header_check_context(const CbHeader *header, const CbHeaderContext *ctx, const CbNetwork *net)
{
	bool		at_retarget = ctx->height % CB_RETARGET_BLOCKS == 0;
	bool		allowed;

	if (ctx->height == 0)
		return CB_OK;
	if (net->no_retargeting)
		allowed = header->bits == ctx->parent.bits;
	else if (at_retarget)
		allowed = target_allowed_at_retarget(header, ctx, net);
	else
		allowed = target_allowed_between(header, ctx, net);
	if (!allowed)
		return CB_ERR_TARGET_CHANGE;

	if (ctx->has_median_time && header->time <= ctx->median_time)
		return CB_ERR_TIME;
	if (net->enforce_bip94 && at_retarget &&
		(int64_t) header->time < (int64_t) ctx->parent.time - MAX_TIMEWARP)
		return CB_ERR_TIME;
	return CB_OK;
}
