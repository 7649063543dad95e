/*-------------------------------------------------------------------------
 *
 * cb_fp254.c
 *	  The base field of the curve BN254 (alt_bn128), and its scalars.
 *
 * Products are reduced limb by limb as they are built (Montgomery's method).
 * The modulus has two bits to spare in its four limbs, which is why sums of
 * two elements, and even of two products on their way, need no fifth limb
 * beyond the one that each step shifts out.  Steps over limbs are written out:
 * compilers leave such loops as they are at -O2, at half the speed.  And they
 * lose the carry between limbs unless they are told of it.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_fp254.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* -1 / p modulo 2^64. */
#define MONTGOMERY_FACTOR UINT64_C(0x87d20782e4866389)

__extension__ typedef unsigned __int128 uint128;

static bool is_below(const uint64_t a[CB_FP_LIMBS], const uint64_t b[CB_FP_LIMBS]);
static inline uint64_t add_limbs(uint64_t a, uint64_t b, unsigned char *carry);
static inline uint64_t subtract_limbs(uint64_t a, uint64_t b, unsigned char *borrow);
static inline uint64_t multiply_limbs(uint64_t t, uint64_t a, uint64_t b, uint64_t *carry);
static inline uint64_t subtract_product(uint64_t t, uint64_t a, uint64_t b, uint64_t *borrow);
static inline void store_reduced(const uint64_t t[CB_FP_LIMBS], CbFp *out);
static inline void add_product(uint64_t t[CB_FP_LIMBS + 1], uint64_t factor, const uint64_t a[CB_FP_LIMBS]);
static inline void reduce_limb(uint64_t t[CB_FP_LIMBS + 1]);
static void load_be(const uint8_t bytes[CB_FP_BYTES], uint64_t limb[CB_FP_LIMBS]);
static void from_montgomery(const CbFp *a, uint64_t limb[CB_FP_LIMBS]);
static void power(const CbFp *a, const uint64_t exponent[CB_FP_LIMBS], CbFp *out);

static const uint64_t modulus[CB_FP_LIMBS] = {
	UINT64_C(0x3c208c16d87cfd47), UINT64_C(0x97816a916871ca8d),
	UINT64_C(0xb85045b68181585d), UINT64_C(0x30644e72e131a029)
};

/* (p - 1) / 2 */
static const uint64_t half_modulus[CB_FP_LIMBS] = {
	UINT64_C(0x9e10460b6c3e7ea3), UINT64_C(0xcbc0b548b438e546),
	UINT64_C(0xdc2822db40c0ac2e), UINT64_C(0x183227397098d014)
};

/* The order of the curve's group: what scalars are reduced by. */
static const uint64_t group_order[CB_FP_LIMBS] = {
	UINT64_C(0x43e1f593f0000001), UINT64_C(0x2833e84879b97091),
	UINT64_C(0xb85045b68181585d), UINT64_C(0x30644e72e131a029)
};

const CbFp	cb_fp_zero = {{0, 0, 0, 0}};

/* 2^256 modulo p */
const CbFp	cb_fp_one = {{
	UINT64_C(0xd35d438dc58f0d9d), UINT64_C(0x0a78eb28f5c70b3d),
	UINT64_C(0x666ea36f7879462c), UINT64_C(0x0e0a77c19a07df2f)
}};

/* 2^512 modulo p: what a plain number is multiplied by to enter the field. */
static const CbFp montgomery_square = {{
	UINT64_C(0xf32cfc5b538afa89), UINT64_C(0xb5e71911d44501fb),
	UINT64_C(0x47ab1eff0a417ff6), UINT64_C(0x06d89f71cab8351f)
}};

bool
cb_fp_from_bytes(const uint8_t bytes[CB_FP_BYTES], CbFp *out)
{
	CbFp		plain;

	load_be(bytes, plain.limb);
	if (!is_below(plain.limb, modulus))
		return false;
	cb_fp_mul(&plain, &montgomery_square, out);
	return true;
}

void
cb_fp_to_bytes(const CbFp *a, uint8_t bytes[CB_FP_BYTES])
{
	uint64_t	plain[CB_FP_LIMBS];

	from_montgomery(a, plain);
	for (int i = 0; i < CB_FP_BYTES; i++)
		bytes[CB_FP_BYTES - 1 - i] = (uint8_t) (plain[i / 8] >> (8 * (i % 8)));
}

bool
cb_fp_is_high(const CbFp *a)
{
	uint64_t	plain[CB_FP_LIMBS];

	from_montgomery(a, plain);
	return is_below(half_modulus, plain);
}

void
cb_fp_add(const CbFp *a, const CbFp *b, CbFp *out)
{
	unsigned char carry = 0;
	uint64_t	t[CB_FP_LIMBS];

	t[0] = add_limbs(a->limb[0], b->limb[0], &carry);
	t[1] = add_limbs(a->limb[1], b->limb[1], &carry);
	t[2] = add_limbs(a->limb[2], b->limb[2], &carry);
	t[3] = add_limbs(a->limb[3], b->limb[3], &carry);
	store_reduced(t, out);
}

void
cb_fp_sub(const CbFp *a, const CbFp *b, CbFp *out)
{
	unsigned char borrow = 0;
	unsigned char carry = 0;
	uint64_t	t[CB_FP_LIMBS];
	uint64_t	mask;

	t[0] = subtract_limbs(a->limb[0], b->limb[0], &borrow);
	t[1] = subtract_limbs(a->limb[1], b->limb[1], &borrow);
	t[2] = subtract_limbs(a->limb[2], b->limb[2], &borrow);
	t[3] = subtract_limbs(a->limb[3], b->limb[3], &borrow);
	mask = 0 - (uint64_t) borrow;
	out->limb[0] = add_limbs(t[0], modulus[0] & mask, &carry);
	out->limb[1] = add_limbs(t[1], modulus[1] & mask, &carry);
	out->limb[2] = add_limbs(t[2], modulus[2] & mask, &carry);
	out->limb[3] = add_limbs(t[3], modulus[3] & mask, &carry);
}

void
cb_fp_neg(const CbFp *a, CbFp *out)
{
	cb_fp_sub(&cb_fp_zero, a, out);
}

void
cb_fp_mul(const CbFp *a, const CbFp *b, CbFp *out)
{
	uint64_t	t[CB_FP_LIMBS + 1] = {0};

	add_product(t, a->limb[0], b->limb);
	reduce_limb(t);
	add_product(t, a->limb[1], b->limb);
	reduce_limb(t);
	add_product(t, a->limb[2], b->limb);
	reduce_limb(t);
	add_product(t, a->limb[3], b->limb);
	reduce_limb(t);
	store_reduced(t, out);
}

void
cb_fp_sqr(const CbFp *a, CbFp *out)
{
	cb_fp_mul(a, a, out);
}

/*
 * t stays below 3p, since each step adds less than 3 * 2^64 * p and divides by
 * 2^64; in the end it is below 2p, as p < 2^254.
 */
void
cb_fp_mul_add(const CbFp *a, const CbFp *b, const CbFp *c, const CbFp *d, CbFp *out)
{
	uint64_t	t[CB_FP_LIMBS + 1] = {0};

	add_product(t, a->limb[0], b->limb);
	add_product(t, c->limb[0], d->limb);
	reduce_limb(t);
	add_product(t, a->limb[1], b->limb);
	add_product(t, c->limb[1], d->limb);
	reduce_limb(t);
	add_product(t, a->limb[2], b->limb);
	add_product(t, c->limb[2], d->limb);
	reduce_limb(t);
	add_product(t, a->limb[3], b->limb);
	add_product(t, c->limb[3], d->limb);
	reduce_limb(t);
	store_reduced(t, out);
}

/*
 * Less than 10p: its bits from 250 on, of which p would have 12.1, say how often
 * p goes into it, or once less.
 */
void
cb_fp_nine_times_plus(const CbFp *a, const CbFp *b, CbFp *out)
{
	uint64_t	t[CB_FP_LIMBS];
	uint64_t	carry = 0;
	uint64_t	borrow = 0;
	uint64_t	times;

	t[0] = multiply_limbs(b->limb[0], 9, a->limb[0], &carry);
	t[1] = multiply_limbs(b->limb[1], 9, a->limb[1], &carry);
	t[2] = multiply_limbs(b->limb[2], 9, a->limb[2], &carry);
	t[3] = multiply_limbs(b->limb[3], 9, a->limb[3], &carry);
	times = (carry << 6 | t[3] >> 58) * 84 / 1024;
	t[0] = subtract_product(t[0], times, modulus[0], &borrow);
	t[1] = subtract_product(t[1], times, modulus[1], &borrow);
	t[2] = subtract_product(t[2], times, modulus[2], &borrow);
	t[3] = subtract_product(t[3], times, modulus[3], &borrow);
	store_reduced(t, out);
}

/* By Fermat: a^(p - 2). */
void
cb_fp_inv(const CbFp *a, CbFp *out)
{
	static const uint64_t exponent[CB_FP_LIMBS] = {
		UINT64_C(0x3c208c16d87cfd45), UINT64_C(0x97816a916871ca8d),
		UINT64_C(0xb85045b68181585d), UINT64_C(0x30644e72e131a029)
	};

	power(a, exponent, out);
}

/* p is 3 modulo 4, so that a^((p + 1) / 4) is a root if there is any. */
bool
cb_fp_sqrt(const CbFp *a, CbFp *out)
{
	static const uint64_t exponent[CB_FP_LIMBS] = {
		UINT64_C(0x4f082305b61f3f52), UINT64_C(0x65e05aa45a1c72a3),
		UINT64_C(0x6e14116da0605617), UINT64_C(0x0c19139cb84c680a)
	};
	CbFp		root;
	CbFp		square;

	power(a, exponent, &root);
	cb_fp_sqr(&root, &square);
	if (!cb_fp_equal(&square, a))
		return false;
	*out = root;
	return true;
}

void
cb_scalar_from_bytes(const uint8_t bytes[CB_FP_BYTES], CbScalar *out)
{
	load_be(bytes, out->limb);
}

bool
cb_scalar_is_reduced(const CbScalar *k)
{
	return is_below(k->limb, group_order);
}

static bool
is_below(const uint64_t a[CB_FP_LIMBS], const uint64_t b[CB_FP_LIMBS])
{
	for (int i = CB_FP_LIMBS - 1; i >= 0; i--)
	{
		if (a[i] != b[i])
			return a[i] < b[i];
	}
	return false;
}

/* a + b + carry; the carry is 0 or 1 */
static inline uint64_t
add_limbs(uint64_t a, uint64_t b, unsigned char *carry)
{
#ifdef __x86_64__
	unsigned long long sum;

	*carry = _addcarry_u64(*carry, a, b, &sum);
	return sum;
#else
	uint128		sum = (uint128) a + b + *carry;

	*carry = (unsigned char) (sum >> 64);
	return (uint64_t) sum;
#endif
}

/* a - b - borrow; the borrow is 0 or 1 */
static inline uint64_t
subtract_limbs(uint64_t a, uint64_t b, unsigned char *borrow)
{
#ifdef __x86_64__
	unsigned long long difference;

	*borrow = _subborrow_u64(*borrow, a, b, &difference);
	return difference;
#else
	uint128		difference = (uint128) a - b - *borrow;

	*borrow = (unsigned char) (difference >> 64) & 1;
	return (uint64_t) difference;
#endif
}

/* t + a * b + carry, which fits in two limbs whatever they are. */
static inline uint64_t
multiply_limbs(uint64_t t, uint64_t a, uint64_t b, uint64_t *carry)
{
	uint128		sum = (uint128) a * b + t + *carry;

	*carry = (uint64_t) (sum >> 64);
	return (uint64_t) sum;
}

/* t - a * b - borrow, where a * b has 127 bits at most. */
static inline uint64_t
subtract_product(uint64_t t, uint64_t a, uint64_t b, uint64_t *borrow)
{
	uint128		product = (uint128) a * b + *borrow;
	uint64_t	low = (uint64_t) product;

	*borrow = (uint64_t) (product >> 64) + (t < low);
	return t - low;
}

/*
 * For t below 2p.  Without a branch: which way it would go is a coin's toss.
 */
static inline void
store_reduced(const uint64_t t[CB_FP_LIMBS], CbFp *out)
{
	unsigned char borrow = 0;
	uint64_t	less[CB_FP_LIMBS];
	uint64_t	keep;

	less[0] = subtract_limbs(t[0], modulus[0], &borrow);
	less[1] = subtract_limbs(t[1], modulus[1], &borrow);
	less[2] = subtract_limbs(t[2], modulus[2], &borrow);
	less[3] = subtract_limbs(t[3], modulus[3], &borrow);
	keep = 0 - (uint64_t) borrow;
	out->limb[0] = (t[0] & keep) | (less[0] & ~keep);
	out->limb[1] = (t[1] & keep) | (less[1] & ~keep);
	out->limb[2] = (t[2] & keep) | (less[2] & ~keep);
	out->limb[3] = (t[3] & keep) | (less[3] & ~keep);
}

/* t += factor * a */
static inline void
add_product(uint64_t t[CB_FP_LIMBS + 1], uint64_t factor, const uint64_t a[CB_FP_LIMBS])
{
	uint64_t	carry = 0;

	t[0] = multiply_limbs(t[0], factor, a[0], &carry);
	t[1] = multiply_limbs(t[1], factor, a[1], &carry);
	t[2] = multiply_limbs(t[2], factor, a[2], &carry);
	t[3] = multiply_limbs(t[3], factor, a[3], &carry);
	t[4] += carry;
}

/* Adds the multiple of p that makes the lowest limb zero, and shifts it out. */
static inline void
reduce_limb(uint64_t t[CB_FP_LIMBS + 1])
{
	uint64_t	factor = t[0] * MONTGOMERY_FACTOR;
	uint64_t	carry = 0;

	(void) multiply_limbs(t[0], factor, modulus[0], &carry);
	t[0] = multiply_limbs(t[1], factor, modulus[1], &carry);
	t[1] = multiply_limbs(t[2], factor, modulus[2], &carry);
	t[2] = multiply_limbs(t[3], factor, modulus[3], &carry);
	t[3] = t[4] + carry;
	t[4] = t[3] < carry;
}

static void
load_be(const uint8_t bytes[CB_FP_BYTES], uint64_t limb[CB_FP_LIMBS])
{
	for (int i = 0; i < CB_FP_LIMBS; i++)
	{
		const uint8_t *first = bytes + CB_FP_BYTES - 8 * (i + 1);

		limb[i] = 0;
		for (int j = 0; j < 8; j++)
			limb[i] = limb[i] << 8 | first[j];
	}
}

/* A product with the plain number 1 divides by 2^256. */
static void
from_montgomery(const CbFp *a, uint64_t limb[CB_FP_LIMBS])
{
	static const CbFp plain_one = {{1, 0, 0, 0}};
	CbFp		plain;

	cb_fp_mul(a, &plain_one, &plain);
	memcpy(limb, plain.limb, sizeof(plain.limb));
}

static void
power(const CbFp *a, const uint64_t exponent[CB_FP_LIMBS], CbFp *out)
{
	CbFp		result = cb_fp_one;
	CbFp		base = *a;

	for (int bit = 64 * CB_FP_LIMBS - 1; bit >= 0; bit--)
	{
		cb_fp_sqr(&result, &result);
		if ((exponent[bit / 64] >> (bit % 64)) & 1)
			cb_fp_mul(&result, &base, &result);
	}
	*out = result;
}
