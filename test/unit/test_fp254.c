/*-------------------------------------------------------------------------
 *
 * test_fp254.c
 *	  BN254's fields: the base field against libcrypto's numbers, the
 *	  extensions against the laws they obey.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "bn254_samples.h"
#include "tap.h"

#include <openssl/bn.h>

#define FIELD_ROUNDS 500

static const char modulus_hex[] = "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";

static BIGNUM *
number_of(const CbFp *a)
{
	uint8_t		bytes[CB_FP_BYTES];

	cb_fp_to_bytes(a, bytes);
	return BN_bin2bn(bytes, sizeof(bytes), NULL);
}

/* Frees the number. */
static bool
is_number(const CbFp *a, BIGNUM *wanted)
{
	BIGNUM	   *got = number_of(a);
	bool		same = BN_cmp(got, wanted) == 0;

	BN_free(got);
	BN_free(wanted);
	return same;
}

typedef int (*ModularOperation) (BIGNUM *, const BIGNUM *, const BIGNUM *, const BIGNUM *, BN_CTX *);

static BIGNUM *
compute(ModularOperation operation, const BIGNUM *a, const BIGNUM *b, const BIGNUM *modulus, BN_CTX *context)
{
	BIGNUM	   *result = BN_new();

	if (operation(result, a, b, modulus, context) != 1)
		abort();
	return result;
}

static void
test_field(void)
{
	BN_CTX	   *context = BN_CTX_new();
	BIGNUM	   *p = NULL;
	int			sums = 0,
				differences = 0,
				products = 0,
				double_products = 0,
				inverses = 0,
				roots = 0;

	BN_hex2bn(&p, modulus_hex);
	for (int i = 0; i < FIELD_ROUNDS; i++)
	{
		CbFp		a = random_fp();
		CbFp		b = i % 10 == 0 ? cb_fp_zero : i % 10 == 1 ? a : random_fp();
		CbFp		t;
		CbFp		square;
		BIGNUM	   *x = number_of(&a);
		BIGNUM	   *y = number_of(&b);
		BIGNUM	   *xy = compute(BN_mod_mul, x, y, p, context);

		cb_fp_add(&a, &b, &t);
		sums += is_number(&t, compute(BN_mod_add, x, y, p, context));
		cb_fp_sub(&b, &a, &t);
		differences += is_number(&t, compute(BN_mod_sub, y, x, p, context));
		cb_fp_mul_add(&a, &b, &b, &a, &t);
		double_products += is_number(&t, compute(BN_mod_add, xy, xy, p, context));
		cb_fp_mul(&a, &b, &t);
		products += is_number(&t, xy);
		cb_fp_inv(&a, &t);
		inverses += is_number(&t, BN_mod_inverse(NULL, x, p, context));
		cb_fp_sqr(&a, &square);
		roots += cb_fp_sqrt(&square, &t) && (cb_fp_equal(&t, &a) || (cb_fp_neg(&t, &t), cb_fp_equal(&t, &a)));
		BN_free(x);
		BN_free(y);
	}
	is_int(sums, FIELD_ROUNDS, "sums agree with libcrypto");
	is_int(differences, FIELD_ROUNDS, "differences agree with libcrypto");
	is_int(products, FIELD_ROUNDS, "products agree with libcrypto");
	is_int(double_products, FIELD_ROUNDS, "sums of two products agree with libcrypto");
	is_int(inverses, FIELD_ROUNDS, "inverses agree with libcrypto");
	is_int(roots, FIELD_ROUNDS, "a square has its root");
	BN_free(p);
	BN_CTX_free(context);
}

/* The largest element in every place: what overflows, overflows here. */
static void
test_field_edges(void)
{
	uint8_t		bytes[CB_FP_BYTES];
	size_t		len;
	CbFp		minus_one;
	CbFp		t;

	cb_hex_decode(modulus_hex, strlen(modulus_hex), bytes, sizeof(bytes), &len);
	ok(!cb_fp_from_bytes(bytes, &t), "the modulus is no element");
	bytes[31]--;
	ok(cb_fp_from_bytes(bytes, &minus_one), "the modulus less one is");
	ok(cb_fp_is_high(&minus_one) && !cb_fp_is_high(&cb_fp_one) && !cb_fp_is_high(&cb_fp_zero), "it is high, 1 and 0 are not");
	memset(bytes, 0xff, sizeof(bytes));
	ok(!cb_fp_from_bytes(bytes, &t), "2^256 - 1 is no element");

	cb_fp_mul(&minus_one, &minus_one, &t);
	ok(cb_fp_equal(&t, &cb_fp_one), "(-1)(-1) is 1");
	cb_fp_mul_add(&minus_one, &minus_one, &minus_one, &minus_one, &t);
	cb_fp_add(&t, &minus_one, &t);
	ok(cb_fp_equal(&t, &cb_fp_one), "and twice that less 1 is 1");
	ok(!cb_fp_sqrt(&minus_one, &t), "-1 has no root");
	cb_fp_neg(&cb_fp_zero, &t);
	ok(cb_fp_is_zero(&t), "minus zero is zero");
	cb_fp_inv(&cb_fp_zero, &t);
	ok(cb_fp_is_zero(&t), "zero is its own inverse here");
}

static bool
is_nine_times_plus(const CbFp *a, const CbFp *b)
{
	CbFp		wanted = *b;
	CbFp		t;

	for (int i = 0; i < 9; i++)
		cb_fp_add(&wanted, a, &wanted);
	cb_fp_nine_times_plus(a, b, &t);
	return cb_fp_equal(&t, &wanted);
}

/* Around every multiple of the modulus that the sum can pass. */
static void
test_nine_times_plus(void)
{
	CbFp		minus_one;
	CbFp		ninth;
	CbFp		a = cb_fp_zero;
	int			rights = 0;
	int			edges = 0;

	for (int i = 0; i < FIELD_ROUNDS; i++)
	{
		CbFp		b = random_fp();

		a = random_fp();
		rights += is_nine_times_plus(&a, &b);
	}
	is_int(rights, FIELD_ROUNDS, "nine times an element and another are a sum of ten");

	cb_fp_neg(&cb_fp_one, &minus_one);
	cb_fp_nine_times_plus(&cb_fp_one, &cb_fp_zero, &ninth);
	cb_fp_inv(&ninth, &ninth);
	a = cb_fp_zero;
	for (int i = 0; i < 9; i++)
	{
		edges += is_nine_times_plus(&a, &cb_fp_zero) && is_nine_times_plus(&a, &minus_one) &&
			is_nine_times_plus(&a, &cb_fp_one) && is_nine_times_plus(&minus_one, &a);
		cb_fp_add(&a, &ninth, &a);
	}
	is_int(edges, 9, "also where they are multiples of the modulus, or one less or more");
	ok(is_nine_times_plus(&minus_one, &minus_one), "also where both are the largest");
	cb_fp_nine_times_plus(&ninth, &cb_fp_zero, &ninth);
	ok(cb_fp_equal(&ninth, &cb_fp_one), "nine ninths are one");
}

static void
test_fp2_roots(void)
{
	int			roots = 0;
	int			reals = 0;
	CbFp2		xi = cb_fp2_one;
	CbFp2		a;
	CbFp2		t;

	for (int i = 0; i < 100; i++)
	{
		CbFp2		square;

		a = random_fp2();
		cb_fp2_sqr(&a, &square);
		roots += cb_fp2_sqrt(&square, &t) &&
			(cb_fp2_equal(&t, &a) || (cb_fp2_neg(&t, &t), cb_fp2_equal(&t, &a)));
		/* Every element of the base field has a root, real or imaginary. */
		square.re = random_fp();
		square.im = cb_fp_zero;
		reals += cb_fp2_sqrt(&square, &t) && (cb_fp2_sqr(&t, &t), cb_fp2_equal(&t, &square));
	}
	is_int(roots, 100, "squares of Fp2 have their roots");
	is_int(reals, 100, "and so have real numbers");
	cb_fp2_mul_xi(&xi, &xi);
	ok(!cb_fp2_sqrt(&xi, &t), "9 + i has none");
	ok(cb_fp2_sqrt(&cb_fp2_zero, &t) && cb_fp2_is_zero(&t), "zero has zero");
}

static void
test_fp12(void)
{
	int			laws = 0;
	int			inverses = 0;
	int			squares = 0;
	int			lines = 0;
	int			frobenius = 0;
	int			cyclotomic = 0;

	for (int i = 0; i < 20; i++)
	{
		CbFp12		a = random_fp12();
		CbFp12		b = random_fp12();
		CbFp12		c = random_fp12();
		CbFp12		line = {0};
		CbFp12		s;
		CbFp12		t;

		cb_fp12_mul(&a, &b, &s);
		cb_fp12_mul(&s, &c, &s);
		cb_fp12_mul(&b, &c, &t);
		cb_fp12_mul(&t, &a, &t);
		laws += cb_fp12_equal(&s, &t);

		cb_fp12_inv(&a, &t);
		cb_fp12_mul(&t, &a, &t);
		inverses += cb_fp12_is_one(&t);

		cb_fp12_mul(&a, &a, &s);
		cb_fp12_sqr(&a, &t);
		squares += cb_fp12_equal(&s, &t);

		line.c[0].c[0] = random_fp2();
		line.c[1].c[0] = random_fp2();
		line.c[1].c[1] = random_fp2();
		cb_fp12_mul(&a, &line, &s);
		cb_fp12_mul_line(&a, &line.c[0].c[0], &line.c[1].c[0], &line.c[1].c[1], &t);
		lines += cb_fp12_equal(&s, &t);

		/* A power respects products, and twelve times p is no power at all. */
		cb_fp12_mul(&a, &b, &s);
		cb_fp12_frobenius(&s, &s);
		cb_fp12_frobenius(&a, &t);
		cb_fp12_frobenius(&b, &c);
		cb_fp12_mul(&t, &c, &t);
		frobenius += cb_fp12_equal(&s, &t);
		t = a;
		for (int j = 0; j < 6; j++)
			cb_fp12_frobenius(&t, &t);
		cb_fp12_conj(&a, &s);
		frobenius += cb_fp12_equal(&s, &t);
		for (int j = 0; j < 6; j++)
			cb_fp12_frobenius(&t, &t);
		frobenius += cb_fp12_equal(&a, &t);

		cb_final_power(&a);
		cb_fp12_sqr(&a, &s);
		cb_fp12_cyclotomic_sqr(&a, &t);
		cyclotomic += cb_fp12_equal(&s, &t);
		cb_fp12_conj(&a, &s);
		cb_fp12_mul(&a, &s, &t);
		cyclotomic += cb_fp12_is_one(&t);
	}
	is_int(laws, 20, "products of Fp12 commute and associate");
	is_int(inverses, 20, "an inverse times its element is 1");
	is_int(squares, 20, "squares are products");
	is_int(lines, 20, "products with a line are products");
	is_int(frobenius, 60, "the p-th power is an automorphism of order 12, and its sixth is the conjugate");
	is_int(cyclotomic, 40, "in the cyclotomic subgroup squares are squares and conjugates inverses");
}

int
main(void)
{
	test_field();
	test_field_edges();
	test_nine_times_plus();
	test_fp2_roots();
	test_fp12();
	return done();
}
