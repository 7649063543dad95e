/*-------------------------------------------------------------------------
 *
 * test_groth16.c
 *	  Groth16 keys and proofs: those of real spells, and what is refused.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "bn254_samples.h"
#include "cb_hash.h"
#include "cb_proof.h"
#include "groth16_cases.h"
#include "tap.h"
#include "vectors.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define LONGEST_PROOF (4 + 3 * 32 + CB_GROTH16_PROOF_BYTES)
#define KEY_BASES_OFFSET 288

static CbGroth16Key keys[CB_PROOF_KEYS];

static void
test_production_keys(void)
{
	for (size_t i = 0; i < CB_PROOF_KEYS; i++)
	{
		uint8_t		hash[32];

		is_int(cb_groth16_key_read(cb_proof_keys[i].bytes, &keys[i]), CB_OK, "key %zu is one", i);
		is_int((int64_t) keys[i].n_inputs, cb_proof_keys[i].has_root ? 5 : 2, "for so many inputs");
		cb_sha256(cb_proof_keys[i].bytes.data, cb_proof_keys[i].bytes.len, hash);
		ok(memcmp(hash, cb_proof_keys[i].id, sizeof(cb_proof_keys[i].id)) == 0, "and has the hash that proofs name");
	}
}

/* Our copies are the protocol's own files. */
static void
test_key_files(void)
{
	static const char *const files[CB_PROOF_KEYS] = {
		"charms/vk_v1_groth16_vk.bin", "charms/vk_v4_groth16_vk.bin",
		"charms/vk_v12_groth16_vk.bin", "charms/vk_v14_groth16_vk.bin"
	};

	for (size_t i = 0; i < CB_PROOF_KEYS; i++)
	{
		size_t		len;
		uint8_t    *bytes = load_vector_bytes(files[i], &len);

		if (bytes == NULL)
			continue;
		ok(len == cb_proof_keys[i].bytes.len && memcmp(bytes, cb_proof_keys[i].bytes.data, len) == 0, "key %zu is %s", i, files[i]);
		free(bytes);
	}
}

static void
test_versions(void)
{
	static const uint8_t key_of_version[] = {0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 3};

	ok(cb_proof_version(0) == NULL, "version 0 has no keys here");
	ok(cb_proof_version(16) == NULL, "nor has one to come");
	ok(cb_proof_version(UINT32_MAX) == NULL, "nor the largest");
	for (uint32_t version = 1; version <= 15; version++)
	{
		const CbProofVersion *found = cb_proof_version(version);

		ok(found != NULL && found->proof_key == key_of_version[version - 1] && found->spell_key[0] == 0,
		   "version %u has its key", version);
		for (uint32_t other = 1; other < version; other++)
		{
			if (memcmp(found->spell_key, cb_proof_version(other)->spell_key, 32) == 0)
				ok(false, "versions %u and %u have different programs", other, version);
		}
	}
}

/* A proof and a hash, with room for the longest. */
typedef struct Sample
{
	const CbProofVersion *version;
	uint8_t		proof[LONGEST_PROOF + 1];
	size_t		proof_len;
	uint8_t		hash[32];
} Sample;

static void
load_sample(const SpellProof *from, Sample *sample)
{
	size_t		len;

	sample->version = cb_proof_version(from->version);
	if (sample->version == NULL ||
		cb_hex_decode(from->proof, strlen(from->proof), sample->proof, LONGEST_PROOF, &sample->proof_len) != CB_OK ||
		cb_hex_decode(from->public_hash, strlen(from->public_hash), sample->hash, 32, &len) != CB_OK)
		abort();
}

static CbResult
verify_sample(const Sample *sample)
{
	CbSpan		proof = {sample->proof, sample->proof_len};

	return cb_proof_verify(sample->version, &keys[sample->version->proof_key], proof, sample->hash);
}

static void
test_real_proofs(void)
{
	for (size_t i = 0; i < LENGTH(spell_proofs); i++)
	{
		Sample		sample;
		unsigned	version = spell_proofs[i].version;

		load_sample(&spell_proofs[i], &sample);
		is_int(verify_sample(&sample), CB_OK, "the proof of %.8s, version %u", spell_proofs[i].txid, version);
		sample.hash[0] ^= 0xe0;
		is_int(verify_sample(&sample), CB_OK, "three bits of the hash are not proved");
		sample.hash[0] ^= 0xf0;
		is_int(verify_sample(&sample), CB_ERR_PROOF, "but the fourth is");
		sample.hash[0] ^= 0x10;
		sample.hash[31] ^= 1;
		is_int(verify_sample(&sample), CB_ERR_PROOF, "and the last");
		sample.hash[31] ^= 1;
		sample.version = cb_proof_version(version == 2 ? 3 : version == 12 ? 13 : version + (version < 11 ? 1 : -1));
		is_int(verify_sample(&sample), CB_ERR_PROOF, "and the program");
		sample.version = cb_proof_version(version < 4 ? 4 : 1);
		is_int(verify_sample(&sample), version < 12 ? CB_ERR_PROOF_KEY : CB_ERR_LENGTH, "another key's proofs are told apart");
	}
}

/*
 * Every byte of a proof matters: with any bit of it flipped it is refused.
 */
static void
test_flipped_bits(const SpellProof *from)
{
	Sample		sample;
	int			taken = 0;

	load_sample(from, &sample);
	for (size_t i = 0; i < sample.proof_len; i++)
	{
		sample.proof[i] ^= (uint8_t) (1 << (i % 8));
		taken += verify_sample(&sample) == CB_OK;
		sample.proof[i] ^= (uint8_t) (1 << (i % 8));
	}
	is_int(taken, 0, "version %u: no bit of a proof can be flipped", from->version);
	is_int(verify_sample(&sample), CB_OK, "and as it was it holds");
}

static void
test_refused_proofs(void)
{
	const SpellProof *longest = &spell_proofs[LENGTH(spell_proofs) - 1];
	Sample		sample;
	uint8_t    *points;
	CbG2		b;
	CbG2		stranger;

	load_sample(longest, &sample);
	points = sample.proof + sample.proof_len - CB_GROTH16_PROOF_BYTES;
	sample.proof_len--;
	is_int(verify_sample(&sample), CB_ERR_LENGTH, "a proof cut short");
	sample.proof_len += 2;
	is_int(verify_sample(&sample), CB_ERR_LENGTH, "a proof with more after it");
	sample.proof_len = 0;
	is_int(verify_sample(&sample), CB_ERR_LENGTH, "no proof");

	load_sample(longest, &sample);
	sample.proof[4 + 31] = 1;
	is_int(verify_sample(&sample), CB_ERR_PROOF, "the program failed");
	load_sample(longest, &sample);
	sample.proof[4 + 32 + 31] ^= 1;
	is_int(verify_sample(&sample), CB_ERR_PROOF_KEY, "another root");
	load_sample(longest, &sample);
	memset(sample.proof + 4 + 64, 0xff, 32);
	is_int(verify_sample(&sample), CB_ERR_SCALAR, "a nonce that is not reduced");

	load_sample(longest, &sample);
	memset(points, 0, CB_G1_BYTES);
	is_int(verify_sample(&sample), CB_ERR_POINT_INFINITY, "A at infinity");
	load_sample(longest, &sample);
	memset(points + CB_G1_BYTES, 0, CB_G2_BYTES);
	is_int(verify_sample(&sample), CB_ERR_POINT_INFINITY, "B at infinity");
	load_sample(longest, &sample);
	memset(points + CB_G1_BYTES + CB_G2_BYTES, 0, CB_G1_BYTES);
	is_int(verify_sample(&sample), CB_ERR_POINT_INFINITY, "C at infinity");
	load_sample(longest, &sample);
	memset(points, 0xff, 32);
	is_int(verify_sample(&sample), CB_ERR_POINT_RANGE, "A not reduced");
	load_sample(longest, &sample);
	points[63] ^= 1;
	is_int(verify_sample(&sample), CB_ERR_POINT_CURVE, "A off the curve");

	/* On the twist, but with a part that a pairing would not notice. */
	load_sample(longest, &sample);
	stranger = random_twist_point();
	if (cb_g2_decode(points + CB_G1_BYTES, &b) != CB_OK)
		abort();
	b = twist_add(&b, &stranger);
	cb_fp_to_bytes(&b.x.im, points + CB_G1_BYTES);
	cb_fp_to_bytes(&b.x.re, points + CB_G1_BYTES + 32);
	cb_fp_to_bytes(&b.y.im, points + CB_G1_BYTES + 64);
	cb_fp_to_bytes(&b.y.re, points + CB_G1_BYTES + 96);
	is_int(verify_sample(&sample), CB_ERR_POINT_SUBGROUP, "B outside the subgroup");
}

/* -A and -B: the one proof that anybody can make from another. */
static void
test_malleability(void)
{
	Sample		sample;
	CbFp		y;

	load_sample(&spell_proofs[0], &sample);
	for (int i = 0; i < 3; i++)
	{
		static const size_t y_offsets[] = {4 + 32, 4 + 64 + 64, 4 + 64 + 96};

		if (!cb_fp_from_bytes(sample.proof + y_offsets[i], &y))
			abort();
		cb_fp_neg(&y, &y);
		cb_fp_to_bytes(&y, sample.proof + y_offsets[i]);
		is_int(verify_sample(&sample), i == 0 ? CB_ERR_PROOF : i == 1 ? CB_ERR_POINT_CURVE : CB_OK, "the signs of A and B, %d", i);
	}
}

static CbG1
g1_times(unsigned factor)
{
	CbG1		p = g1_generator();
	CbScalar	k = {{factor, 0, 0, 0}};

	cb_g1_mul(&p, &k, &p);
	return p;
}

/*
 * A key whose secrets are known, all 1: whoever knows them proves anything.
 * Of the inputs it weighs the exit code alone, three times.
 */
static void
make_open_key(CbGroth16Key *key)
{
	CbG2		generator = g2_generator();
	CbPair		pair = {g1_generator(), &key->gamma};

	if (cb_g2_prepare(&generator, &key->gamma) != CB_OK || cb_g2_prepare(&generator, &key->delta) != CB_OK)
		abort();
	cb_miller_loop(&pair, 1, &key->alpha_beta);
	cb_final_power(&key->alpha_beta);
	key->n_inputs = 5;
	for (int i = 0; i <= 5; i++)
		key->base[i] = g1_times(i == 0 ? 10 : i == 3 ? 3 : 0);
}

/* A = 7, B = 1, so that C = 7 - 1 - (10 + 3 exit_code), in the exponents. */
static void
test_failed_program(void)
{
	static CbGroth16Key key;
	Sample		sample;
	uint8_t    *points;
	CbG1		c;

	make_open_key(&key);
	load_sample(&spell_proofs[LENGTH(spell_proofs) - 1], &sample);
	points = sample.proof + sample.proof_len - CB_GROTH16_PROOF_BYTES;
	for (unsigned exit_code = 0; exit_code < 2; exit_code++)
	{
		CbG1		a = g1_times(7);
		CbGroth16Input inputs[5] = {0};
		CbSpan		proof = {sample.proof, sample.proof_len};

		c = g1_times(4 + 3 * exit_code);
		cb_g1_neg(&c, &c);
		cb_g1_encode(&a, points);
		memcpy(points + CB_G1_BYTES, g2_generator_bytes, CB_G2_BYTES);
		cb_g1_encode(&c, points + CB_G1_BYTES + CB_G2_BYTES);
		inputs[2].bytes[31] = sample.proof[4 + 31] = (uint8_t) exit_code;
		is_int(cb_groth16_verify(&key, inputs, 5, points), CB_OK, "a proof that a program ended with %u", exit_code);
		is_int(cb_proof_verify(sample.version, &key, proof, sample.hash), exit_code == 0 ? CB_OK : CB_ERR_PROOF,
			   "is one of a spell, or not");
		is_int(cb_groth16_verify(&key, inputs, 4, points), CB_ERR_COUNT, "with an input less it is none");
	}
}

static CbResult
read_key(const uint8_t *bytes, size_t len)
{
	static CbGroth16Key key;
	uint8_t    *copy = malloc(len > 0 ? len : 1);
	CbSpan		span = {copy, len};
	CbResult	result;

	memcpy(copy, bytes, len);
	result = cb_groth16_key_read(span, &key);
	free(copy);
	return result;
}

static void
test_refused_keys(void)
{
	CbSpan		whole = cb_proof_keys[0].bytes;
	uint8_t		bytes[512] = {0};
	int			taken = 0;

	for (size_t len = 0; len < whole.len; len++)
		taken += read_key(whole.data, len) == CB_OK;
	is_int(taken, 0, "no part of a key is one");
	memcpy(bytes, whole.data, whole.len);
	is_int(read_key(bytes, whole.len + 1), CB_ERR_TRAILING, "nor is a longer one");
	bytes[whole.len - 1] = 1;
	is_int(read_key(bytes, whole.len), CB_ERR_UNSUPPORTED, "nor one with commitment keys");
	bytes[whole.len - 1] = 0;
	bytes[whole.len - 5] = 1;
	is_int(read_key(bytes, whole.len), CB_ERR_UNSUPPORTED, "nor one with committed inputs");
	bytes[whole.len - 5] = 0;
	is_int(read_key(bytes, whole.len), CB_OK, "as it was it is one");
	bytes[KEY_BASES_OFFSET + 3] = 0;
	is_int(read_key(bytes, whole.len), CB_ERR_COUNT, "without bases it is none");
	bytes[KEY_BASES_OFFSET] = 0xff;
	is_int(read_key(bytes, whole.len), CB_ERR_COUNT, "nor with more than any circuit has");

	memcpy(bytes, whole.data, whole.len);
	bytes[0] &= 0x3f;
	is_int(read_key(bytes, whole.len), CB_ERR_POINT_ENCODING, "nor with points that are not compressed");
	memset(bytes, 0, 32);
	bytes[0] = 0x40;
	is_int(read_key(bytes, whole.len), CB_ERR_POINT_INFINITY, "nor with alpha at infinity");
	for (int i = 0; i < 3; i++)
	{
		static const size_t offsets[] = {64, 128, 224};

		memcpy(bytes, whole.data, whole.len);
		memset(bytes + offsets[i], 0, 64);
		bytes[offsets[i]] = 0x40;
		is_int(read_key(bytes, whole.len), CB_ERR_POINT_INFINITY, "nor with infinity at %zu", offsets[i]);
	}
}

int
main(void)
{
	test_production_keys();
	test_key_files();
	test_versions();
	test_real_proofs();
	test_flipped_bits(&spell_proofs[0]);
	test_flipped_bits(&spell_proofs[LENGTH(spell_proofs) - 1]);
	test_refused_proofs();
	test_malleability();
	test_failed_program();
	test_refused_keys();
	return done();
}
