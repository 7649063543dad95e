/*-------------------------------------------------------------------------
 *
 * cb_pairing.h
 *	  The optimal ate pairing of BN254.
 *
 * e(P, Q) is a Miller loop, which evaluates at P the lines through multiples
 * of Q, and a final power.  The lines depend on Q alone, so a Q that is met
 * again and again is prepared once; several loops share their squarings and
 * the final power.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_PAIRING_H
#define CB_PAIRING_H

#include "cb_bn254.h"
#include "cb_fp12.h"

/* One for each of 65 doublings and 21 additions, and 2 more at the end. */
#define CB_MILLER_LINES 88

/* At (x, y) its value is by_y * y + (by_x * x) w + (constant) v w. */
typedef struct CbLine
{
	CbFp2		by_y;
	CbFp2		by_x;
	CbFp2		constant;
} CbLine;

typedef struct CbG2Lines
{
	bool		infinity;
	CbLine		line[CB_MILLER_LINES];
} CbG2Lines;

typedef struct CbPair
{
	CbG1		p;
	const CbG2Lines *q;
} CbPair;

/* CB_ERR_POINT_SUBGROUP when q is not of the prime order. */
extern CbResult cb_g2_prepare(const CbG2 *q, CbG2Lines *out);

/* The product of the pairs' loops; a pair with infinity counts as 1. */
extern void cb_miller_loop(const CbPair *pairs, size_t n, CbFp12 *out);
/* What makes a Miller loop's value a pairing's. */
extern void cb_final_power(CbFp12 *f);

/* EIP-197: whether e(p[0], q[0]) e(p[1], q[1]) ... is 1. */
extern CbResult cb_bn254_pairing_product_is_one(const CbG1 *p, const CbG2 *q, size_t n, bool *is_one);

#endif							/* CB_PAIRING_H */
