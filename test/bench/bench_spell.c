/*-------------------------------------------------------------------------
 *
 * bench_spell.c
 *	  How long a spell takes: bench_spell FILE [REPEAT]
 *	  Its proof, for snarkjs: bench_spell FILE statement
 *
 * The file has a transaction in hex.  Reading its spell is measured a thousand
 * times at once, and verifying with the key at hand, as a session has it from
 * its second spell on.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_spell_verify.h"

#include "measure.h"

#include <string.h>

#define MAX_TX 100000

typedef struct Bench
{
	uint8_t		data[MAX_TX];
	uint8_t		payload[MAX_TX];
	CbTx		tx;
	CbSpell		spell;
	CbSpellVerifier verifier;
} Bench;

static void fail(const char *what);
static void load(Bench *bench, const char *path);
static void read_spell(Bench *bench);
static void read_spells(void *arg);
static void verify_spell(void *arg);
static void print_number(const uint8_t bytes[CB_FP_BYTES]);
static void print_fp(const CbFp *a);
static void print_g1(const CbG1 *p);
static void print_g2(const CbG2 *p);
static void print_key_g1(CbReader *r, const char *name);
static void print_key_g2(CbReader *r, const char *name);
static void print_key(CbSpan bytes);
static void print_inputs(const Bench *bench, const CbProofVersion *version, CbReader *proof);
static void print_proof(const uint8_t *points);
static void print_statement(const Bench *bench);

int
main(int argc, char **argv)
{
	static Bench bench;
	bool		statement = argc > 2 && strcmp(argv[2], "statement") == 0;
	int			repeat = argc > 2 ? atoi(argv[2]) : 50;

	if (argc < 2 || (repeat < 1 && !statement))
		fail("usage: bench_spell FILE [REPEAT | statement]");
	load(&bench, argv[1]);
	if (statement)
	{
		print_statement(&bench);
		return 0;
	}
	measure("read 1000", read_spells, &bench, repeat);
	measure("verify", verify_spell, &bench, repeat);
	return 0;
}

static void
fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(2);
}

static void
load(Bench *bench, const char *path)
{
	static char hex[2 * MAX_TX];
	FILE	   *file = fopen(path, "r");
	size_t		len;

	if (file == NULL)
		fail("there is no such file");
	len = fread(hex, 1, sizeof(hex), file);
	fclose(file);
	if (cb_hex_decode(hex, len, bench->data, MAX_TX, &len) != CB_OK ||
		cb_tx_parse(bench->data, len, &bench->tx) != CB_OK)
		fail("no transaction");
	verify_spell(bench);
}

static void
read_spell(Bench *bench)
{
	CbWriter	joined = cb_writer(bench->payload, MAX_TX);

	if (cb_spell_read(&bench->tx, &joined, &bench->spell) != CB_SPELL_READ)
		fail("no spell");
}

static void
read_spells(void *arg)
{
	for (int i = 0; i < 1000; i++)
		read_spell(arg);
}

static void
verify_spell(void *arg)
{
	Bench	   *bench = arg;
	const char *reason;

	read_spell(bench);
	if (cb_spell_verify(&bench->verifier, &bench->tx, &bench->spell, &reason) != CB_VERDICT_VALID)
		fail(reason);
}

/* JSON's numbers are too small for these: "0x..." */
static void
print_number(const uint8_t bytes[CB_FP_BYTES])
{
	char		hex[2 * CB_FP_BYTES + 1] = "";

	cb_hex_encode(bytes, CB_FP_BYTES, hex);
	printf("\"0x%s\"", hex);
}

static void
print_fp(const CbFp *a)
{
	uint8_t		bytes[CB_FP_BYTES];

	cb_fp_to_bytes(a, bytes);
	print_number(bytes);
}

static void
print_g1(const CbG1 *p)
{
	printf("[");
	print_fp(&p->x);
	printf(",");
	print_fp(&p->y);
	printf(",\"1\"]");
}

static void
print_g2(const CbG2 *p)
{
	printf("[[");
	print_fp(&p->x.re);
	printf(",");
	print_fp(&p->x.im);
	printf("],[");
	print_fp(&p->y.re);
	printf(",");
	print_fp(&p->y.im);
	printf("],[\"1\",\"0\"]]");
}

/* Keys that are pinned decompress. */
static void
print_key_g1(CbReader *r, const char *name)
{
	uint8_t		bytes[CB_G1_COMPRESSED_BYTES];
	CbG1		p;

	cb_read_copy(r, bytes, sizeof(bytes));
	if (cb_g1_decompress(bytes, &p) != CB_OK)
		fail("no point of G1");
	printf("%s", name);
	print_g1(&p);
}

static void
print_key_g2(CbReader *r, const char *name)
{
	uint8_t		bytes[CB_G2_COMPRESSED_BYTES];
	CbG2		p;

	cb_read_copy(r, bytes, sizeof(bytes));
	if (cb_g2_decompress(bytes, &p) != CB_OK)
		fail("no point of G2");
	printf("%s", name);
	print_g2(&p);
}

/* As cb_groth16_key_read() takes it; one digit is enough to count the bases. */
static void
print_key(CbSpan bytes)
{
	CbReader	r = cb_reader(bytes.data, bytes.len);
	uint8_t		count[4];

	printf("\"key\":{\"protocol\":\"groth16\",\"curve\":\"bn128\"");
	print_key_g1(&r, ",\"vk_alpha_1\":");
	cb_read_bytes(&r, CB_G1_COMPRESSED_BYTES);
	print_key_g2(&r, ",\"vk_beta_2\":");
	print_key_g2(&r, ",\"vk_gamma_2\":");
	cb_read_bytes(&r, CB_G1_COMPRESSED_BYTES);
	print_key_g2(&r, ",\"vk_delta_2\":");
	cb_read_copy(&r, count, sizeof(count));
	printf(",\"nPublic\":%d,\"IC\":[", count[3] - 1);
	for (uint8_t i = 0; i < count[3]; i++)
		print_key_g1(&r, i == 0 ? "" : ",");
	printf("]}");
}

static void
print_inputs(const Bench *bench, const CbProofVersion *version, CbReader *proof)
{
	uint8_t		hash[32];

	cb_spell_public_hash(&bench->tx, &bench->spell, version->spell_key, hash);
	hash[0] &= 0x1f;
	printf("\"inputs\":[");
	print_number(version->spell_key);
	printf(",");
	print_number(hash);
	while (cb_reader_left(proof) > CB_GROTH16_PROOF_BYTES)
	{
		printf(",");
		print_number(cb_read_bytes(proof, CB_FP_BYTES).data);
	}
	printf("]");
}

static void
print_proof(const uint8_t *points)
{
	CbG1		a;
	CbG2		b;
	CbG1		c;

	if (cb_g1_decode(points, &a) != CB_OK || cb_g2_decode(points + CB_G1_BYTES, &b) != CB_OK ||
		cb_g1_decode(points + CB_G1_BYTES + CB_G2_BYTES, &c) != CB_OK)
		fail("no points");
	printf("\"proof\":{\"protocol\":\"groth16\",\"curve\":\"bn128\",\"pi_a\":");
	print_g1(&a);
	printf(",\"pi_b\":");
	print_g2(&b);
	printf(",\"pi_c\":");
	print_g1(&c);
	printf("}");
}

/* What follows the key's four bytes is inputs and the three points. */
static void
print_statement(const Bench *bench)
{
	const CbProofVersion *version = cb_proof_version(bench->spell.version);
	CbReader	proof = cb_reader(bench->spell.proof + 4, bench->spell.proof_len - 4);

	printf("{");
	print_key(cb_proof_keys[version->proof_key].bytes);
	printf(",");
	print_inputs(bench, version, &proof);
	printf(",");
	print_proof(proof.pos);
	printf("}\n");
}
