/*-------------------------------------------------------------------------
 *
 * bn254_samples.h
 *	  Elements and points of BN254 to test with: known ones and random ones.
 *
 * Points of the twist are added here in affine coordinates, by the textbook:
 * slow, and nothing like what it is compared with.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef BN254_SAMPLES_H
#define BN254_SAMPLES_H

#include "cb_pairing.h"

#include <stdlib.h>

static uint64_t random_state = 1;

/* Not for secrets: the same numbers in every run. */
static inline uint64_t
random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * UINT64_C(0x2545f4914f6cdd1d);
}

static inline void
random_bytes(uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t) (random_u64() >> 56);
}

static inline CbFp
random_fp(void)
{
	uint8_t		bytes[CB_FP_BYTES];
	CbFp		a;

	do
	{
		random_bytes(bytes, sizeof(bytes));
		bytes[0] &= 0x3f;
	} while (!cb_fp_from_bytes(bytes, &a));
	return a;
}

static inline CbFp2
random_fp2(void)
{
	CbFp2		a;

	a.re = random_fp();
	a.im = random_fp();
	return a;
}

static inline CbFp12
random_fp12(void)
{
	CbFp12		a;

	for (int i = 0; i < 6; i++)
		a.c[i % 2].c[i / 2] = random_fp2();
	return a;
}

static inline CbScalar
random_scalar(void)
{
	CbScalar	k;

	for (int i = 0; i < CB_FP_LIMBS; i++)
		k.limb[i] = random_u64();
	return k;
}

static inline CbScalar
scalar_from_hex(const char *hex)
{
	uint8_t		bytes[CB_FP_BYTES];
	size_t		len;
	CbScalar	k;

	if (cb_hex_decode(hex, strlen(hex), bytes, sizeof(bytes), &len) != CB_OK || len != sizeof(bytes))
		abort();
	cb_scalar_from_bytes(bytes, &k);
	return k;
}

/* The known points, which every case of the published ones starts from. */
static inline CbG1
g1_generator(void)
{
	CbG1		p;
	uint8_t		bytes[CB_G1_BYTES] = {0};

	bytes[31] = 1;
	bytes[63] = 2;
	if (cb_g1_decode(bytes, &p) != CB_OK)
		abort();
	return p;
}

static inline CbG2
g2_generator(void)
{
	static const char hex[] =
		"198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
		"1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
		"090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
		"12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa";
	uint8_t		bytes[CB_G2_BYTES];
	size_t		len;
	CbG2		q;

	if (cb_hex_decode(hex, strlen(hex), bytes, sizeof(bytes), &len) != CB_OK ||
		cb_g2_decode(bytes, &q) != CB_OK)
		abort();
	return q;
}

static inline CbG2
twist_add(const CbG2 *p, const CbG2 *q)
{
	CbG2		sum = {0};
	CbFp2		slope;
	CbFp2		run;

	if (p->infinity || q->infinity)
		return p->infinity ? *q : *p;
	if (!cb_fp2_equal(&p->x, &q->x))
	{
		cb_fp2_sub(&q->y, &p->y, &slope);
		cb_fp2_sub(&q->x, &p->x, &run);
	}
	else if (cb_fp2_equal(&p->y, &q->y) && !cb_fp2_is_zero(&p->y))
	{
		cb_fp2_sqr(&p->x, &run);
		cb_fp2_add(&run, &run, &slope);
		cb_fp2_add(&slope, &run, &slope);
		cb_fp2_add(&p->y, &p->y, &run);
	}
	else
	{
		sum.infinity = true;
		return sum;
	}
	cb_fp2_inv(&run, &run);
	cb_fp2_mul(&slope, &run, &slope);
	cb_fp2_sqr(&slope, &sum.x);
	cb_fp2_sub(&sum.x, &p->x, &sum.x);
	cb_fp2_sub(&sum.x, &q->x, &sum.x);
	cb_fp2_sub(&p->x, &sum.x, &sum.y);
	cb_fp2_mul(&slope, &sum.y, &sum.y);
	cb_fp2_sub(&sum.y, &p->y, &sum.y);
	return sum;
}

static inline CbG2
twist_mul(const CbG2 *p, const CbScalar *k)
{
	CbG2		product = {0};

	product.infinity = true;
	for (int bit = 64 * CB_FP_LIMBS - 1; bit >= 0; bit--)
	{
		product = twist_add(&product, &product);
		if (cb_scalar_bit(k, bit))
			product = twist_add(&product, p);
	}
	return product;
}

/* A point of the twist that anybody can find, which is of no known order. */
static inline CbG2
random_twist_point(void)
{
	CbG2		q = {0};

	do
	{
		q.x = random_fp2();
		cb_fp2_sqr(&q.x, &q.y);
		cb_fp2_mul(&q.y, &q.x, &q.y);
		cb_fp2_add(&q.y, &cb_g2_b, &q.y);
	} while (!cb_fp2_sqrt(&q.y, &q.y));
	return q;
}

#endif							/* BN254_SAMPLES_H */
