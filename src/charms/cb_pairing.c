/*-------------------------------------------------------------------------
 *
 * cb_pairing.c
 *	  The optimal ate pairing of BN254.
 *
 * x is the curve's parameter, 4965661367192848881; p, r and the loop's length
 * 6x + 2 are polynomials in it.  A point (x, y) of the twist stands for
 * (x w^2, y w^3) on the curve over Fp12.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_pairing.h"

/* How many pairs have their lines on the stack at once, 17 kB each. */
#define PAIRS_AT_ONCE 4

#define LOOP_DIGITS 66

/* A point of the twist on its way: x = X / Z, y = Y / Z. */
typedef struct Walker
{
	CbFp2		x;
	CbFp2		y;
	CbFp2		z;
} Walker;

static void double_step(Walker *t, CbLine *line);
static void add_step(Walker *t, const CbG2 *q, CbLine *line);
static void frobenius(const CbG2 *q, CbG2 *out);
static bool is_at(const Walker *t, const CbG2 *q);
static void multiply_lines(CbFp12 *f, const CbPair *pairs, size_t n, int line);
static void power_of_x(const CbFp12 *a, CbFp12 *out);
static void easy_power(CbFp12 *f);
static void hard_power(CbFp12 *f);

/* 6x + 2 in digits -1, 0 and 1, no two of them beside each other but 0. */
static const int8_t loop_digits[LOOP_DIGITS] = {
	1, 0, -1, 0, 1, 0, 0, 0, -1, 0, -1, 0, 0, 0, -1, 0, 1, 0, -1, 0, 0, -1,
	0, 0, 0, 0, 0, 1, 0, 0, -1, 0, 1, 0, 0, -1, 0, 0, 0, 0, -1, 0, 1, 0,
	0, 0, -1, 0, -1, 0, 0, 1, 0, 0, 0, -1, 0, 0, -1, 0, 1, 0, 1, 0, 0, 0
};

/*
 * The walk goes to (6x + 2)q, and on by the p-th power of q and by minus its
 * p^2-th.  That ends at minus its p^3-th just where q has order r: what
 * 6x + 2 + X - X^2 + X^3 annihilates has no part in the twist's cofactor, to
 * which its norm is coprime.  So the check of the subgroup costs nothing.
 *
 * Only points outside the subgroup can meet a multiple that is infinity or
 * that they share an x with; from there on z is zero, and nothing is reached.
 */
CbResult
cb_g2_prepare(const CbG2 *q, CbG2Lines *out)
{
	Walker		t = {q->x, q->y, cb_fp2_one};
	CbLine	   *line = out->line;
	CbG2		minus_q = *q;
	CbG2		power;

	out->infinity = q->infinity;
	if (q->infinity)
		return CB_OK;

	cb_fp2_neg(&q->y, &minus_q.y);
	for (int i = 1; i < LOOP_DIGITS; i++)
	{
		double_step(&t, line++);
		if (loop_digits[i] != 0)
			add_step(&t, loop_digits[i] > 0 ? q : &minus_q, line++);
	}
	frobenius(q, &power);
	add_step(&t, &power, line++);
	frobenius(&power, &power);
	cb_fp2_neg(&power.y, &power.y);
	add_step(&t, &power, line);

	frobenius(&power, &power);
	return is_at(&t, &power) ? CB_OK : CB_ERR_POINT_SUBGROUP;
}

void
cb_miller_loop(const CbPair *pairs, size_t n, CbFp12 *out)
{
	int			line = 0;

	cb_fp12_set_one(out);
	for (int i = 1; i < LOOP_DIGITS; i++)
	{
		cb_fp12_sqr(out, out);
		multiply_lines(out, pairs, n, line++);
		if (loop_digits[i] != 0)
			multiply_lines(out, pairs, n, line++);
	}
	multiply_lines(out, pairs, n, line++);
	multiply_lines(out, pairs, n, line);
}

/* (p^12 - 1) / r, times a number that r does not divide. */
void
cb_final_power(CbFp12 *f)
{
	easy_power(f);
	hard_power(f);
}

CbResult
cb_bn254_pairing_product_is_one(const CbG1 *p, const CbG2 *q, size_t n, bool *is_one)
{
	CbG2Lines	lines[PAIRS_AT_ONCE];
	CbPair		pairs[PAIRS_AT_ONCE];
	CbFp12		product;

	cb_fp12_set_one(&product);
	for (size_t done = 0; done < n;)
	{
		size_t		count = n - done < PAIRS_AT_ONCE ? n - done : PAIRS_AT_ONCE;
		CbFp12		f;

		for (size_t i = 0; i < count; i++)
		{
			CbResult	result = cb_g2_prepare(&q[done + i], &lines[i]);

			if (result != CB_OK)
				return result;
			pairs[i].p = p[done + i];
			pairs[i].q = &lines[i];
		}
		cb_miller_loop(pairs, count, &f);
		cb_fp12_mul(&product, &f, &product);
		done += count;
	}
	cb_final_power(&product);
	*is_one = cb_fp12_is_one(&product);
	return CB_OK;
}

/*
 * Costello, Lange and Naehrig, "Faster pairing computations on curves with
 * high-degree twists", all times 4 instead of with halves; the tangent comes
 * times 2YZ.
 */
static void
double_step(Walker *t, CbLine *line)
{
	CbFp2		y_squared;
	CbFp2		e;				/* 3 b Z^2 */
	CbFp2		three_e;
	CbFp2		two_yz;
	CbFp2		two_xy;
	CbFp2		s;

	cb_fp2_sqr(&t->y, &y_squared);
	cb_fp2_sqr(&t->z, &e);
	cb_fp2_mul(&e, &cb_g2_b, &e);
	cb_fp2_add(&e, &e, &s);
	cb_fp2_add(&e, &s, &e);
	cb_fp2_add(&e, &e, &three_e);
	cb_fp2_add(&three_e, &e, &three_e);
	cb_fp2_mul(&t->y, &t->z, &two_yz);
	cb_fp2_add(&two_yz, &two_yz, &two_yz);
	cb_fp2_mul(&t->x, &t->y, &two_xy);
	cb_fp2_add(&two_xy, &two_xy, &two_xy);

	line->by_y = two_yz;
	cb_fp2_sqr(&t->x, &s);
	cb_fp2_add(&s, &s, &line->by_x);
	cb_fp2_add(&line->by_x, &s, &line->by_x);
	cb_fp2_neg(&line->by_x, &line->by_x);
	cb_fp2_sub(&y_squared, &e, &line->constant);

	/* X = 2XY (Y^2 - 3e), Y = (Y^2 + 3e)^2 - 12 e^2, Z = 8 Y^3 Z */
	cb_fp2_sub(&y_squared, &three_e, &s);
	cb_fp2_mul(&two_xy, &s, &t->x);
	cb_fp2_mul(&y_squared, &two_yz, &t->z);
	cb_fp2_add(&t->z, &t->z, &t->z);
	cb_fp2_add(&t->z, &t->z, &t->z);
	cb_fp2_add(&y_squared, &three_e, &t->y);
	cb_fp2_sqr(&t->y, &t->y);
	cb_fp2_mul(&e, &three_e, &s);
	cb_fp2_add(&s, &s, &s);
	cb_fp2_add(&s, &s, &s);
	cb_fp2_sub(&t->y, &s, &t->y);
}

/* The line through t and q comes times the run from q to t. */
static void
add_step(Walker *t, const CbG2 *q, CbLine *line)
{
	CbFp2		rise;
	CbFp2		run;
	CbFp2		run_squared;
	CbFp2		run_cubed;
	CbFp2		g;
	CbFp2		h;

	cb_fp2_mul(&q->y, &t->z, &rise);
	cb_fp2_sub(&t->y, &rise, &rise);
	cb_fp2_mul(&q->x, &t->z, &run);
	cb_fp2_sub(&t->x, &run, &run);

	line->by_y = run;
	cb_fp2_neg(&rise, &line->by_x);
	cb_fp2_mul(&rise, &q->x, &line->constant);
	cb_fp2_mul(&run, &q->y, &g);
	cb_fp2_sub(&line->constant, &g, &line->constant);

	/* g = X run^2, h = run^3 + Z rise^2 - 2g */
	cb_fp2_sqr(&run, &run_squared);
	cb_fp2_mul(&run_squared, &run, &run_cubed);
	cb_fp2_mul(&t->x, &run_squared, &g);
	cb_fp2_sqr(&rise, &h);
	cb_fp2_mul(&h, &t->z, &h);
	cb_fp2_add(&h, &run_cubed, &h);
	cb_fp2_sub(&h, &g, &h);
	cb_fp2_sub(&h, &g, &h);

	/* X = run h, Y = rise (g - h) - Y run^3, Z = Z run^3 */
	cb_fp2_mul(&run, &h, &t->x);
	cb_fp2_sub(&g, &h, &g);
	cb_fp2_mul(&rise, &g, &g);
	cb_fp2_mul(&t->y, &run_cubed, &t->y);
	cb_fp2_sub(&g, &t->y, &t->y);
	cb_fp2_mul(&t->z, &run_cubed, &t->z);
}

/* The p-th power of the point that q stands for, again on the twist. */
static void
frobenius(const CbG2 *q, CbG2 *out)
{
	cb_fp2_conj(&q->x, &out->x);
	cb_fp2_mul(&out->x, &cb_frobenius_factors[1], &out->x);
	cb_fp2_conj(&q->y, &out->y);
	cb_fp2_mul(&out->y, &cb_frobenius_factors[2], &out->y);
	out->infinity = q->infinity;
}

static bool
is_at(const Walker *t, const CbG2 *q)
{
	CbFp2		x;
	CbFp2		y;

	cb_fp2_mul(&q->x, &t->z, &x);
	cb_fp2_mul(&q->y, &t->z, &y);
	return !cb_fp2_is_zero(&t->z) && cb_fp2_equal(&x, &t->x) && cb_fp2_equal(&y, &t->y);
}

static void
multiply_lines(CbFp12 *f, const CbPair *pairs, size_t n, int line)
{
	for (size_t i = 0; i < n; i++)
	{
		const CbLine *l = &pairs[i].q->line[line];
		CbFp2		by_y;
		CbFp2		by_x;

		if (pairs[i].p.infinity || pairs[i].q->infinity)
			continue;
		cb_fp2_mul_fp(&l->by_y, &pairs[i].p.y, &by_y);
		cb_fp2_mul_fp(&l->by_x, &pairs[i].p.x, &by_x);
		cb_fp12_mul_line(f, &by_y, &by_x, &l->constant, f);
	}
}

/* (p^6 - 1)(p^2 + 1): what comes out is in the cyclotomic subgroup. */
static void
easy_power(CbFp12 *f)
{
	CbFp12		t;

	cb_fp12_inv(f, &t);
	cb_fp12_conj(f, f);
	cb_fp12_mul(f, &t, f);
	cb_fp12_frobenius(f, &t);
	cb_fp12_frobenius(&t, &t);
	cb_fp12_mul(f, &t, f);
}

/*
 * 2x (6x^2 + 3x + 1) times (p^4 - p^2 + 1) / r, which is, by Fuentes-Castaneda,
 * Knapp and Rodriguez-Henriquez ("Faster hashing to G2"), with s = 12x^3 + 6x^2,
 *
 *		(s + 6x + 6x^2 + 1) + (s + 4x) p + (s + 6x) p^2 + (s + 4x - 1) p^3
 */
static void
hard_power(CbFp12 *f)
{
	CbFp12		to_2x;
	CbFp12		to_6x;
	CbFp12		to_6x2;
	CbFp12		s_4x;
	CbFp12		s_6x;
	CbFp12		t;
	CbFp12		product;

	power_of_x(f, &to_2x);
	cb_fp12_cyclotomic_sqr(&to_2x, &to_2x);
	cb_fp12_cyclotomic_sqr(&to_2x, &to_6x);
	cb_fp12_mul(&to_6x, &to_2x, &to_6x);
	power_of_x(&to_6x, &to_6x2);
	cb_fp12_cyclotomic_sqr(&to_6x2, &t);
	power_of_x(&t, &s_6x);
	cb_fp12_mul(&s_6x, &to_6x2, &s_6x);
	cb_fp12_mul(&s_6x, &to_6x, &s_6x);
	cb_fp12_conj(&to_2x, &t);
	cb_fp12_mul(&s_6x, &t, &s_4x);

	/* By Horner's rule, a power of p at each step. */
	cb_fp12_conj(f, &t);
	cb_fp12_mul(&s_4x, &t, &product);
	cb_fp12_frobenius(&product, &product);
	cb_fp12_mul(&product, &s_6x, &product);
	cb_fp12_frobenius(&product, &product);
	cb_fp12_mul(&product, &s_4x, &product);
	cb_fp12_frobenius(&product, &product);
	cb_fp12_mul(&product, &s_6x, &product);
	cb_fp12_mul(&product, &to_6x2, &product);
	cb_fp12_mul(&product, f, f);
}

/* x as a difference of two numbers that have few bits between them. */
static void
power_of_x(const CbFp12 *a, CbFp12 *out)
{
	static const uint64_t plus = UINT64_C(0x450a14044a890a01);
	static const uint64_t minus = UINT64_C(0x0020815000200010);
	CbFp12		base = *a;
	CbFp12		inverse;

	cb_fp12_conj(a, &inverse);
	*out = base;
	for (int bit = 61; bit >= 0; bit--)
	{
		cb_fp12_cyclotomic_sqr(out, out);
		if ((plus >> bit) & 1)
			cb_fp12_mul(out, &base, out);
		else if ((minus >> bit) & 1)
			cb_fp12_mul(out, &inverse, out);
	}
}
