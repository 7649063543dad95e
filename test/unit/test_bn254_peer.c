/*-------------------------------------------------------------------------
 *
 * test_bn254_peer.c
 *	  BN254 against an independent implementation, on random cases: the npm
 *	  package @noble/curves, which NOBLE_CURVES names the folder of.
 *
 * bn254_peer.js writes the cases.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_pairing.h"
#include "tap.h"

#include <stdlib.h>

#define MAX_PAIRS 8

/* One after the other, a line's arguments. */
typedef struct Arguments
{
	char	   *rest;
	bool		well_formed;
} Arguments;

static void
next_bytes(Arguments *arguments, uint8_t *bytes, size_t len)
{
	const char *word = strtok_r(NULL, " \n", &arguments->rest);
	size_t		written;

	memset(bytes, 0, len);
	if (word == NULL || cb_hex_decode(word, strlen(word), bytes, len, &written) != CB_OK || written != len)
		arguments->well_formed = false;
}

static CbG1
next_g1(Arguments *arguments)
{
	uint8_t		bytes[CB_G1_BYTES];
	CbG1		p = {0};

	next_bytes(arguments, bytes, sizeof(bytes));
	if (cb_g1_decode(bytes, &p) != CB_OK)
		arguments->well_formed = false;
	return p;
}

static CbG2
next_g2(Arguments *arguments)
{
	uint8_t		bytes[CB_G2_BYTES];
	CbG2		q = {0};

	next_bytes(arguments, bytes, sizeof(bytes));
	if (cb_g2_decode(bytes, &q) != CB_OK)
		arguments->well_formed = false;
	return q;
}

static CbScalar
next_scalar(Arguments *arguments)
{
	uint8_t		bytes[CB_FP_BYTES];
	CbScalar	k;

	next_bytes(arguments, bytes, sizeof(bytes));
	cb_scalar_from_bytes(bytes, &k);
	return k;
}

static bool
is_sum(Arguments *arguments)
{
	CbG1		p = next_g1(arguments);
	CbG1		q = next_g1(arguments);
	CbG1		wanted = next_g1(arguments);

	cb_g1_add(&p, &q, &p);
	return memcmp(&p, &wanted, sizeof(p)) == 0;
}

static bool
is_product(Arguments *arguments)
{
	CbG1		p = next_g1(arguments);
	CbScalar	k = next_scalar(arguments);
	CbG1		wanted = next_g1(arguments);

	cb_g1_mul(&p, &k, &p);
	return memcmp(&p, &wanted, sizeof(p)) == 0;
}

static bool
is_pairing(Arguments *arguments)
{
	CbG1		p = next_g1(arguments);
	CbG2		q = next_g2(arguments);
	CbG2Lines	lines;
	CbPair		pair = {p, &lines};
	CbFp12		f;
	uint8_t		wanted[12 * CB_FP_BYTES];
	uint8_t		got[12 * CB_FP_BYTES];

	next_bytes(arguments, wanted, sizeof(wanted));
	if (cb_g2_prepare(&q, &lines) != CB_OK)
		return false;
	cb_miller_loop(&pair, 1, &f);
	cb_final_power(&f);
	for (int i = 0; i < 6; i++)
	{
		cb_fp_to_bytes(&f.c[i / 3].c[i % 3].re, got + 2 * i * CB_FP_BYTES);
		cb_fp_to_bytes(&f.c[i / 3].c[i % 3].im, got + (2 * i + 1) * CB_FP_BYTES);
	}
	return memcmp(got, wanted, sizeof(got)) == 0;
}

static bool
are_pairs(Arguments *arguments)
{
	size_t		n = next_scalar(arguments).limb[0];
	CbG1		p[MAX_PAIRS];
	CbG2		q[MAX_PAIRS];
	bool		wanted;
	bool		is_one = false;

	if (n > MAX_PAIRS)
		return false;
	for (size_t i = 0; i < n; i++)
	{
		p[i] = next_g1(arguments);
		q[i] = next_g2(arguments);
	}
	wanted = next_scalar(arguments).limb[0] == 1;
	return cb_bn254_pairing_product_is_one(p, q, n, &is_one) == CB_OK && is_one == wanted;
}

/* The script is beside this file, which is not where all run it. */
static FILE *
open_peer(void)
{
	static const char *const scripts[] = {"bn254_peer.js", "test/unit/bn254_peer.js"};
	char		command[512];

	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
	{
		FILE	   *script = fopen(scripts[i], "r");

		if (script == NULL)
			continue;
		fclose(script);
		snprintf(command, sizeof(command), "NODE_PATH=\"$NOBLE_CURVES\" node %s", scripts[i]);
		return popen(command, "r");
	}
	return NULL;
}

static void
test_case(char *line)
{
	static const struct
	{
		const char *name;
		bool		(*holds) (Arguments *arguments);
	}			kinds[] = {
		{"sum", is_sum}, {"product", is_product}, {"pairing", is_pairing}, {"pairs", are_pairs}
	};
	char		copy[8192];
	Arguments	arguments = {NULL, true};
	const char *name;

	snprintf(copy, sizeof(copy), "%s", line);
	name = strtok_r(line, " \n", &arguments.rest);
	for (size_t i = 0; name != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
	{
		if (strcmp(name, kinds[i].name) != 0)
			continue;
		if (!ok(kinds[i].holds(&arguments) && arguments.well_formed, "the same %s", name))
			printf("# %s", copy);
		return;
	}
	ok(false, "a case of a known kind");
}

int
main(void)
{
	FILE	   *peer;
	char		line[8192];
	int			cases = 0;

	if (getenv("NOBLE_CURVES") == NULL)
	{
		skip("the npm package @noble/curves is not here");
		return done();
	}
	peer = open_peer();
	if (!ok(peer != NULL, "bn254_peer.js starts"))
		return done();
	for (; fgets(line, sizeof(line), peer) != NULL; cases++)
		test_case(line);
	ok(pclose(peer) == 0 && cases == 55, "and writes all cases");
	return done();
}
