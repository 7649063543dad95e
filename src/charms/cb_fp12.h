/*-------------------------------------------------------------------------
 *
 * cb_fp12.h
 *	  The extension of degree 12 in which BN254's pairing takes its values.
 *
 * It is a tower: Fp6 = Fp2[v] / (v^3 - (9 + i)), Fp12 = Fp6[w] / (w^2 - v).
 * An output may be the same object as an input, everywhere.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_FP12_H
#define CB_FP12_H

#include "cb_fp2.h"

/* c[0] + c[1] v + c[2] v^2 */
typedef struct CbFp6
{
	CbFp2		c[3];
} CbFp6;

/* c[0] + c[1] w */
typedef struct CbFp12
{
	CbFp6		c[2];
} CbFp12;

/* (9 + i)^(k (p - 1) / 6), which turns w^k into its p-th power, from k = 1. */
extern const CbFp2 cb_frobenius_factors[5];

extern void cb_fp12_set_one(CbFp12 *out);
extern bool cb_fp12_is_one(const CbFp12 *a);
extern bool cb_fp12_equal(const CbFp12 *a, const CbFp12 *b);

extern void cb_fp12_mul(const CbFp12 *a, const CbFp12 *b, CbFp12 *out);
/* Times a + b w + c v w: what a line through points of the curve looks like. */
extern void cb_fp12_mul_line(const CbFp12 *f, const CbFp2 *a, const CbFp2 *b, const CbFp2 *c, CbFp12 *out);
extern void cb_fp12_sqr(const CbFp12 *a, CbFp12 *out);
/* The inverse of zero is zero. */
extern void cb_fp12_inv(const CbFp12 *a, CbFp12 *out);
/* c[0] - c[1] w, which is the p^6-th power. */
extern void cb_fp12_conj(const CbFp12 *a, CbFp12 *out);
/* The p-th power. */
extern void cb_fp12_frobenius(const CbFp12 *a, CbFp12 *out);

/*
 * For elements of the cyclotomic subgroup only, those whose (p^4 - p^2 + 1)-th
 * power is 1.  Their inverse is their conjugate.
 */
extern void cb_fp12_cyclotomic_sqr(const CbFp12 *a, CbFp12 *out);

#endif							/* CB_FP12_H */
