/*-------------------------------------------------------------------------
 *
 * test_target.c
 *	  Compact targets, work, and the rules by which targets change.
 *
 * Sources: retargets of the main network at the heights named; examples of
 * compact targets from Bitcoin's developer reference; BIP-94.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_block.h"

#include "tap.h"
#include "vectors.h"

#define LIMIT 0x1d00ffff
#define FORTNIGHT (14 * 24 * 60 * 60)

static void
is_uint256(const CbUint256 *value, const char *wanted, const char *what)
{
	char		hex[65] = {0};

	cb_hex_encode_reversed(value->le, 32, hex);
	is_str(hex, wanted, "%s", what);
}

static void
compact(uint32_t bits, const char *wanted)
{
	CbUint256	target;
	char		what[40];

	is_int(cb_target_from_bits(bits, &target), CB_OK, "bits %08x", bits);
	snprintf(what, sizeof(what), "target of %08x", bits);
	is_uint256(&target, wanted, what);
}

static void
test_compact(void)
{
	static const uint32_t malformed[] = {
		0, 0x01003456, 0x02000056, 0x03000000, 0x04000000, 0x00923456, 0x01fedcba, 0x04923456, 0x1d80ffff,
		0x23000001, 0x22000100, 0x21010000, 0xff123456, 0x207fffff | 0x00800000
	};
	CbUint256	target;

	compact(0x1d00ffff, "00000000ffff0000000000000000000000000000000000000000000000000000");
	compact(0x1b0404cb, "00000000000404cb000000000000000000000000000000000000000000000000");
	compact(0x207fffff, "7fffff0000000000000000000000000000000000000000000000000000000000");
	compact(0x01123456, "0000000000000000000000000000000000000000000000000000000000000012");
	compact(0x02123456, "0000000000000000000000000000000000000000000000000000000000001234");
	compact(0x05009234, "0000000000000000000000000000000000000000000000000000000092340000");
	compact(0x2200007f, "7f00000000000000000000000000000000000000000000000000000000000000");
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		is_int(cb_target_from_bits(malformed[i], &target), CB_ERR_TARGET, "bits %08x are malformed", malformed[i]);

	for (uint32_t exponent = 3; exponent <= 32; exponent++)
	{
		static const uint32_t mantissas[] = {0x008000, 0x00ffff, 0x012345, 0x7fffff};

		for (int i = 0; i < 4; i++)
		{
			uint32_t	bits = exponent << 24 | mantissas[i];

			cb_target_from_bits(bits, &target);
			if (cb_target_to_bits(&target) != bits)
				ok(false, "bits %08x come back", bits);
		}
	}
	memset(&target, 0, sizeof(target));
	is_int(cb_target_to_bits(&target), 0, "bits of zero");
	target.le[0] = 0x80;
	is_int(cb_target_to_bits(&target), 0x02008000, "bits that would look negative");
	memset(&target, 0xff, sizeof(target));
	is_int(cb_target_to_bits(&target), 0x2100ffff, "bits of the largest number");
}

static void
work_of(uint32_t bits, const char *wanted)
{
	CbUint256	target;
	CbUint256	work;

	cb_target_from_bits(bits, &target);
	cb_target_work(&target, &work);
	is_uint256(&work, wanted, "work");
}

static void
test_work(void)
{
	CbUint256	a;
	CbUint256	b;

	work_of(0x1d00ffff, "0000000000000000000000000000000000000000000000000000000100010001");
	work_of(0x207fffff, "0000000000000000000000000000000000000000000000000000000000000002");
	work_of(0x03000001, "8000000000000000000000000000000000000000000000000000000000000000");
	work_of(0x03000002, "5555555555555555555555555555555555555555555555555555555555555555");
	memset(&a, 0xff, sizeof(a));
	cb_target_work(&a, &b);
	is_uint256(&b, "0000000000000000000000000000000000000000000000000000000000000001", "work of no target at all");
	memset(&b, 0, sizeof(b));
	is_int(cb_uint256_cmp(&a, &b), 1, "all ones are more than nothing");
	is_int(cb_uint256_cmp(&b, &a), -1, "and the reverse");
	b.le[0] = 2;
	cb_uint256_add(&a, &b);
	is_uint256(&a, "0000000000000000000000000000000000000000000000000000000000000001", "a sum wraps");
	b.le[0] = 1;
	is_int(cb_uint256_cmp(&a, &b), 0, "equal numbers are equal");
}

/* n headers of which each stands for the work of its bits; made of nothing else. */
static void
make_headers(uint8_t *headers, const uint32_t *bits, size_t n)
{
	memset(headers, 0, n * CB_HEADER_SIZE);
	for (size_t i = 0; i < n; i++)
		cb_store_le32(headers + i * CB_HEADER_SIZE + 72, bits[i]);
}

static size_t
outweigh(const uint32_t *their_bits, size_t n_theirs, const uint32_t *our_bits, size_t n_ours)
{
	uint8_t		theirs[8 * CB_HEADER_SIZE];
	uint8_t		ours[8 * CB_HEADER_SIZE];

	make_headers(theirs, their_bits, n_theirs);
	make_headers(ours, our_bits, n_ours);
	return cb_headers_to_outweigh(theirs, n_theirs, ours, n_ours);
}

static void
test_branches(void)
{
	/* Work of 2, 4 and none at all. */
	static const uint32_t light[] = {0x207fffff, 0x207fffff, 0x207fffff, 0x207fffff, 0x207fffff};
	static const uint32_t heavy[] = {0x203fffff, 0x203fffff};
	static const uint32_t malformed[] = {0x20800000, 0xff7fffff, 0, 0x207fffff};

	is_int((int) outweigh(light, 5, light, 2), 3, "one block more outweighs");
	is_int((int) outweigh(light, 3, light, 3), 0, "as many blocks do not");
	is_int((int) outweigh(light, 1, light, 0), 1, "any block outweighs none");
	is_int((int) outweigh(light, 0, light, 0), 0, "nothing does not");
	is_int((int) outweigh(heavy, 2, light, 3), 2, "fewer blocks may outweigh");
	is_int((int) outweigh(light, 4, heavy, 2), 0, "more blocks may weigh the same");
	is_int((int) outweigh(light, 5, heavy, 2), 5, "and it takes all of them to outweigh");
	is_int((int) outweigh(malformed, 4, light, 1), 0, "malformed targets stand for nothing");
}

static void
retarget(uint32_t height, uint32_t bits, uint32_t first_time, uint32_t last_time, uint32_t wanted)
{
	const CbNetwork *net = cb_network(CB_MAINNET);
	CbHeaderContext ctx = {.height = height, .has_period_start = true, .period_start_time = first_time};
	CbHeader	header = {.bits = wanted, .time = last_time + 600};

	ctx.parent.bits = bits;
	ctx.parent.time = last_time;
	is_int(cb_header_check_context(&header, &ctx, net), CB_OK, "retarget at %u from %08x to %08x", height, bits, wanted);
	header.bits = wanted - 1;
	is_int(cb_header_check_context(&header, &ctx, net), CB_ERR_TARGET_CHANGE, "not a little harder");
	header.bits = wanted + 1;
	is_int(cb_header_check_context(&header, &ctx, net), CB_ERR_TARGET_CHANGE, "not a little easier");
	ctx.has_period_start = false;
	if (wanted != LIMIT)
		is_int(cb_header_check_context(&header, &ctx, net), CB_OK, "which is allowed where the period is not known");
}

static void
test_mainnet(void)
{
	const CbNetwork *net = cb_network(CB_MAINNET);
	CbHeaderContext ctx = {.height = 100001};
	CbHeader	header = {.bits = 0x1b04864c, .time = 1293623863};
	uint32_t	bits;

	retarget(32256, 0x1d00ffff, 1261130161, 1262152739, 0x1d00d86a);
	retarget(2016, 0x1d00ffff, 1231006505, 1233061996, 0x1d00ffff);
	retarget(68544, 0x1c05a3f4, 1279008237, 1279297671, 0x1c0168fd);

	is_int(cb_target_retarget(0x1c387f6f, FORTNIGHT * 4, net, &bits), CB_OK, "a period of eight weeks");
	is_int(bits, 0x1d00e1fd, "is four times as easy");
	is_int(cb_target_retarget(0x1c387f6f, INT64_MAX, net, &bits), CB_OK, "a longer one");
	is_int(bits, 0x1d00e1fd, "no easier");
	is_int(cb_target_retarget(0x1c387f6f, -1, net, &bits), CB_OK, "a period that ends before it begins");
	is_int(bits, 0x1c0e1fdb, "is four times as hard");
	is_int(cb_target_retarget(0, FORTNIGHT, net, &bits), CB_ERR_TARGET, "malformed bits");

	ctx.parent.bits = 0x1b04864c;
	ctx.parent.time = 1293623731;
	is_int(cb_header_check_context(&header, &ctx, net), CB_OK, "between retargets the target stays");
	header.time = ctx.parent.time + 100000;
	header.bits = LIMIT;
	is_int(cb_header_check_context(&header, &ctx, net), CB_ERR_TARGET_CHANGE, "however long it takes");

	header.bits = ctx.parent.bits;
	ctx.has_median_time = true;
	ctx.median_time = header.time;
	is_int(cb_header_check_context(&header, &ctx, net), CB_ERR_TIME, "a time of the median is too early");
	ctx.median_time--;
	is_int(cb_header_check_context(&header, &ctx, net), CB_OK, "one second later is not");
}

/* Without the period's start, a factor of four either way is all that is known. */
static void
test_bounds(void)
{
	const CbNetwork *net = cb_network(CB_MAINNET);
	CbHeaderContext ctx = {.height = 4032};
	CbHeader	header = {.time = 1};
	static const struct
	{
		uint32_t	bits;
		CbResult	wanted;
	}			cases[] = {
		{0x1b0ffffc, CB_OK}, {0x1b03ffff, CB_OK}, {0x1b03fffe, CB_ERR_TARGET_CHANGE},
		{0x1b3ffff0, CB_OK}, {0x1b3ffff1, CB_ERR_TARGET_CHANGE}, {0, CB_ERR_TARGET_CHANGE},
		{0x1b8ffffc, CB_ERR_TARGET_CHANGE}, {0xff0ffffc, CB_ERR_TARGET_CHANGE}
	};

	ctx.parent.bits = 0x1b0ffffc;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		header.bits = cases[i].bits;
		is_int(cb_header_check_context(&header, &ctx, net), cases[i].wanted, "from 1b0ffffc to %08x", header.bits);
	}
	ctx.parent.bits = LIMIT;
	header.bits = LIMIT;
	is_int(cb_header_check_context(&header, &ctx, net), CB_OK, "the limit may stay");
	header.bits = 0x1d010000;
	is_int(cb_header_check_context(&header, &ctx, net), CB_ERR_TARGET_CHANGE, "but not grow");
}

/* The 20-minute rule. */
static void
test_min_difficulty(CbNetworkId id)
{
	const CbNetwork *net = cb_network(id);
	CbHeaderContext ctx = {.height = 3000};
	CbHeader	header = {.time = 1000000 + 1201};

	ctx.parent.bits = 0x1c0fffff;
	ctx.parent.time = 1000000;
	header.bits = LIMIT;
	is_int(cb_header_check_context(&header, &ctx, net), CB_OK, "%s: easy after 20 minutes", net->name);
	header.bits = 0x1c0fffff;
	is_int(cb_header_check_context(&header, &ctx, net), CB_ERR_TARGET_CHANGE, "%s: and only easy", net->name);
	header.time--;
	is_int(cb_header_check_context(&header, &ctx, net), CB_OK, "%s: not before", net->name);
	header.bits = LIMIT;
	is_int(cb_header_check_context(&header, &ctx, net), CB_ERR_TARGET_CHANGE, "%s: not easy before", net->name);

	ctx.parent.bits = LIMIT;
	header.bits = 0x1c0abcde;
	is_int(cb_header_check_context(&header, &ctx, net), CB_OK, "%s: after an easy block, anything if no more is known", net->name);
	header.bits = 0x1d010000;
	is_int(cb_header_check_context(&header, &ctx, net), CB_ERR_TARGET_CHANGE, "%s: within the limit", net->name);
	ctx.has_last_real_bits = true;
	ctx.last_real_bits = 0x1c0fffff;
	header.bits = 0x1c0fffff;
	is_int(cb_header_check_context(&header, &ctx, net), CB_OK, "%s: after an easy block, the last real target", net->name);
	header.bits = LIMIT;
	is_int(cb_header_check_context(&header, &ctx, net), CB_ERR_TARGET_CHANGE, "%s: not the easy one", net->name);
	header.bits = 0x1c0abcde;
	is_int(cb_header_check_context(&header, &ctx, net), CB_ERR_TARGET_CHANGE, "%s: nor another", net->name);
}

/*
 * A period whose last block used the 20-minute rule: testnet3 goes on from
 * that block's target, testnet4 from the first block's.
 */
static void
test_bip94(void)
{
	const CbNetwork *old = cb_network(CB_TESTNET3);
	const CbNetwork *net = cb_network(CB_TESTNET4);
	CbHeaderContext ctx = {.height = 4032, .has_period_start = true};
	CbHeader	header;

	memset(&header, 0, sizeof(header));
	ctx.parent.bits = LIMIT;
	ctx.parent.time = 2000000000;
	ctx.period_start_time = 2000000000 - FORTNIGHT;
	ctx.period_start_bits = 0x1c0fffff;
	header.time = 2000000000 + 5000;

	header.bits = 0x1c0fffff;
	is_int(cb_header_check_context(&header, &ctx, net), CB_OK, "testnet4 retargets from the first block");
	is_int(cb_header_check_context(&header, &ctx, old), CB_ERR_TARGET_CHANGE, "testnet3 does not");
	header.bits = LIMIT;
	is_int(cb_header_check_context(&header, &ctx, net), CB_ERR_TARGET_CHANGE, "testnet4 does not from the last");
	is_int(cb_header_check_context(&header, &ctx, old), CB_OK, "testnet3 does");

	header.bits = 0x1c0fffff;
	header.time = ctx.parent.time - 600;
	is_int(cb_header_check_context(&header, &ctx, net), CB_OK, "a period may begin ten minutes earlier");
	header.time--;
	is_int(cb_header_check_context(&header, &ctx, net), CB_ERR_TIME, "not more");
	header.bits = LIMIT;
	is_int(cb_header_check_context(&header, &ctx, old), CB_OK, "but on testnet3");
	ctx.height++;
	ctx.parent.bits = 0x1c0fffff;
	header.bits = 0x1c0fffff;
	is_int(cb_header_check_context(&header, &ctx, net), CB_OK, "or within a period");

	/* The period's start is not known, but its real target may be. */
	ctx.height--;
	ctx.has_period_start = false;
	ctx.parent.bits = LIMIT;
	header.time = ctx.parent.time + 600;
	header.bits = 0x1b00abcd;
	is_int(cb_header_check_context(&header, &ctx, net), CB_OK, "after an easy block anything may come");
	ctx.has_last_real_bits = true;
	ctx.last_real_bits = 0x1c0fffff;
	is_int(cb_header_check_context(&header, &ctx, net), CB_ERR_TARGET_CHANGE, "unless the real target is known");
	header.bits = 0x1c0abcde;
	is_int(cb_header_check_context(&header, &ctx, net), CB_OK, "which may change by a factor of four");
}

static void
test_regtest(void)
{
	const CbNetwork *net = cb_network(CB_REGTEST);
	CbHeaderContext ctx = {.height = 2016, .has_period_start = true, .period_start_time = 0};
	CbHeader	header = {.bits = 0x207fffff, .time = 100};

	ctx.parent.bits = 0x207fffff;
	ctx.parent.time = 1;
	is_int(cb_header_check_context(&header, &ctx, net), CB_OK, "regtest keeps its target at a retarget");
	header.bits = 0x201fffff;
	is_int(cb_header_check_context(&header, &ctx, net), CB_ERR_TARGET_CHANGE, "whatever the time");
	ctx.height = 5;
	is_int(cb_header_check_context(&header, &ctx, net), CB_ERR_TARGET_CHANGE, "and in between");
}

/* The largest product that a network can make. */
static void
test_signet(void)
{
	const CbNetwork *net = cb_network(CB_SIGNET);
	uint32_t	bits;

	is_int(cb_target_retarget(0x1e0377ae, FORTNIGHT * 4, net, &bits), CB_OK, "signet at its limit");
	is_int(bits, 0x1e0377ae, "stays there");
	is_int(cb_target_retarget(0x1e0377ae, FORTNIGHT / 2, net, &bits), CB_OK, "and becomes harder");
	is_int(bits, 0x1e01bbd7, "by half");
	is_int(cb_target_retarget(0x207fffff, FORTNIGHT * 4, cb_network(CB_REGTEST), &bits), CB_OK, "what does not fit 256 bits");
	is_int(bits, 0x207fffff, "is above the limit");
}

static void
test_check_work(void)
{
	const CbNetwork *net = cb_network(CB_MAINNET);
	CbHeader	header = {.bits = LIMIT};

	cb_hex_decode_reversed("00000000ffff0000000000000000000000000000000000000000000000000000", 64, header.hash.bytes, 32);
	is_int(cb_header_check_work(&header, net), CB_OK, "a hash of just the target");
	header.hash.bytes[0] = 1;
	is_int(cb_header_check_work(&header, net), CB_ERR_PROOF_OF_WORK, "one more is too much");
	header.bits = 0x1d010000;
	is_int(cb_header_check_work(&header, net), CB_ERR_TARGET, "a target above the limit");
	is_int(cb_header_check_work(&header, cb_network(CB_REGTEST)), CB_OK, "is fine on regtest");
	header.bits = 0x1d80ffff;
	is_int(cb_header_check_work(&header, net), CB_ERR_TARGET, "a negative target");
}

int
main(void)
{
	test_compact();
	test_work();
	test_branches();
	test_mainnet();
	test_bounds();
	test_min_difficulty(CB_TESTNET3);
	test_min_difficulty(CB_TESTNET4);
	test_bip94();
	test_regtest();
	test_signet();
	test_check_work();
	return done();
}
