/*-------------------------------------------------------------------------
 *
 * test_bn254.c
 *	  BN254's points and pairing: known values, the laws they obey, and what
 *	  is refused.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "bn254_cases.h"
#include "bn254_samples.h"
#include "tap.h"

#define ZERO_HEX "0000000000000000000000000000000000000000000000000000000000000000"
#define FLAGGED_ZERO_HEX "4000000000000000000000000000000000000000000000000000000000000000"
#define ONE_HEX "0000000000000000000000000000000000000000000000000000000000000001"
#define TWO_HEX "0000000000000000000000000000000000000000000000000000000000000002"
#define MODULUS_HEX "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47"
#define MODULUS_PLUS_ONE_HEX "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd48"
#define ORDER_HEX "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* A case's input, with zeros after it, in 192 * 4 bytes at most. */
static size_t
case_input(const KnownCase *known, uint8_t bytes[768])
{
	size_t		len;

	memset(bytes, 0, 768);
	if (cb_hex_decode(known->input, strlen(known->input), bytes, 768, &len) != CB_OK)
		abort();
	return len;
}

static void
is_point(const CbG1 *p, const char *hex, const char *what, const char *name)
{
	uint8_t		bytes[CB_G1_BYTES];
	char		text[2 * CB_G1_BYTES + 1] = {0};

	cb_g1_encode(p, bytes);
	cb_hex_encode(bytes, sizeof(bytes), text);
	is_str(text, hex, "%s %s", what, name);
}

static void
test_known_points(void)
{
	uint8_t		bytes[768];
	CbG1		p;
	CbG1		q;
	CbScalar	k;

	for (size_t i = 0; i < LENGTH(known_sums); i++)
	{
		case_input(&known_sums[i], bytes);
		if (!ok(cb_g1_decode(bytes, &p) == CB_OK && cb_g1_decode(bytes + 64, &q) == CB_OK,
				"the points of sum %s", known_sums[i].name))
			continue;
		cb_g1_add(&p, &q, &p);
		is_point(&p, known_sums[i].output, "sum", known_sums[i].name);
	}
	for (size_t i = 0; i < LENGTH(known_products); i++)
	{
		case_input(&known_products[i], bytes);
		if (!ok(cb_g1_decode(bytes, &p) == CB_OK, "the point of product %s", known_products[i].name))
			continue;
		cb_scalar_from_bytes(bytes + 64, &k);
		cb_g1_mul(&p, &k, &p);
		is_point(&p, known_products[i].output, "product", known_products[i].name);
	}
}

static void
test_known_pairings(void)
{
	for (size_t i = 0; i < LENGTH(known_pairings); i++)
	{
		uint8_t		bytes[768];
		size_t		n = case_input(&known_pairings[i], bytes) / 192;
		CbG1		p[4];
		CbG2		q[4];
		bool		is_one = false;

		for (size_t j = 0; j < n; j++)
		{
			is_int(cb_g1_decode(bytes + 192 * j, &p[j]), CB_OK, "%s: point %zu of G1", known_pairings[i].name, j);
			is_int(cb_g2_decode(bytes + 192 * j + 64, &q[j]), CB_OK, "%s: point %zu of G2", known_pairings[i].name, j);
		}
		is_int(cb_bn254_pairing_product_is_one(p, q, n, &is_one), CB_OK, "pairing %s", known_pairings[i].name);
		is_int(is_one, known_pairings[i].output[63] == '1', "and its result");
	}
}

/* More pairs than have their lines at once: e(P, Q) e(-P, Q), ten times. */
static void
test_many_pairs(void)
{
	CbG1		p[21];
	CbG2		q[21];
	bool		is_one = false;

	for (int i = 0; i < 21; i++)
	{
		p[i] = g1_generator();
		q[i] = g2_generator();
		if (i % 2 == 1)
			cb_g1_neg(&p[i], &p[i]);
	}
	ok(cb_bn254_pairing_product_is_one(p, q, 20, &is_one) == CB_OK && is_one, "twenty pairs that cancel");
	ok(cb_bn254_pairing_product_is_one(p, q, 21, &is_one) == CB_OK && !is_one, "and one that nothing cancels");
	p[20].infinity = true;
	ok(cb_bn254_pairing_product_is_one(p, q, 21, &is_one) == CB_OK && is_one, "but for infinity in G1");
	p[20].infinity = false;
	q[20].infinity = true;
	ok(cb_bn254_pairing_product_is_one(p, q, 21, &is_one) == CB_OK && is_one, "or in G2");
}

/* e(aP, bQ) e(-abP, Q) = 1, and with another factor it is not. */
static void
test_bilinear(void)
{
	CbG1		generator = g1_generator();

	for (int i = 0; i < 5; i++)
	{
		CbScalar	a = random_scalar();
		CbScalar	b = random_scalar();
		CbG1		p[2];
		CbG2		q[2];
		bool		is_one = false;

		q[1] = g2_generator();
		q[0] = twist_mul(&q[1], &b);
		cb_g1_mul(&generator, &a, &p[0]);
		cb_g1_mul(&p[0], &b, &p[1]);
		cb_g1_neg(&p[1], &p[1]);
		ok(cb_bn254_pairing_product_is_one(p, q, 2, &is_one) == CB_OK && is_one, "the pairing is bilinear (%d)", i);
		cb_g1_add(&p[1], &generator, &p[1]);
		ok(cb_bn254_pairing_product_is_one(p, q, 2, &is_one) == CB_OK && !is_one, "and tells another factor (%d)", i);
	}
}

static void
test_combine(void)
{
	CbG1		p[3];
	CbScalar	k[3];
	CbG1		sum = {0};
	CbG1		t;
	CbScalar	order = scalar_from_hex(ORDER_HEX);

	sum.infinity = true;
	for (int i = 0; i < 3; i++)
	{
		CbG1		generator = g1_generator();

		k[i] = random_scalar();
		cb_g1_mul(&generator, &k[i], &p[i]);
		k[i] = random_scalar();
		cb_g1_mul(&p[i], &k[i], &t);
		cb_g1_add(&sum, &t, &sum);
	}
	cb_g1_combine(p, k, 3, &t);
	ok(memcmp(&t, &sum, sizeof(CbG1)) == 0, "a combination is the sum of its products");
	p[2] = p[1];
	cb_g1_neg(&p[1], &p[1]);
	k[2] = k[1];
	cb_g1_combine(p + 1, k + 1, 2, &t);
	ok(t.infinity, "a point and its opposite cancel at every bit");
	cb_g1_combine(p, k, 0, &t);
	ok(t.infinity, "nothing sums to infinity");
	cb_g1_mul(&p[0], &order, &t);
	ok(t.infinity, "r times a point is infinity");
	ok(!cb_scalar_is_reduced(&order), "r is not reduced");
	order.limb[0]--;
	ok(cb_scalar_is_reduced(&order), "r - 1 is");
	cb_g1_mul(&p[0], &order, &t);
	cb_g1_add(&p[0], &t, &t);
	ok(t.infinity, "r - 1 times a point is its opposite");
}

/*
 * The twist has r * c points, c = 2p - r, and 10069 divides c.  Whether r
 * takes a point to infinity is what the fast check must agree with.
 */
static void
test_subgroup(void)
{
	CbScalar	order = scalar_from_hex(ORDER_HEX);
	CbScalar	cofactor = scalar_from_hex("30644e72e131a029b85045b68181585e06ceecda572a2489345f2299c0f9fa8d");
	CbScalar	all_but_10069 = scalar_from_hex("00013af7a58fce699e28bcf65b5681da207142f7671af4486c3cd334915f1659");
	CbG2Lines	lines;
	int			outside = 0;
	int			of_cofactor = 0;
	int			of_10069 = 0;
	int			inside = 0;

	for (int i = 0; i < 10; i++)
	{
		CbG2		q = random_twist_point();
		CbG2		t = twist_mul(&q, &order);

		outside += !t.infinity && cb_g2_prepare(&q, &lines) == CB_ERR_POINT_SUBGROUP;
		of_cofactor += cb_g2_prepare(&t, &lines) == CB_ERR_POINT_SUBGROUP;
		t = twist_mul(&t, &all_but_10069);
		of_10069 += t.infinity || cb_g2_prepare(&t, &lines) == CB_ERR_POINT_SUBGROUP;
		t = twist_mul(&q, &cofactor);
		inside += !t.infinity && cb_g2_prepare(&t, &lines) == CB_OK;
	}
	is_int(outside, 10, "random points of the twist are outside the subgroup, and refused");
	is_int(of_cofactor, 10, "so are those of the cofactor's order");
	is_int(of_10069, 10, "and those of order 10069");
	is_int(inside, 10, "freed of the cofactor they are inside, and taken");
}

/* A pairing refuses what is outside the subgroup, wherever it stands. */
static void
test_pairing_refuses(void)
{
	CbG1		p[6];
	CbG2		q[6];
	bool		is_one = true;

	for (int i = 0; i < 6; i++)
	{
		p[i] = g1_generator();
		q[i] = g2_generator();
	}
	q[5] = random_twist_point();
	is_int(cb_bn254_pairing_product_is_one(p, q, 6, &is_one), CB_ERR_POINT_SUBGROUP, "a pairing checks the subgroup");
}

static void
refuses_g1(const char *hex, CbResult wanted, const char *why)
{
	uint8_t		bytes[CB_G1_BYTES];
	size_t		len;
	CbG1		p;

	if (cb_hex_decode(hex, strlen(hex), bytes, sizeof(bytes), &len) != CB_OK || len != sizeof(bytes))
		abort();
	is_int(cb_g1_decode(bytes, &p), wanted, "G1: %s", why);
}

static void
test_refused_points(void)
{
	uint8_t		bytes[CB_G2_BYTES] = {0};
	CbG2		q = g2_generator();

	refuses_g1(ZERO_HEX ZERO_HEX, CB_OK, "(0, 0) is infinity");
	refuses_g1(ONE_HEX ONE_HEX, CB_ERR_POINT_CURVE, "(1, 1) is not on the curve");
	refuses_g1(ZERO_HEX ONE_HEX, CB_ERR_POINT_CURVE, "(0, 1) is not either");
	refuses_g1(ONE_HEX ZERO_HEX, CB_ERR_POINT_CURVE, "nor (1, 0)");
	refuses_g1(MODULUS_HEX ZERO_HEX, CB_ERR_POINT_RANGE, "x = p is not reduced");
	refuses_g1(ZERO_HEX MODULUS_HEX, CB_ERR_POINT_RANGE, "nor y = p");
	refuses_g1(MODULUS_PLUS_ONE_HEX TWO_HEX, CB_ERR_POINT_RANGE, "nor the generator with x + p");
	refuses_g1(FLAGGED_ZERO_HEX ZERO_HEX, CB_ERR_POINT_RANGE, "a compressed point's flag is not a coordinate");

	is_int(cb_g2_decode(bytes, &q), CB_OK, "G2: zeros are infinity");
	ok(q.infinity, "and it is known as such");
	bytes[CB_G2_BYTES - 1] = 1;
	is_int(cb_g2_decode(bytes, &q), CB_ERR_POINT_CURVE, "G2: (0, 1) is not on the twist");
	for (size_t i = 0; i < CB_G2_BYTES; i += CB_FP_BYTES)
	{
		memset(bytes, 0, sizeof(bytes));
		memset(bytes + i, 0xff, CB_FP_BYTES);
		is_int(cb_g2_decode(bytes, &q), CB_ERR_POINT_RANGE, "G2: coordinate at %zu not reduced", i);
	}
}

/* gnark's generators, as its own documentation and every key show them. */
static void
test_compressed(void)
{
	CbG1		generator = g1_generator();
	CbG2		twist_generator = g2_generator();
	uint8_t		bytes[CB_G2_COMPRESSED_BYTES] = {0};
	size_t		len;
	CbG1		p;
	CbG2		q;

	bytes[0] = 0x80;
	bytes[31] = 1;
	ok(cb_g1_decompress(bytes, &p) == CB_OK && memcmp(&p, &generator, sizeof(p)) == 0, "the generator of G1 has the smaller y");
	bytes[0] = 0xc0;
	cb_g1_neg(&generator, &generator);
	ok(cb_g1_decompress(bytes, &p) == CB_OK && memcmp(&p, &generator, sizeof(p)) == 0, "its opposite the larger");
	bytes[0] = 0x00;
	is_int(cb_g1_decompress(bytes, &p), CB_ERR_POINT_ENCODING, "without a flag it is no compressed point");
	bytes[0] = 0x40;
	is_int(cb_g1_decompress(bytes, &p), CB_ERR_POINT_ENCODING, "infinity has no coordinate");
	bytes[31] = 0;
	ok(cb_g1_decompress(bytes, &p) == CB_OK && p.infinity, "and is known as such");
	ok(cb_g2_decompress(bytes, &q) == CB_OK && q.infinity, "on the twist, too");
	bytes[0] = 0x80;
	bytes[31] = 4;
	is_int(cb_g1_decompress(bytes, &p), CB_ERR_POINT_CURVE, "x = 4 is on no point");
	memset(bytes, 0xff, sizeof(bytes));
	is_int(cb_g1_decompress(bytes, &p), CB_ERR_POINT_RANGE, "x is reduced");
	is_int(cb_g2_decompress(bytes, &q), CB_ERR_POINT_RANGE, "on the twist, too");

	cb_hex_decode("998e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
				  "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed",
				  2 * sizeof(bytes), bytes, sizeof(bytes), &len);
	ok(cb_g2_decompress(bytes, &q) == CB_OK && memcmp(&q, &twist_generator, sizeof(q)) == 0, "the generator of G2 is the low one");
	bytes[0] ^= 0x40;
	cb_fp2_neg(&twist_generator.y, &twist_generator.y);
	ok(cb_g2_decompress(bytes, &q) == CB_OK && memcmp(&q, &twist_generator, sizeof(q)) == 0, "its opposite the high one");
}

int
main(void)
{
	test_known_points();
	test_known_pairings();
	test_many_pairs();
	test_bilinear();
	test_combine();
	test_subgroup();
	test_pairing_refuses();
	test_refused_points();
	test_compressed();
	return done();
}
