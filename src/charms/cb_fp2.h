/*-------------------------------------------------------------------------
 *
 * cb_fp2.h
 *	  The quadratic extension of BN254's base field: re + im * i, i^2 = -1.
 *
 * An output may be the same object as an input, everywhere.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_FP2_H
#define CB_FP2_H

#include "cb_fp254.h"

typedef struct CbFp2
{
	CbFp		re;
	CbFp		im;
} CbFp2;

extern const CbFp2 cb_fp2_zero;
extern const CbFp2 cb_fp2_one;

extern void cb_fp2_add(const CbFp2 *a, const CbFp2 *b, CbFp2 *out);
extern void cb_fp2_sub(const CbFp2 *a, const CbFp2 *b, CbFp2 *out);
extern void cb_fp2_neg(const CbFp2 *a, CbFp2 *out);
/* The conjugate is the p-th power as well. */
extern void cb_fp2_conj(const CbFp2 *a, CbFp2 *out);
extern void cb_fp2_mul(const CbFp2 *a, const CbFp2 *b, CbFp2 *out);
extern void cb_fp2_mul_fp(const CbFp2 *a, const CbFp *b, CbFp2 *out);
/* Times 9 + i, which the twist and the larger extensions are built on. */
extern void cb_fp2_mul_xi(const CbFp2 *a, CbFp2 *out);
extern void cb_fp2_sqr(const CbFp2 *a, CbFp2 *out);
/* The inverse of zero is zero. */
extern void cb_fp2_inv(const CbFp2 *a, CbFp2 *out);
/* False where there is no root. */
extern bool cb_fp2_sqrt(const CbFp2 *a, CbFp2 *out);
/* Of a and -a exactly one is high: by the imaginary part, if there is one. */
extern bool cb_fp2_is_high(const CbFp2 *a);

static inline bool
cb_fp2_is_zero(const CbFp2 *a)
{
	return cb_fp_is_zero(&a->re) && cb_fp_is_zero(&a->im);
}

static inline bool
cb_fp2_equal(const CbFp2 *a, const CbFp2 *b)
{
	return memcmp(a, b, sizeof(CbFp2)) == 0;
}

#endif							/* CB_FP2_H */
