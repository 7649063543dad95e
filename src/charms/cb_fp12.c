/*-------------------------------------------------------------------------
 *
 * cb_fp12.c
 *	  The extension of degree 12 in which BN254's pairing takes its values.
 *
 * Products are Karatsuba's at every level above Fp2.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_fp12.h"

static void fp6_add(const CbFp6 *a, const CbFp6 *b, CbFp6 *out);
static void fp6_sub(const CbFp6 *a, const CbFp6 *b, CbFp6 *out);
static void fp6_neg(const CbFp6 *a, CbFp6 *out);
static void fp6_mul(const CbFp6 *a, const CbFp6 *b, CbFp6 *out);
static void fp6_mul_fp2(const CbFp6 *a, const CbFp2 *b, CbFp6 *out);
static void fp6_mul_two_terms(const CbFp6 *a, const CbFp2 *b0, const CbFp2 *b1, CbFp6 *out);
static void fp6_mul_v(const CbFp6 *a, CbFp6 *out);
static void fp6_inv(const CbFp6 *a, CbFp6 *out);
static void mul_of_sums(const CbFp2 *a0, const CbFp2 *a1, const CbFp2 *b0, const CbFp2 *b1, CbFp2 *out);
static void fp4_sqr(const CbFp2 *a, const CbFp2 *b, CbFp2 *out_a, CbFp2 *out_b);
static void thrice_minus_twice(const CbFp2 *a, const CbFp2 *b, CbFp2 *out);
static void thrice_plus_twice(const CbFp2 *a, const CbFp2 *b, CbFp2 *out);

const CbFp2 cb_frobenius_factors[5] = {
	{
		{{
			UINT64_C(0xaf9ba69633144907), UINT64_C(0xca6b1d7387afb78a),
			UINT64_C(0x11bded5ef08a2087), UINT64_C(0x02f34d751a1f3a7c)
		}},
		{{
			UINT64_C(0xa222ae234c492d72), UINT64_C(0xd00f02a4565de15b),
			UINT64_C(0xdc2ff3a253dfc926), UINT64_C(0x10a75716b3899551)
		}}
	},
	{
		{{
			UINT64_C(0xb5773b104563ab30), UINT64_C(0x347f91c8a9aa6454),
			UINT64_C(0x7a007127242e0991), UINT64_C(0x1956bcd8118214ec)
		}},
		{{
			UINT64_C(0x6e849f1ea0aa4757), UINT64_C(0xaa1c7b6d89f89141),
			UINT64_C(0xb6e713cdfae0ca3a), UINT64_C(0x26694fbb4e82ebc3)
		}}
	},
	{
		{{
			UINT64_C(0xe4bbdd0c2936b629), UINT64_C(0xbb30f162e133bacb),
			UINT64_C(0x31a9d1b6f9645366), UINT64_C(0x253570bea500f8dd)
		}},
		{{
			UINT64_C(0xa1d77ce45ffe77c7), UINT64_C(0x07affd117826d1db),
			UINT64_C(0x6d16bd27bb7edc6b), UINT64_C(0x2c87200285defecc)
		}}
	},
	{
		{{
			UINT64_C(0x7361d77f843abe92), UINT64_C(0xa5bb2bd3273411fb),
			UINT64_C(0x9c941f314b3e2399), UINT64_C(0x15df9cddbb9fd3ec)
		}},
		{{
			UINT64_C(0x5dddfd154bd8c949), UINT64_C(0x62cb29a5a4445b60),
			UINT64_C(0x37bc870a0c7dd2b9), UINT64_C(0x24830a9d3171f0fd)
		}}
	},
	{
		{{
			UINT64_C(0xc970692f41690fe7), UINT64_C(0xe240342127694b0b),
			UINT64_C(0x32bee66b83c459e8), UINT64_C(0x12aabced0ab08841)
		}},
		{{
			UINT64_C(0x0d485d2340aebfa9), UINT64_C(0x05193418ab2fcc57),
			UINT64_C(0xd3b0a40b8a4910f5), UINT64_C(0x2f21ebb535d2925a)
		}}
	}
};

void
cb_fp12_set_one(CbFp12 *out)
{
	memset(out, 0, sizeof(CbFp12));
	out->c[0].c[0] = cb_fp2_one;
}

bool
cb_fp12_is_one(const CbFp12 *a)
{
	CbFp12		one;

	cb_fp12_set_one(&one);
	return cb_fp12_equal(a, &one);
}

bool
cb_fp12_equal(const CbFp12 *a, const CbFp12 *b)
{
	return memcmp(a, b, sizeof(CbFp12)) == 0;
}

void
cb_fp12_mul(const CbFp12 *a, const CbFp12 *b, CbFp12 *out)
{
	CbFp6		low;
	CbFp6		high;
	CbFp6		sum_a;
	CbFp6		sum_b;

	fp6_mul(&a->c[0], &b->c[0], &low);
	fp6_mul(&a->c[1], &b->c[1], &high);
	fp6_add(&a->c[0], &a->c[1], &sum_a);
	fp6_add(&b->c[0], &b->c[1], &sum_b);
	fp6_mul(&sum_a, &sum_b, &out->c[1]);
	fp6_sub(&out->c[1], &low, &out->c[1]);
	fp6_sub(&out->c[1], &high, &out->c[1]);
	fp6_mul_v(&high, &high);
	fp6_add(&low, &high, &out->c[0]);
}

/* The same with b = a + (b + c v) w, where most of the products are of zero. */
void
cb_fp12_mul_line(const CbFp12 *f, const CbFp2 *a, const CbFp2 *b, const CbFp2 *c, CbFp12 *out)
{
	CbFp6		low;
	CbFp6		high;
	CbFp6		sum_f;
	CbFp2		sum_ab;

	fp6_mul_fp2(&f->c[0], a, &low);
	fp6_mul_two_terms(&f->c[1], b, c, &high);
	fp6_add(&f->c[0], &f->c[1], &sum_f);
	cb_fp2_add(a, b, &sum_ab);
	fp6_mul_two_terms(&sum_f, &sum_ab, c, &out->c[1]);
	fp6_sub(&out->c[1], &low, &out->c[1]);
	fp6_sub(&out->c[1], &high, &out->c[1]);
	fp6_mul_v(&high, &high);
	fp6_add(&low, &high, &out->c[0]);
}

/*
 * With a = x + y w: (x + y)(x + v y) is x^2 + v y^2 and (1 + v) x y, so that
 * two products do.
 */
void
cb_fp12_sqr(const CbFp12 *a, CbFp12 *out)
{
	CbFp6		product;
	CbFp6		sum;
	CbFp6		other_sum;

	fp6_mul(&a->c[0], &a->c[1], &product);
	fp6_add(&a->c[0], &a->c[1], &sum);
	fp6_mul_v(&a->c[1], &other_sum);
	fp6_add(&a->c[0], &other_sum, &other_sum);
	fp6_mul(&sum, &other_sum, &sum);
	fp6_sub(&sum, &product, &sum);
	fp6_add(&product, &product, &out->c[1]);
	fp6_mul_v(&product, &product);
	fp6_sub(&sum, &product, &out->c[0]);
}

/* (x - y w) / (x^2 - v y^2) */
void
cb_fp12_inv(const CbFp12 *a, CbFp12 *out)
{
	CbFp6		norm;
	CbFp6		square;

	fp6_mul(&a->c[0], &a->c[0], &norm);
	fp6_mul(&a->c[1], &a->c[1], &square);
	fp6_mul_v(&square, &square);
	fp6_sub(&norm, &square, &norm);
	fp6_inv(&norm, &norm);
	fp6_mul(&a->c[0], &norm, &out->c[0]);
	fp6_mul(&a->c[1], &norm, &out->c[1]);
	fp6_neg(&out->c[1], &out->c[1]);
}

void
cb_fp12_conj(const CbFp12 *a, CbFp12 *out)
{
	out->c[0] = a->c[0];
	fp6_neg(&a->c[1], &out->c[1]);
}

/* c[j].c[i] is the coefficient of w^(2i + j). */
void
cb_fp12_frobenius(const CbFp12 *a, CbFp12 *out)
{
	for (int k = 0; k < 6; k++)
	{
		CbFp2	   *coefficient = &out->c[k % 2].c[k / 2];

		cb_fp2_conj(&a->c[k % 2].c[k / 2], coefficient);
		if (k > 0)
			cb_fp2_mul(coefficient, &cb_frobenius_factors[k - 1], coefficient);
	}
}

/*
 * Granger and Scott, "Faster squaring in the cyclotomic subgroup of sixth
 * degree extensions": three squares in Fp4 instead of two products in Fp6.
 */
void
cb_fp12_cyclotomic_sqr(const CbFp12 *a, CbFp12 *out)
{
	const CbFp2 *x = a->c[0].c;
	const CbFp2 *y = a->c[1].c;
	CbFp2		s[6];

	fp4_sqr(&x[0], &y[1], &s[0], &s[1]);
	fp4_sqr(&y[0], &x[2], &s[2], &s[3]);
	fp4_sqr(&x[1], &y[2], &s[4], &s[5]);
	cb_fp2_mul_xi(&s[5], &s[5]);

	thrice_minus_twice(&s[0], &x[0], &out->c[0].c[0]);
	thrice_minus_twice(&s[2], &x[1], &out->c[0].c[1]);
	thrice_minus_twice(&s[4], &x[2], &out->c[0].c[2]);
	thrice_plus_twice(&s[5], &y[0], &out->c[1].c[0]);
	thrice_plus_twice(&s[1], &y[1], &out->c[1].c[1]);
	thrice_plus_twice(&s[3], &y[2], &out->c[1].c[2]);
}

static void
fp6_add(const CbFp6 *a, const CbFp6 *b, CbFp6 *out)
{
	for (int i = 0; i < 3; i++)
		cb_fp2_add(&a->c[i], &b->c[i], &out->c[i]);
}

static void
fp6_sub(const CbFp6 *a, const CbFp6 *b, CbFp6 *out)
{
	for (int i = 0; i < 3; i++)
		cb_fp2_sub(&a->c[i], &b->c[i], &out->c[i]);
}

static void
fp6_neg(const CbFp6 *a, CbFp6 *out)
{
	for (int i = 0; i < 3; i++)
		cb_fp2_neg(&a->c[i], &out->c[i]);
}

static void
fp6_mul(const CbFp6 *a, const CbFp6 *b, CbFp6 *out)
{
	CbFp2		p[3];
	CbFp2		cross[3];

	for (int i = 0; i < 3; i++)
		cb_fp2_mul(&a->c[i], &b->c[i], &p[i]);

	/* a1 b2 + a2 b1, a0 b1 + a1 b0, a0 b2 + a2 b0 */
	mul_of_sums(&a->c[1], &a->c[2], &b->c[1], &b->c[2], &cross[0]);
	cb_fp2_sub(&cross[0], &p[1], &cross[0]);
	cb_fp2_sub(&cross[0], &p[2], &cross[0]);
	mul_of_sums(&a->c[0], &a->c[1], &b->c[0], &b->c[1], &cross[1]);
	cb_fp2_sub(&cross[1], &p[0], &cross[1]);
	cb_fp2_sub(&cross[1], &p[1], &cross[1]);
	mul_of_sums(&a->c[0], &a->c[2], &b->c[0], &b->c[2], &cross[2]);
	cb_fp2_sub(&cross[2], &p[0], &cross[2]);
	cb_fp2_sub(&cross[2], &p[2], &cross[2]);

	cb_fp2_mul_xi(&cross[0], &cross[0]);
	cb_fp2_add(&p[0], &cross[0], &out->c[0]);
	cb_fp2_mul_xi(&p[2], &p[2]);
	cb_fp2_add(&cross[1], &p[2], &out->c[1]);
	cb_fp2_add(&cross[2], &p[1], &out->c[2]);
}

static void
fp6_mul_fp2(const CbFp6 *a, const CbFp2 *b, CbFp6 *out)
{
	for (int i = 0; i < 3; i++)
		cb_fp2_mul(&a->c[i], b, &out->c[i]);
}

/* Times b0 + b1 v. */
static void
fp6_mul_two_terms(const CbFp6 *a, const CbFp2 *b0, const CbFp2 *b1, CbFp6 *out)
{
	CbFp2		p0;
	CbFp2		p1;
	CbFp2		top;
	CbFp2		cross;

	cb_fp2_mul(&a->c[0], b0, &p0);
	cb_fp2_mul(&a->c[1], b1, &p1);
	mul_of_sums(&a->c[0], &a->c[1], b0, b1, &cross);
	cb_fp2_sub(&cross, &p0, &cross);
	cb_fp2_sub(&cross, &p1, &cross);

	cb_fp2_mul(&a->c[2], b1, &top);
	cb_fp2_mul_xi(&top, &top);
	cb_fp2_mul(&a->c[2], b0, &out->c[2]);
	cb_fp2_add(&out->c[2], &p1, &out->c[2]);
	cb_fp2_add(&p0, &top, &out->c[0]);
	out->c[1] = cross;
}

static void
fp6_mul_v(const CbFp6 *a, CbFp6 *out)
{
	CbFp2		wrapped;

	cb_fp2_mul_xi(&a->c[2], &wrapped);
	out->c[2] = a->c[1];
	out->c[1] = a->c[0];
	out->c[0] = wrapped;
}

/* By the adjoint: a times it is a norm in Fp2. */
static void
fp6_inv(const CbFp6 *a, CbFp6 *out)
{
	CbFp6		adjoint;
	CbFp2		norm;
	CbFp2		t;

	cb_fp2_sqr(&a->c[0], &adjoint.c[0]);
	cb_fp2_mul(&a->c[1], &a->c[2], &t);
	cb_fp2_mul_xi(&t, &t);
	cb_fp2_sub(&adjoint.c[0], &t, &adjoint.c[0]);

	cb_fp2_sqr(&a->c[2], &adjoint.c[1]);
	cb_fp2_mul_xi(&adjoint.c[1], &adjoint.c[1]);
	cb_fp2_mul(&a->c[0], &a->c[1], &t);
	cb_fp2_sub(&adjoint.c[1], &t, &adjoint.c[1]);

	cb_fp2_sqr(&a->c[1], &adjoint.c[2]);
	cb_fp2_mul(&a->c[0], &a->c[2], &t);
	cb_fp2_sub(&adjoint.c[2], &t, &adjoint.c[2]);

	cb_fp2_mul(&a->c[2], &adjoint.c[1], &norm);
	cb_fp2_mul(&a->c[1], &adjoint.c[2], &t);
	cb_fp2_add(&norm, &t, &norm);
	cb_fp2_mul_xi(&norm, &norm);
	cb_fp2_mul(&a->c[0], &adjoint.c[0], &t);
	cb_fp2_add(&norm, &t, &norm);

	cb_fp2_inv(&norm, &norm);
	fp6_mul_fp2(&adjoint, &norm, out);
}

/* (a0 + a1)(b0 + b1) */
static void
mul_of_sums(const CbFp2 *a0, const CbFp2 *a1, const CbFp2 *b0, const CbFp2 *b1, CbFp2 *out)
{
	CbFp2		sum_a;
	CbFp2		sum_b;

	cb_fp2_add(a0, a1, &sum_a);
	cb_fp2_add(b0, b1, &sum_b);
	cb_fp2_mul(&sum_a, &sum_b, out);
}

/* (a + b s)^2, where s^2 = 9 + i. */
static void
fp4_sqr(const CbFp2 *a, const CbFp2 *b, CbFp2 *out_a, CbFp2 *out_b)
{
	CbFp2		a_squared;
	CbFp2		b_squared;

	cb_fp2_sqr(a, &a_squared);
	cb_fp2_sqr(b, &b_squared);
	cb_fp2_add(a, b, out_b);
	cb_fp2_sqr(out_b, out_b);
	cb_fp2_sub(out_b, &a_squared, out_b);
	cb_fp2_sub(out_b, &b_squared, out_b);
	cb_fp2_mul_xi(&b_squared, &b_squared);
	cb_fp2_add(&a_squared, &b_squared, out_a);
}

/* 3a - 2b */
static void
thrice_minus_twice(const CbFp2 *a, const CbFp2 *b, CbFp2 *out)
{
	CbFp2		t;

	cb_fp2_sub(a, b, &t);
	cb_fp2_add(&t, &t, &t);
	cb_fp2_add(&t, a, out);
}

/* 3a + 2b */
static void
thrice_plus_twice(const CbFp2 *a, const CbFp2 *b, CbFp2 *out)
{
	CbFp2		t;

	cb_fp2_add(a, b, &t);
	cb_fp2_add(&t, &t, &t);
	cb_fp2_add(&t, a, out);
}
