/*-------------------------------------------------------------------------
 *
 * cb_fp2.c
 *	  The quadratic extension of BN254's base field.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_fp2.h"

static void halve(const CbFp *a, CbFp *out);

const CbFp2 cb_fp2_zero = {{{0, 0, 0, 0}}, {{0, 0, 0, 0}}};

const CbFp2 cb_fp2_one = {
	{{
		UINT64_C(0xd35d438dc58f0d9d), UINT64_C(0x0a78eb28f5c70b3d),
		UINT64_C(0x666ea36f7879462c), UINT64_C(0x0e0a77c19a07df2f)
	}},
	{{0, 0, 0, 0}}
};

void
cb_fp2_add(const CbFp2 *a, const CbFp2 *b, CbFp2 *out)
{
	cb_fp_add(&a->re, &b->re, &out->re);
	cb_fp_add(&a->im, &b->im, &out->im);
}

void
cb_fp2_sub(const CbFp2 *a, const CbFp2 *b, CbFp2 *out)
{
	cb_fp_sub(&a->re, &b->re, &out->re);
	cb_fp_sub(&a->im, &b->im, &out->im);
}

void
cb_fp2_neg(const CbFp2 *a, CbFp2 *out)
{
	cb_fp_neg(&a->re, &out->re);
	cb_fp_neg(&a->im, &out->im);
}

void
cb_fp2_conj(const CbFp2 *a, CbFp2 *out)
{
	out->re = a->re;
	cb_fp_neg(&a->im, &out->im);
}

void
cb_fp2_mul(const CbFp2 *a, const CbFp2 *b, CbFp2 *out)
{
	CbFp		minus_im;
	CbFp2		product;

	cb_fp_neg(&a->im, &minus_im);
	cb_fp_mul_add(&a->re, &b->re, &minus_im, &b->im, &product.re);
	cb_fp_mul_add(&a->re, &b->im, &a->im, &b->re, &product.im);
	*out = product;
}

void
cb_fp2_mul_fp(const CbFp2 *a, const CbFp *b, CbFp2 *out)
{
	CbFp		factor = *b;

	cb_fp_mul(&a->re, &factor, &out->re);
	cb_fp_mul(&a->im, &factor, &out->im);
}

/* (9 re - im) + (re + 9 im) i */
void
cb_fp2_mul_xi(const CbFp2 *a, CbFp2 *out)
{
	CbFp		re = a->re;
	CbFp		minus_im;

	cb_fp_neg(&a->im, &minus_im);
	cb_fp_nine_times_plus(&a->im, &re, &out->im);
	cb_fp_nine_times_plus(&re, &minus_im, &out->re);
}

/* (re + im)(re - im) + 2 re im i */
void
cb_fp2_sqr(const CbFp2 *a, CbFp2 *out)
{
	CbFp		sum;
	CbFp		difference;
	CbFp		product;

	cb_fp_add(&a->re, &a->im, &sum);
	cb_fp_sub(&a->re, &a->im, &difference);
	cb_fp_mul(&a->re, &a->im, &product);
	cb_fp_mul(&sum, &difference, &out->re);
	cb_fp_add(&product, &product, &out->im);
}

/* The conjugate over the norm re^2 + im^2, which is of the base field. */
void
cb_fp2_inv(const CbFp2 *a, CbFp2 *out)
{
	CbFp		norm;
	CbFp2		conjugate;

	cb_fp_mul_add(&a->re, &a->re, &a->im, &a->im, &norm);
	cb_fp_inv(&norm, &norm);
	cb_fp2_conj(a, &conjugate);
	cb_fp2_mul_fp(&conjugate, &norm, out);
}

/*
 * A root x + yi has x^2 - y^2 = re and 2xy = im, so that x^2 is one of
 * (re +- |a|) / 2, where |a| is a root of the norm.  As -1 is no square of the
 * base field, at most one of the two is one, unless x or y is zero.
 */
bool
cb_fp2_sqrt(const CbFp2 *a, CbFp2 *out)
{
	CbFp		length;
	CbFp		x_squared;
	CbFp		twice_x;
	CbFp2		root;
	CbFp2		square;

	cb_fp_mul_add(&a->re, &a->re, &a->im, &a->im, &length);
	if (!cb_fp_sqrt(&length, &length))
		return false;
	cb_fp_add(&a->re, &length, &x_squared);
	halve(&x_squared, &x_squared);
	if (!cb_fp_sqrt(&x_squared, &root.re))
	{
		cb_fp_sub(&x_squared, &length, &x_squared);
		if (!cb_fp_sqrt(&x_squared, &root.re))
			return false;
	}
	if (cb_fp_is_zero(&root.re))
	{
		/* A square of yi alone: -y^2. */
		cb_fp_neg(&a->re, &root.im);
		if (!cb_fp_sqrt(&root.im, &root.im))
			return false;
	}
	else
	{
		cb_fp_add(&root.re, &root.re, &twice_x);
		cb_fp_inv(&twice_x, &twice_x);
		cb_fp_mul(&a->im, &twice_x, &root.im);
	}
	cb_fp2_sqr(&root, &square);
	if (!cb_fp2_equal(&square, a))
		return false;
	*out = root;
	return true;
}

bool
cb_fp2_is_high(const CbFp2 *a)
{
	return cb_fp_is_high(cb_fp_is_zero(&a->im) ? &a->re : &a->im);
}

static void
halve(const CbFp *a, CbFp *out)
{
	static const CbFp half = {{
		UINT64_C(0x87bee7d24f060572), UINT64_C(0xd0fd2add2f1c6ae5),
		UINT64_C(0x8f5f7492fcfd4f44), UINT64_C(0x1f37631a3d9cbfac)
	}};

	cb_fp_mul(a, &half, out);
}
