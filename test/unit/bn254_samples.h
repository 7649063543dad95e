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

static const uint8_t g2_generator_bytes[CB_G2_BYTES] = {
	0x19, 0x8e, 0x93, 0x93, 0x92, 0x0d, 0x48, 0x3a, 0x72, 0x60, 0xbf, 0xb7, 0x31, 0xfb, 0x5d, 0x25,
	0xf1, 0xaa, 0x49, 0x33, 0x35, 0xa9, 0xe7, 0x12, 0x97, 0xe4, 0x85, 0xb7, 0xae, 0xf3, 0x12, 0xc2,
	0x18, 0x00, 0xde, 0xef, 0x12, 0x1f, 0x1e, 0x76, 0x42, 0x6a, 0x00, 0x66, 0x5e, 0x5c, 0x44, 0x79,
	0x67, 0x43, 0x22, 0xd4, 0xf7, 0x5e, 0xda, 0xdd, 0x46, 0xde, 0xbd, 0x5c, 0xd9, 0x92, 0xf6, 0xed,
	0x09, 0x06, 0x89, 0xd0, 0x58, 0x5f, 0xf0, 0x75, 0xec, 0x9e, 0x99, 0xad, 0x69, 0x0c, 0x33, 0x95,
	0xbc, 0x4b, 0x31, 0x33, 0x70, 0xb3, 0x8e, 0xf3, 0x55, 0xac, 0xda, 0xdc, 0xd1, 0x22, 0x97, 0x5b,
	0x12, 0xc8, 0x5e, 0xa5, 0xdb, 0x8c, 0x6d, 0xeb, 0x4a, 0xab, 0x71, 0x80, 0x8d, 0xcb, 0x40, 0x8f,
	0xe3, 0xd1, 0xe7, 0x69, 0x0c, 0x43, 0xd3, 0x7b, 0x4c, 0xe6, 0xcc, 0x01, 0x66, 0xfa, 0x7d, 0xaa
};

static inline CbG2
g2_generator(void)
{
	CbG2		q;

	if (cb_g2_decode(g2_generator_bytes, &q) != CB_OK)
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
