/*-------------------------------------------------------------------------
 *
 * cb_g1.c
 *	  Sums and products of points of BN254's G1.
 *
 * Sums are built in Jacobian coordinates (x = X / Z^2, y = Y / Z^3), which
 * need one inversion in the end instead of one at every step; Z is zero at
 * infinity.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_bn254.h"

typedef struct Jacobian
{
	CbFp		x;
	CbFp		y;
	CbFp		z;
} Jacobian;

static void to_jacobian(const CbG1 *p, Jacobian *out);
static void to_affine(const Jacobian *p, CbG1 *out);
static void double_in_place(Jacobian *p);
static void add_in_place(Jacobian *p, const CbG1 *q);
static void add_distinct(Jacobian *p, const CbFp *run, const CbFp *rise);

void
cb_g1_neg(const CbG1 *p, CbG1 *out)
{
	*out = *p;
	cb_fp_neg(&p->y, &out->y);
}

void
cb_g1_add(const CbG1 *p, const CbG1 *q, CbG1 *out)
{
	Jacobian	sum;

	to_jacobian(p, &sum);
	add_in_place(&sum, q);
	to_affine(&sum, out);
}

void
cb_g1_mul(const CbG1 *p, const CbScalar *k, CbG1 *out)
{
	cb_g1_combine(p, k, 1, out);
}

/* All scalars bit by bit from the top, so that they share the doublings. */
void
cb_g1_combine(const CbG1 *p, const CbScalar *k, size_t n, CbG1 *out)
{
	Jacobian	sum = {cb_fp_one, cb_fp_one, cb_fp_zero};

	for (int bit = 64 * CB_FP_LIMBS - 1; bit >= 0; bit--)
	{
		double_in_place(&sum);
		for (size_t i = 0; i < n; i++)
		{
			if (cb_scalar_bit(&k[i], bit))
				add_in_place(&sum, &p[i]);
		}
	}
	to_affine(&sum, out);
}

static void
to_jacobian(const CbG1 *p, Jacobian *out)
{
	out->x = p->x;
	out->y = p->y;
	out->z = p->infinity ? cb_fp_zero : cb_fp_one;
}

static void
to_affine(const Jacobian *p, CbG1 *out)
{
	CbFp		inverse;
	CbFp		square;

	memset(out, 0, sizeof(CbG1));
	if (cb_fp_is_zero(&p->z))
	{
		out->infinity = true;
		return;
	}
	cb_fp_inv(&p->z, &inverse);
	cb_fp_sqr(&inverse, &square);
	cb_fp_mul(&p->x, &square, &out->x);
	cb_fp_mul(&square, &inverse, &square);
	cb_fp_mul(&p->y, &square, &out->y);
}

/* Infinity stays what it is.  No point has y = 0: the order is odd. */
static void
double_in_place(Jacobian *p)
{
	CbFp		y_squared;
	CbFp		slope;
	CbFp		s;
	CbFp		t;

	if (cb_fp_is_zero(&p->z))
		return;
	cb_fp_sqr(&p->y, &y_squared);
	/* s = 4 X Y^2, slope = 3 X^2 */
	cb_fp_mul(&p->x, &y_squared, &s);
	cb_fp_add(&s, &s, &s);
	cb_fp_add(&s, &s, &s);
	cb_fp_sqr(&p->x, &t);
	cb_fp_add(&t, &t, &slope);
	cb_fp_add(&slope, &t, &slope);

	cb_fp_mul(&p->y, &p->z, &p->z);
	cb_fp_add(&p->z, &p->z, &p->z);
	cb_fp_sqr(&slope, &p->x);
	cb_fp_sub(&p->x, &s, &p->x);
	cb_fp_sub(&p->x, &s, &p->x);

	/* Y = slope (s - X) - 8 Y^4 */
	cb_fp_sub(&s, &p->x, &s);
	cb_fp_mul(&slope, &s, &p->y);
	cb_fp_add(&y_squared, &y_squared, &y_squared);
	cb_fp_sqr(&y_squared, &t);
	cb_fp_add(&t, &t, &t);
	cb_fp_sub(&p->y, &t, &p->y);
}

static void
add_in_place(Jacobian *p, const CbG1 *q)
{
	CbFp		z_squared;
	CbFp		run;
	CbFp		rise;

	if (q->infinity)
		return;
	if (cb_fp_is_zero(&p->z))
	{
		to_jacobian(q, p);
		return;
	}
	/* How far q is from p along x and y, both over p's denominators. */
	cb_fp_sqr(&p->z, &z_squared);
	cb_fp_mul(&q->x, &z_squared, &run);
	cb_fp_sub(&run, &p->x, &run);
	cb_fp_mul(&q->y, &p->z, &rise);
	cb_fp_mul(&rise, &z_squared, &rise);
	cb_fp_sub(&rise, &p->y, &rise);

	if (!cb_fp_is_zero(&run))
		add_distinct(p, &run, &rise);
	else if (cb_fp_is_zero(&rise))
		double_in_place(p);
	else
		p->z = cb_fp_zero;
}

static void
add_distinct(Jacobian *p, const CbFp *run, const CbFp *rise)
{
	CbFp		run_squared;
	CbFp		run_cubed;
	CbFp		v;

	cb_fp_sqr(run, &run_squared);
	cb_fp_mul(&run_squared, run, &run_cubed);
	cb_fp_mul(&p->x, &run_squared, &v);
	cb_fp_mul(&p->z, run, &p->z);

	/* X = rise^2 - run^3 - 2v */
	cb_fp_sqr(rise, &p->x);
	cb_fp_sub(&p->x, &run_cubed, &p->x);
	cb_fp_sub(&p->x, &v, &p->x);
	cb_fp_sub(&p->x, &v, &p->x);

	/* Y = rise (v - X) - Y run^3 */
	cb_fp_sub(&v, &p->x, &v);
	cb_fp_neg(&run_cubed, &run_cubed);
	cb_fp_mul_add(rise, &v, &p->y, &run_cubed, &p->y);
}
