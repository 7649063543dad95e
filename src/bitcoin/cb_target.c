/*-------------------------------------------------------------------------
 *
 * cb_target.c
 *	  Compact targets, the work they stand for, and retargeting.
 *
 * The arithmetic goes byte by byte: it is done a few times for each block,
 * and so is as short as it can be.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_block.h"

#include <string.h>

#define RETARGET_SECONDS (14 * 24 * 60 * 60)
#define MAX_RETARGET_FACTOR 4
#define COMPACT_SIGN UINT32_C(0x00800000)
#define COMPACT_MANTISSA UINT32_C(0x007fffff)

static bool uint256_is_zero(const CbUint256 *a);
static void uint256_subtract(CbUint256 *a, const CbUint256 *b);
static void uint256_shift_in(CbUint256 *a, unsigned bit);
static bool uint256_scale(CbUint256 *a, uint32_t multiplier, uint32_t divisor);

int
cb_uint256_cmp(const CbUint256 *a, const CbUint256 *b)
{
	for (int i = 31; i >= 0; i--)
	{
		if (a->le[i] != b->le[i])
			return a->le[i] < b->le[i] ? -1 : 1;
	}
	return 0;
}

void
cb_uint256_add(CbUint256 *a, const CbUint256 *b)
{
	unsigned	carry = 0;

	for (int i = 0; i < 32; i++)
	{
		carry += (unsigned) a->le[i] + b->le[i];
		a->le[i] = (uint8_t) carry;
		carry >>= 8;
	}
}

static bool
uint256_is_zero(const CbUint256 *a)
{
	static const CbUint256 zero;

	return cb_uint256_cmp(a, &zero) == 0;
}

/* a -= b, wraps */
static void
uint256_subtract(CbUint256 *a, const CbUint256 *b)
{
	int			borrow = 0;

	for (int i = 0; i < 32; i++)
	{
		int			diff = a->le[i] - b->le[i] - borrow;

		borrow = diff < 0;
		a->le[i] = (uint8_t) diff;
	}
}

/* a = 2 * a + bit, wraps */
static void
uint256_shift_in(CbUint256 *a, unsigned bit)
{
	for (int i = 0; i < 32; i++)
	{
		unsigned	shifted = (unsigned) a->le[i] << 1 | bit;

		a->le[i] = (uint8_t) shifted;
		bit = shifted >> 8;
	}
}

/*
 * a = a * multiplier / divisor, rounded down and without overflow in between;
 * false where the result itself does not fit.
 */
static bool
uint256_scale(CbUint256 *a, uint32_t multiplier, uint32_t divisor)
{
	uint64_t	carry = 0;

	for (int i = 0; i < 32; i++)
	{
		carry += (uint64_t) a->le[i] * multiplier;
		a->le[i] = (uint8_t) carry;
		carry >>= 8;
	}
	if (carry >= divisor)
		return false;
	for (int i = 31; i >= 0; i--)
	{
		carry = carry << 8 | a->le[i];
		a->le[i] = (uint8_t) (carry / divisor);
		carry %= divisor;
	}
	return true;
}

CbResult
cb_target_from_bits(uint32_t bits, CbUint256 *target)
{
	int			lowest = (int) (bits >> 24) - 3;	/* byte of the mantissa's end */
	uint32_t	mantissa = bits & COMPACT_MANTISSA;

	memset(target, 0, sizeof(*target));
	if (mantissa == 0 || (bits & COMPACT_SIGN) != 0)
		return CB_ERR_TARGET;
	for (int i = 0; i < 3; i++)
	{
		uint8_t		byte = (uint8_t) (mantissa >> (8 * i));

		if (lowest + i >= 32 && byte != 0)
			return CB_ERR_TARGET;
		if (lowest + i >= 0 && lowest + i < 32)
			target->le[lowest + i] = byte;
	}
	return uint256_is_zero(target) ? CB_ERR_TARGET : CB_OK;
}

uint32_t
cb_target_to_bits(const CbUint256 *target)
{
	uint32_t	size = 32;
	uint32_t	mantissa = 0;

	while (size > 0 && target->le[size - 1] == 0)
		size--;
	for (uint32_t i = 1; i <= 3; i++)
		mantissa = mantissa << 8 | (size >= i ? target->le[size - i] : 0);
	/* The highest bit would be read as a sign. */
	if ((mantissa & COMPACT_SIGN) != 0)
	{
		mantissa >>= 8;
		size++;
	}
	return size << 24 | mantissa;
}

/*
 * 2^256 does not fit, but 2^256 / (t + 1) = (2^256 - (t + 1)) / (t + 1) + 1,
 * and 2^256 - (t + 1) is t with every bit inverted.  Long division, a bit at
 * a time.  The rest cannot outgrow 256 bits: where the divisor has the highest
 * bit set, the inverted t has not.
 */
void
cb_target_work(const CbUint256 *target, CbUint256 *work)
{
	static const CbUint256 one = {{1}};
	CbUint256	divisor = *target;
	CbUint256	rest = {{0}};

	memset(work, 0, sizeof(*work));
	cb_uint256_add(&divisor, &one);
	for (int bit = 255; bit >= 0 && !uint256_is_zero(&divisor); bit--)
	{
		unsigned	next = (~(unsigned) target->le[bit / 8] >> (bit % 8)) & 1;
		bool		fits;

		uint256_shift_in(&rest, next);
		fits = cb_uint256_cmp(&rest, &divisor) >= 0;
		if (fits)
			uint256_subtract(&rest, &divisor);
		uint256_shift_in(work, fits);
	}
	cb_uint256_add(work, &one);
}

CbResult
cb_target_retarget(uint32_t bits, int64_t timespan, const CbNetwork *net, uint32_t *new_bits)
{
	CbUint256	target;
	CbUint256	limit;

	if (cb_target_from_bits(bits, &target) != CB_OK ||
		cb_target_from_bits(net->pow_limit_bits, &limit) != CB_OK)
		return CB_ERR_TARGET;
	if (timespan < RETARGET_SECONDS / MAX_RETARGET_FACTOR)
		timespan = RETARGET_SECONDS / MAX_RETARGET_FACTOR;
	if (timespan > RETARGET_SECONDS * MAX_RETARGET_FACTOR)
		timespan = RETARGET_SECONDS * MAX_RETARGET_FACTOR;
	if (!uint256_scale(&target, (uint32_t) timespan, RETARGET_SECONDS) ||
		cb_uint256_cmp(&target, &limit) > 0)
		*new_bits = net->pow_limit_bits;
	else
		*new_bits = cb_target_to_bits(&target);
	return CB_OK;
}
