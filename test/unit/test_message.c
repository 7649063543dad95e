/*-------------------------------------------------------------------------
 *
 * test_message.c
 *	  Signed messages: BIP-322 simple and legacy signatures.
 *
 * Vectors: BIP-322's file; Bitcoin Core's and bip322-js's for taproot with
 * SIGHASH_ALL and for p2sh-p2wpkh; btclib's for legacy signatures, which were
 * made by Bitcoin Core and Electrum.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_base64.h"
#include "cb_message_internal.h"
#include "tap.h"
#include "vectors.h"

#include <openssl/evp.h>
#include <string.h>

#define MAX_RAW 128

#define LENGTH_OF(array) (sizeof(array) / sizeof((array)[0]))

typedef struct Signed
{
	const char *address;
	const char *message;
	const char *signature;
} Signed;

static void test_bip322_hashes(void);
static void test_bip322_vectors(void);
static void test_bip322_errors(void);
static void test_signed(void);
static void check_negatives(const Signed *vector);
static int	count_valid_flips(const Signed *vector, const char *prefix);
static void test_legacy_mismatches(void);
static void test_witness_shapes(void);
static void test_sighash_byte(void);
static void test_refusals(void);
static void test_base64(void);
static CbResult verify(const char *address, const char *message, const char *signature, bool *valid);
static bool is_valid(const char *address, const char *message, const char *signature);
static const char *field(const json_t *vector, const char *name);
static void encode_base64(const uint8_t *data, size_t len, char *out);

static const Signed signed_messages[] = {
	/* taproot with SIGHASH_ALL */
	{"bc1ppv609nr0vr25u07u95waq5lucwfm6tde4nydujnu8npg4q75mr5sxq8lt3", "Hello World",
	"AUHd69PrJQEv+oKTfZ8l+WROBHuy9HKrbFCJu7U1iK2iiEy1vMU5EfMtjc+VSHM7aU0SDbak5IUZRVno2P5mjSafAQ=="},
	/* p2sh-p2wpkh */
	{"37qyp7jQAzqb2rCBpMvVtLDuuzKAUCVnJb", "",
	"AkgwRQIhAJFXl+/g7w+UDxvGex2KulmFJshHi02gQZXGRpZ+9bapAiB5Q/ikazTS7FMewqVFil3RLkEErUZ25k6f/xYThoQXogEhAsfxIAMZZEKUPYWI4BruhAQjzFT8FSFSajuFwrDL1Yhy"},
	{"37qyp7jQAzqb2rCBpMvVtLDuuzKAUCVnJb", "Hello World",
	"AkcwRAIgRfq2Gfv9guFcXAf2vQEJSHX8FP5OuiHs1DSK1I0wk/0CIGPzqm6QNPTDJuki148OQ2DbJtXyrr71s4xYPwogQUupASECx/EgAxlkQpQ9hYjgGu6EBCPMVPwVIVJqO4XCsMvViHI="},
	/* p2wpkh without prefix */
	{"bc1q9vza2e8x573nczrlzms0wvx3gsqjx7vavgkx0l", "Hello World",
	"AkgwRQIhAOzyynlqt93lOKJr+wmmxIens//zPzl9tqIOua93wO6MAiBi5n5EyAcPScOjf1lAqIUIQtr3zKNeavYabHyR8eGhowEhAsfxIAMZZEKUPYWI4BruhAQjzFT8FSFSajuFwrDL1Yhy"},
	/* p2pkh, uncompressed then compressed */
	{"1HUBHMij46Hae75JPdWjeZ5Q7KaL7EFRSD", "test message", "G/iew/NhHV9V9MdUEn/LFOftaTy1ivGPKPKyMlr8OSokNC755fAxpSThNRivwTNsyY9vPUDTRYBPc2cmGd5d4y4="},
	{"19f7adDYqhHSJm2v7igFWZAqxXHj1vUa3T", "test message", "HFqUo4/sxBEFkfK8mZeeN56V13BqOc0D90oPBChF3gTqMXtNSCTN79UxC33kZ8Mi0cHy4zYCnQfCxTyLpMVXKeA="},
	{"14dD6ygPi5WXdwwBTt1FBZK3aD8uDem1FY", "test message", "H/iew/NhHV9V9MdUEn/LFOftaTy1ivGPKPKyMlr8OSokNC755fAxpSThNRivwTNsyY9vPUDTRYBPc2cmGd5d4y4="},
	{"1DAag8qiPLHh6hMFVu9qJQm9ro1HtwuyK5", "test message", "IFqUo4/sxBEFkfK8mZeeN56V13BqOc0D90oPBChF3gTqMXtNSCTN79UxC33kZ8Mi0cHy4zYCnQfCxTyLpMVXKeA="},
	{"1DAag8qiPLHh6hMFVu9qJQm9ro1HtwuyK5", "", "IFh0InGTy8lLCs03yoUIpJU6MUbi0La/4abhVxyKcCsoUiF3RM7lg51rCqyoOZ8Yt43h8LZrmj7nwwO3HIfesiw="},
	{"1DAag8qiPLHh6hMFVu9qJQm9ro1HtwuyK5", " test ", "IA59z13/HBhvMMJtNwT6K7vJByE40lQUdqEMYhX2tnZSD+IGQIoBGE+1IYGCHCyqHvTvyGeqJTUx5ywb4StuX0s="},
	{"1F26pNMrywyZJdr22jErtKcjF8R3Ttt55G", "1F26pNMrywyZJdr22jErtKcjF8R3Ttt55G", "H85WKpqtNZDrajOnYDgUY+abh0KCAcOsAIOQwx2PftAbLEPRA7mzXA/CjXRxzz0MC225pR/hx02Vf2Ag2x33kU4="}
};

int
main(void)
{
	test_bip322_hashes();
	test_bip322_vectors();
	test_bip322_errors();
	test_signed();
	test_legacy_mismatches();
	test_witness_shapes();
	test_sighash_byte();
	test_refusals();
	test_base64();
	return done();
}

/* The virtual transaction that commits to the message */
static void
test_bip322_hashes(void)
{
	json_t	   *vectors = load_vectors("bips/bip-0322_basic-test-vectors.json");
	size_t		i;
	json_t	   *vector;

	json_array_foreach(json_object_get(vectors, "tx_hashes"), i, vector)
	{
		const char *address = field(vector, "address");
		const char *message = field(vector, "message");
		CbSpan		span = {(const uint8_t *) message, strlen(message)};
		CbScriptBuf script;
		CbHash256	txid;
		char		hex[65] = "";

		if (ok(cb_address_to_script(address, strlen(address), cb_network(CB_MAINNET), &script) == CB_OK, "%s", address))
		{
			CbSpan		script_span = {script.data, script.len};

			cb_bip322_to_spend_txid(span, script_span, &txid);
			cb_hex_encode_reversed(txid.bytes, sizeof(txid.bytes), hex);
		}
		is_str(hex, field(vector, "to_spend_tx_hash"), "to_spend of \"%s\"", message);
	}
	json_decref(vectors);
}

static void
test_bip322_vectors(void)
{
	json_t	   *vectors = load_vectors("bips/bip-0322_basic-test-vectors.json");
	size_t		i;
	json_t	   *vector;
	int			n_checked = 0;

	if (vectors == NULL)
		return;
	json_array_foreach(json_object_get(vectors, "simple"), i, vector)
	{
		const char *type = field(vector, "type");
		size_t		j;
		json_t	   *signature;

		json_array_foreach(json_object_get(vector, "bip322_signatures"), j, signature)
		{
			Signed		s = {field(vector, "address"), field(vector, "message"), json_string_value(signature)};
			bool		valid = false;

			if (strcmp(type, "p2wpkh") == 0 || strcmp(type, "p2tr") == 0)
			{
				ok(is_valid(s.address, s.message, s.signature), "%s signs \"%s\" (%zu)", type, s.message, j);
				check_negatives(&s);
				n_checked++;
			}
			else
				is_int(verify(s.address, s.message, s.signature, &valid), CB_ERR_UNSUPPORTED, "%s is not handled", type);
		}
	}
	ok(n_checked >= 5, "there are %d such signatures", n_checked);
	json_decref(vectors);
}

static void
test_bip322_errors(void)
{
	json_t	   *vectors = load_vectors("bips/bip-0322_basic-test-vectors.json");
	size_t		i;
	json_t	   *vector;

	json_array_foreach(json_object_get(vectors, "error"), i, vector)
		ok(!is_valid(field(vector, "address"), field(vector, "message"), field(vector, "signature")),
		   "%s", field(vector, "description"));
	json_decref(vectors);
}

static void
test_signed(void)
{
	for (size_t i = 0; i < LENGTH_OF(signed_messages); i++)
	{
		const Signed *s = &signed_messages[i];

		ok(is_valid(s->address, s->message, s->signature), "%s signs \"%s\"", s->address, s->message);
		check_negatives(s);
	}
}

/* A valid signature is one of this message, this address and these bits. */
static void
check_negatives(const Signed *vector)
{
	const char *prefix = strncmp(vector->signature, "smp", 3) == 0 ? "smp" : "";
	char		longer[256];
	bool		valid = true;

	snprintf(longer, sizeof(longer), "%s ", vector->message);
	ok(verify(vector->address, longer, vector->signature, &valid) == CB_OK && !valid, "not with a space more");
	for (size_t i = 0; i < LENGTH_OF(signed_messages); i++)
	{
		if (strcmp(signed_messages[i].address, vector->address) != 0)
			ok(!is_valid(signed_messages[i].address, vector->message, vector->signature), "nor for %s", signed_messages[i].address);
	}
	is_int(count_valid_flips(vector, prefix), 0, "nor with any bit flipped");
	snprintf(longer, sizeof(longer), "%s ", vector->signature);
	is_int(verify(vector->address, vector->message, longer, &valid), CB_ERR_SIGNATURE, "nor with a space behind it");
}

static int
count_valid_flips(const Signed *vector, const char *prefix)
{
	const char *text = vector->signature + strlen(prefix);
	uint8_t		raw[MAX_RAW];
	size_t		len = 0;
	int			n_valid = 0;

	if (cb_base64_decode(text, strlen(text), raw, sizeof(raw), &len) != CB_OK)
		return -1;
	for (size_t bit = 0; bit < 8 * len; bit++)
	{
		char		flipped[4 * MAX_RAW] = "";

		raw[bit / 8] ^= (uint8_t) (1 << bit % 8);
		strcpy(flipped, prefix);
		encode_base64(raw, len, flipped + strlen(prefix));
		raw[bit / 8] ^= (uint8_t) (1 << bit % 8);
		if (is_valid(vector->address, vector->message, flipped))
			n_valid++;
	}
	return n_valid;
}

/* Which header signs for which kind of address; one key has all of these. */
static void
test_legacy_mismatches(void)
{
	static const char r_and_s[] = "BFyn+h9m3pWYbB4fBFKlRzBD4eJKojgCIZSNdhLKKHPSV2/WkeV7R7IOI0dpo3uGAEpCz9eepXLrA5kF35MXuU=";
	/* p2pkh, p2sh-p2wpkh and p2wpkh of the key that btclib's test of segwit signs with */
	static const char *const addresses[] = {
		"12pMyptb1tCxFRgv36dBSyMbJH6sGkkEV9", "3QJeMYwsSQUSsYc3wyeUyctpnrPk7FZKkP", "bc1qz0knqc5dhlgvalc3z77898thhvqek6v6j0j5zj"
	};
	/* the first of each four headers that have this recovery id: 28, 32, 36, 40 */
	static const struct
	{
		const char *first;
		bool		valid[3];
	}			headers[] = {
		{"HB", {false, false, false}},
		{"IB", {true, true, true}},
		{"JB", {false, true, false}},
		{"KB", {false, false, true}},
		{"IR", {false, false, false}}
	};

	for (size_t i = 0; i < LENGTH_OF(headers); i++)
	{
		char		signature[128];

		snprintf(signature, sizeof(signature), "%s%s", headers[i].first, r_and_s + 1);
		for (size_t j = 0; j < LENGTH_OF(addresses); j++)
			is_int(is_valid(addresses[j], "test", signature), headers[i].valid[j], "header %s for %s", headers[i].first, addresses[j]);
	}
}

/* Witnesses that are none of the shapes, built around a valid one. */
static void
test_witness_shapes(void)
{
	static const char p2wpkh[] = "bc1q9vza2e8x573nczrlzms0wvx3gsqjx7vavgkx0l";
	static const struct
	{
		const char *signature;
		CbResult	result;
	}			shapes[] = {
		{"AA==", CB_OK},		/* no items */
		{"AQA=", CB_OK},		/* one empty */
		{"AgAA", CB_OK},		/* two empty */
		{"AgEBAA==", CB_OK},	/* a hash type alone */
		{"AwAAAA==", CB_OK},	/* three empty */
		{"AQ==", CB_ERR_SIGNATURE},	/* an item missing */
		{"AQH/AA==", CB_ERR_SIGNATURE},	/* something after the last */
		{"/f//", CB_ERR_SIGNATURE},	/* a count that cannot be */
		{"/wAAAAAAAAAB", CB_ERR_SIGNATURE},
		{"Av0BAAEA", CB_ERR_SIGNATURE},	/* a length not in its shortest form */
		{"", CB_ERR_SIGNATURE},
		{"smp", CB_ERR_SIGNATURE}
	};

	for (size_t i = 0; i < LENGTH_OF(shapes); i++)
	{
		bool		valid = true;

		is_int(verify(p2wpkh, "", shapes[i].signature, &valid), shapes[i].result, "witness \"%s\"", shapes[i].signature);
		ok(!valid, "is not valid");
	}
}

/* Taproot's default hash type must not be spelled out. */
static void
test_sighash_byte(void)
{
	static const char address[] = "bc1pss0zhytly75awhm6x2hhvd5lnzv3vssgrf9axfheq8ldyzn88ges79fler";
	static const char signature[] = "AUCJYOwOjxYAvatTAGYaVlNXBVyFuc4MwNQkOuK2tl8xhfKDONd0NjfYyNSYcRqeCp8hsAnCEPHAVEkO9h6vbQ/R";
	uint8_t		raw[MAX_RAW];
	size_t		len = 0;
	char		text[4 * MAX_RAW];

	cb_base64_decode(signature, strlen(signature), raw, sizeof(raw), &len);
	is_int((int64_t) len, 66, "one item of 64 bytes");
	raw[1] = 65;
	for (int hash_type = 0; hash_type < 256; hash_type++)
	{
		raw[66] = (uint8_t) hash_type;
		encode_base64(raw, 67, text);
		ok(!is_valid(address, "No prefix fallback", text), "hash type %d does not fit", hash_type);
	}
}

static void
test_refusals(void)
{
	static const char signature[] = "IFqUo4/sxBEFkfK8mZeeN56V13BqOc0D90oPBChF3gTqMXtNSCTN79UxC33kZ8Mi0cHy4zYCnQfCxTyLpMVXKeA=";
	static const char address[] = "1DAag8qiPLHh6hMFVu9qJQm9ro1HtwuyK5";
	char		huge[4 * 1024];
	bool		valid = true;

	is_int(verify("1DAag8qiPLHh6hMFVu9qJQm9ro1HtwuyK6", "test message", signature, &valid), CB_ERR_ADDRESS, "a mistyped address");
	is_int(verify("", "test message", signature, &valid), CB_ERR_ADDRESS, "no address");
	is_int(verify("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", "test message", signature, &valid), CB_ERR_NETWORK, "another network's address");
	is_int(verify("bc1qp0ahvfh83088w49k405szqgg4f3pptr7p2g06tdxfjcd40z4lh4q95lsz9", "", signature, &valid), CB_ERR_UNSUPPORTED, "p2wsh");
	is_int(verify("bc1pfeessrawgf", "", signature, &valid), CB_ERR_UNSUPPORTED, "pay to anchor");
	is_int(verify("BC1SW50QGDZ25J", "", signature, &valid), CB_ERR_UNSUPPORTED, "a future witness version");
	is_int(verify(address, "test message", "fulAUDZ", &valid), CB_ERR_UNSUPPORTED, "BIP-322 full");
	is_int(verify(address, "test message", "pofAUDZ", &valid), CB_ERR_UNSUPPORTED, "BIP-322 proof of funds");
	is_int(verify(address, "test message", "not base64!!", &valid), CB_ERR_SIGNATURE, "no base64");
	is_int(verify(address, "test message", "", &valid), CB_ERR_SIGNATURE, "no signature");
	ok(!is_valid(address, "test message", "smpIFqUo4/sxBEFkfK8mZeeN56V13BqOc0D90oPBChF3gTqMXtNSCTN79UxC33kZ8Mi0cHy4zYCnQfCxTyLpMVXKeA="),
	   "a legacy signature is not BIP-322's");
	/* headers 26 and 43, and zero for r and s */
	is_int(verify(address, "test", "GpNLHqEKSzwXV+KwwBfQthQ848mn5qSkmGDXpqshDuPYJELOnSuRYGQQgBR4PpI+w2tJdD4v+hxElvAaUSqv2eU=", &valid), CB_ERR_SIGNATURE, "a header too low");
	is_int(verify(address, "test", "K5NLHqEKSzwXV+KwwBfQthQ848mn5qSkmGDXpqshDuPYJELOnSuRYGQQgBR4PpI+w2tJdD4v+hxElvAaUSqv2eU=", &valid), CB_ERR_SIGNATURE, "one too high");
	ok(verify(address, "test", "HwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", &valid) == CB_OK && !valid, "a signature of zeros");

	memset(huge, 'A', sizeof(huge));
	huge[sizeof(huge) - 1] = '\0';
	is_int(verify(address, "", huge, &valid), CB_ERR_SIGNATURE, "too long a signature");
	ok(!valid, "none of which is valid");
}

static void
test_base64(void)
{
	static const char *const refused[] = {
		"A", "AA", "AAA", "AA=A", "A===", "====", "=", "AA= ", " AA=", "AAA\n", "AB==", "AAB=", "AA-_", "AAAA=", "AA==AAAA"
	};
	uint8_t		data[MAX_RAW] = {0};
	uint8_t		decoded[MAX_RAW];
	char		text[4 * MAX_RAW];
	size_t		len = 0;

	for (size_t n = 0; n <= 48; n++)
	{
		for (size_t i = 0; i < n; i++)
			data[i] = (uint8_t) (i * 37 + n * 11);
		encode_base64(data, n, text);
		ok(cb_base64_decode(text, strlen(text), decoded, n, &len) == CB_OK && len == n && memcmp(data, decoded, n) == 0,
		   "%zu bytes come back", n);
		if (n > 0)
			is_int(cb_base64_decode(text, strlen(text), decoded, n - 1, &len), CB_ERR_CAPACITY, "not into fewer");
	}
	for (size_t i = 0; i < LENGTH_OF(refused); i++)
		is_int(cb_base64_decode(refused[i], strlen(refused[i]), decoded, sizeof(decoded), &len), CB_ERR_CHARACTER, "base64 \"%s\"", refused[i]);
}

static CbResult
verify(const char *address, const char *message, const char *signature, bool *valid)
{
	return cb_message_verify(address, (const uint8_t *) message, strlen(message), signature, strlen(signature), cb_network(CB_MAINNET), valid);
}

static bool
is_valid(const char *address, const char *message, const char *signature)
{
	bool		valid = true;
	CbResult	result = verify(address, message, signature, &valid);

	return result == CB_OK && valid;
}

static const char *
field(const json_t *vector, const char *name)
{
	const char *text = json_string_value(json_object_get(vector, name));

	return text == NULL ? "" : text;
}

static void
encode_base64(const uint8_t *data, size_t len, char *out)
{
	EVP_EncodeBlock((unsigned char *) out, data, (int) len);
}
