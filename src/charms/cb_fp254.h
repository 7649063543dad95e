/*-------------------------------------------------------------------------
 *
 * cb_fp254.h
 *	  The base field of the curve BN254 (alt_bn128), and its scalars.
 *
 * An element is held in Montgomery form, that is times 2^256, always reduced.
 * Nothing here runs in constant time: the layers above handle public data
 * only.  An output may be the same object as an input, everywhere.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_FP254_H
#define CB_FP254_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define CB_FP_BYTES 32
#define CB_FP_LIMBS 4

/* Least significant limb first, as every number of four limbs here. */
typedef struct CbFp
{
	uint64_t	limb[CB_FP_LIMBS];
} CbFp;

/* A plain number, not in Montgomery form: a factor for points. */
typedef struct CbScalar
{
	uint64_t	limb[CB_FP_LIMBS];
} CbScalar;

extern const CbFp cb_fp_zero;
extern const CbFp cb_fp_one;

/* Big-endian; false, and no element, when not below the modulus. */
extern bool cb_fp_from_bytes(const uint8_t bytes[CB_FP_BYTES], CbFp *out);
extern void cb_fp_to_bytes(const CbFp *a, uint8_t bytes[CB_FP_BYTES]);
/* Whether a, as a number, is more than (p - 1) / 2: of a and -a exactly one. */
extern bool cb_fp_is_high(const CbFp *a);

extern void cb_fp_add(const CbFp *a, const CbFp *b, CbFp *out);
extern void cb_fp_sub(const CbFp *a, const CbFp *b, CbFp *out);
extern void cb_fp_neg(const CbFp *a, CbFp *out);
extern void cb_fp_mul(const CbFp *a, const CbFp *b, CbFp *out);
extern void cb_fp_sqr(const CbFp *a, CbFp *out);
/* a * b + c * d at the price of one reduction. */
extern void cb_fp_mul_add(const CbFp *a, const CbFp *b, const CbFp *c, const CbFp *d, CbFp *out);
/* 9a + b */
extern void cb_fp_nine_times_plus(const CbFp *a, const CbFp *b, CbFp *out);
/* The inverse of zero is zero. */
extern void cb_fp_inv(const CbFp *a, CbFp *out);
/* False where there is no root. */
extern bool cb_fp_sqrt(const CbFp *a, CbFp *out);

/* Big-endian, any number of 256 bits. */
extern void cb_scalar_from_bytes(const uint8_t bytes[CB_FP_BYTES], CbScalar *out);
/* Whether it is below the order of the curve's group. */
extern bool cb_scalar_is_reduced(const CbScalar *k);

static inline bool
cb_fp_is_zero(const CbFp *a)
{
	return (a->limb[0] | a->limb[1] | a->limb[2] | a->limb[3]) == 0;
}

static inline bool
cb_fp_equal(const CbFp *a, const CbFp *b)
{
	return memcmp(a, b, sizeof(CbFp)) == 0;
}

static inline bool
cb_scalar_bit(const CbScalar *k, int bit)
{
	return (k->limb[bit / 64] >> (bit % 64)) & 1;
}

#endif							/* CB_FP254_H */
