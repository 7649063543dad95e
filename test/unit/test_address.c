/*-------------------------------------------------------------------------
 *
 * test_address.c
 *	  base58, segwit addresses, scripts from and to addresses.
 *
 * Vectors: Bitcoin Core's key_io and base58 files, BIP-350.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_address.h"
#include "tap.h"
#include "vectors.h"

#include <string.h>

static void test_base58_vectors(void);
static void test_base58_limits(void);
static void test_key_io_valid(void);
static void check_address(const char *address, CbSpan script, const char *chain);
static void check_case_flip(const char *address, CbSpan script, const CbNetwork *net);
static void test_key_io_invalid(void);
static void test_bip350_valid(void);
static void test_bip350_invalid(void);
static void test_corruptions(void);
static void test_scripts_without_address(void);
static CbResult decode(const char *address, const CbNetwork *net, CbScriptBuf *script);
static bool same_script(const CbScriptBuf *a, CbSpan b);

int
main(void)
{
	test_base58_vectors();
	test_base58_limits();
	test_key_io_valid();
	test_key_io_invalid();
	test_bip350_valid();
	test_bip350_invalid();
	test_corruptions();
	test_scripts_without_address();
	return done();
}

static void
test_base58_vectors(void)
{
	json_t	   *vectors = load_vectors("core/base58_encode_decode.json");
	size_t		i;
	json_t	   *vector;

	json_array_foreach(vectors, i, vector)
	{
		const char *text = vector_string(vector, 1);
		uint8_t		bytes[512];
		size_t		len = vector_hex(vector, 0, bytes, sizeof(bytes));
		uint8_t		decoded[512];
		size_t		decoded_len = 0;
		char		encoded[600];

		ok(cb_base58_encode(bytes, len, encoded, sizeof(encoded)) == CB_OK && strcmp(encoded, text) == 0,
		   "base58 encodes \"%.20s\"", text);
		ok(cb_base58_decode(text, strlen(text), decoded, sizeof(decoded), &decoded_len) == CB_OK &&
		   decoded_len == len && memcmp(decoded, bytes, len) == 0,
		   "base58 decodes \"%.20s\"", text);
	}
	json_decref(vectors);
}

static void
test_base58_limits(void)
{
	static const char genesis_address[] = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
	char		text[600];
	uint8_t		bytes[600] = {0};
	size_t		len = 0;

	memset(text, '1', sizeof(text));
	ok(cb_base58_decode(text, 512, bytes, sizeof(bytes), &len) == CB_OK && len == 512, "512 characters are the most");
	ok(cb_base58_decode(text, 513, bytes, sizeof(bytes), &len) == CB_ERR_LENGTH, "513 are too many");
	ok(cb_base58_encode(bytes, 512, text, sizeof(text)) == CB_OK && strlen(text) == 512, "512 zeros can be written");
	ok(cb_base58_encode(bytes, 513, text, sizeof(text)) == CB_ERR_LENGTH, "513 cannot");
	memset(bytes, 0xff, sizeof(bytes));
	ok(cb_base58_encode(bytes, 374, text, sizeof(text)) == CB_OK && strlen(text) <= 512, "374 large bytes can be written");
	ok(cb_base58_encode(bytes, 600, text, sizeof(text)) == CB_ERR_LENGTH, "600 cannot");
	memset(text, 'z', sizeof(text));
	ok(cb_base58_decode(text, 512, bytes, sizeof(bytes), &len) == CB_OK && len == 375, "512 large digits are 375 bytes");
	ok(cb_base58_decode(text, 512, bytes, 374, &len) == CB_ERR_CAPACITY, "which need the room");

	for (const char *c = "0OIl +/\x80"; *c != '\0'; c++)
	{
		memcpy(text, "2g2g", 4);
		text[2] = *c;
		ok(cb_base58_decode(text, 4, bytes, sizeof(bytes), &len) == CB_ERR_CHARACTER, "character %#x is refused", (unsigned char) *c);
	}
	text[2] = '\0';
	ok(cb_base58_decode(text, 4, bytes, sizeof(bytes), &len) == CB_ERR_CHARACTER, "so is a zero byte");

	ok(cb_base58check_decode(genesis_address, strlen(genesis_address), bytes, 21, &len) == CB_OK && len == 21,
	   "an address fits 21 bytes");
	ok(cb_base58check_decode(genesis_address, strlen(genesis_address), bytes, 20, &len) == CB_ERR_CAPACITY, "not 20");
	ok(cb_base58check_encode(bytes, 21, text, sizeof(genesis_address)) == CB_OK && strcmp(text, genesis_address) == 0,
	   "encoding needs room for the text and its end");
	ok(cb_base58check_encode(bytes, 21, text, sizeof(genesis_address) - 1) == CB_ERR_CAPACITY, "no less");
	ok(cb_base58check_decode("111", 3, bytes, sizeof(bytes), &len) == CB_ERR_CHECKSUM, "too short for a checksum");
	ok(cb_base58check_decode("", 0, bytes, sizeof(bytes), &len) == CB_ERR_CHECKSUM, "so is nothing");
}

static void
test_key_io_valid(void)
{
	json_t	   *vectors = load_vectors("core/key_io_valid.json");
	size_t		i;
	json_t	   *vector;

	json_array_foreach(vectors, i, vector)
	{
		const char *text = vector_string(vector, 0);
		json_t	   *about = json_array_get(vector, 2);
		uint8_t		script[64];
		CbSpan		span = {script, vector_hex(vector, 1, script, sizeof(script))};
		CbScriptBuf found;

		if (json_is_false(json_object_get(about, "isPrivkey")))
			check_address(text, span, json_string_value(json_object_get(about, "chain")));
		else
		{
			for (int id = 0; id < CB_NUM_NETWORKS; id++)
				ok(decode(text, cb_network((CbNetworkId) id), &found) == CB_ERR_ADDRESS, "private key %zu is no address", i);
		}
	}
	json_decref(vectors);
}

/*
 * The address means the script on its own network and on those that share its
 * prefix, and on all others it is one of another network.
 */
static void
check_address(const char *address, CbSpan script, const char *chain)
{
	CbScriptBuf found;
	char		written[CB_ADDRESS_SIZE];
	bool		seen = false;

	for (int id = 0; id < CB_NUM_NETWORKS; id++)
	{
		const CbNetwork *net = cb_network((CbNetworkId) id);
		CbResult	result = decode(address, net, &found);

		if (cb_script_to_address(script, net, written) == CB_OK && strcmp(written, address) == 0)
			ok(result == CB_OK && same_script(&found, script), "%s on %s", address, net->name);
		else
			ok(result == CB_ERR_NETWORK, "%s not on %s", address, net->name);

		if (strcmp(net->core_name, chain) == 0)
		{
			seen = true;
			is_int(result, CB_OK, "%s belongs to %s", address, chain);
			is_str(written, address, "%s is written the same", address);
			check_case_flip(address, script, net);
		}
	}
	ok(seen, "chain %s is known", chain);
}

/* Only bech32 may be written in the other case, and then wholly so. */
static void
check_case_flip(const char *address, CbSpan script, const CbNetwork *net)
{
	char		flipped[CB_ADDRESS_SIZE];
	size_t		len = strlen(address);
	CbScriptBuf found;

	for (size_t i = 0; i <= len; i++)
	{
		bool		is_lower = address[i] >= 'a' && address[i] <= 'z';
		bool		is_upper = address[i] >= 'A' && address[i] <= 'Z';

		flipped[i] = is_lower || is_upper ? (char) (address[i] ^ 0x20) : address[i];
	}
	if (strncmp(address, net->hrp, strlen(net->hrp)) == 0)
		ok(decode(flipped, net, &found) == CB_OK && same_script(&found, script), "%s", flipped);
	else
		ok(decode(flipped, net, &found) != CB_OK, "not %s", flipped);
}

static void
test_key_io_invalid(void)
{
	json_t	   *vectors = load_vectors("core/key_io_invalid.json");
	size_t		i;
	json_t	   *vector;

	json_array_foreach(vectors, i, vector)
	{
		const char *text = vector_string(vector, 0);

		for (int id = 0; id < CB_NUM_NETWORKS; id++)
		{
			CbScriptBuf found;
			CbResult	result = decode(text, cb_network((CbNetworkId) id), &found);

			ok(result == CB_ERR_ADDRESS || result == CB_ERR_CHECKSUM, "invalid address %zu is one of no network", i);
		}
	}
	json_decref(vectors);
}

static void
test_bip350_valid(void)
{
	static const struct
	{
		const char *address;
		const char *script;
		CbNetworkId network;
	}			vectors[] = {
		{"BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "0014751e76e8199196d454941c45d1b3a323f1433bd6", CB_MAINNET},
		{"tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7", "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262", CB_TESTNET4},
		{"bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y", "5128751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6", CB_MAINNET},
		{"BC1SW50QGDZ25J", "6002751e", CB_MAINNET},
		{"bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", "5210751e76e8199196d454941c45d1b3a323", CB_MAINNET},
		{"tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy", "0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433", CB_SIGNET},
		{"tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c", "5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433", CB_TESTNET3},
		{"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", CB_MAINNET},
		/* pay to anchor, as Bitcoin Core writes it */
		{"bc1pfeessrawgf", "51024e73", CB_MAINNET}
	};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
	{
		const CbNetwork *net = cb_network(vectors[i].network);
		uint8_t		script[64];
		size_t		len;
		CbSpan		span = {script, 0};
		CbScriptBuf found;
		char		written[CB_ADDRESS_SIZE];

		cb_hex_decode(vectors[i].script, strlen(vectors[i].script), script, sizeof(script), &len);
		span.len = len;
		ok(decode(vectors[i].address, net, &found) == CB_OK && same_script(&found, span), "%s", vectors[i].address);
		ok(cb_script_to_address(span, net, written) == CB_OK && decode(written, net, &found) == CB_OK && same_script(&found, span),
		   "and back");
	}
}

static void
test_bip350_invalid(void)
{
	static const struct
	{
		const char *address;
		const char *why;
	}			vectors[] = {
		{"tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut", "invalid human-readable part"},
		{"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", "bech32 instead of bech32m"},
		{"tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf", "bech32 instead of bech32m"},
		{"BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL", "bech32 instead of bech32m"},
		{"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", "bech32m instead of bech32"},
		{"tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47", "bech32m instead of bech32"},
		{"bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4", "invalid character in checksum"},
		{"BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R", "invalid witness version"},
		{"bc1pw5dgrnzv", "program of 1 byte"},
		{"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav", "program of 41 bytes"},
		{"BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P", "program of 16 bytes in version 0"},
		{"tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq", "mixed case"},
		{"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf", "padding of more than 4 bits"},
		{"tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j", "padding that is not zero"},
		{"bc1gmk9yu", "no data"},
		{"bc1", "nothing after the separator"},
		{"bc1qqqqq", "too short for a checksum"},
		{"", "no text"},
		{" bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "a space before"},
		{"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 ", "a space behind"}
	};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
	{
		for (int id = 0; id < CB_NUM_NETWORKS; id++)
		{
			CbScriptBuf found;
			CbResult	result = decode(vectors[i].address, cb_network((CbNetworkId) id), &found);

			ok(result == CB_ERR_ADDRESS || result == CB_ERR_CHECKSUM, "%s: %s", vectors[i].why, vectors[i].address);
		}
	}
}

/* No other character at any place leaves an address of any network. */
static void
test_corruptions(void)
{
	static const char *const addresses[] = {
		"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
		"3Q4sF6tv9wsdqu2NtARzNCpQgwifm2rAba",
		"mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn",
		"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
		"BC1SW50QGDZ25J"
	};

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
	{
		size_t		len = strlen(addresses[i]);
		char		text[CB_ADDRESS_SIZE];
		int			accepted = 0;

		for (size_t pos = 0; pos < len; pos++)
		{
			memcpy(text, addresses[i], len + 1);
			for (int c = 1; c < 256; c++)
			{
				text[pos] = (char) c;
				if (text[pos] == addresses[i][pos])
					continue;
				for (int id = 0; id < CB_NUM_NETWORKS; id++)
				{
					CbScriptBuf found;
					CbResult	result = decode(text, cb_network((CbNetworkId) id), &found);

					if (result != CB_ERR_ADDRESS && result != CB_ERR_CHECKSUM)
						accepted++;
				}
			}
		}
		is_int(accepted, 0, "every corruption of %s is refused", addresses[i]);
	}

	{
		CbScriptBuf found;

		is_int(decode("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", cb_network(CB_MAINNET), &found), CB_ERR_CHECKSUM,
			   "a mistyped address is told as such");
		is_int(decode("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", cb_network(CB_MAINNET), &found), CB_ERR_CHECKSUM,
			   "in base58 too");
	}
}

static void
test_scripts_without_address(void)
{
	static const char *const scripts[] = {
		"",
		"6a",
		"6a0568656c6c6f",
		"0015751e76e8199196d454941c45d1b3a323f1433bd600",
		"76a914751e76e8199196d454941c45d1b3a323f1433bd688",
		"a914751e76e8199196d454941c45d1b3a323f1433bd688",
		"2103a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bdac",
		"512103a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd51ae"
	};

	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
	{
		uint8_t		bytes[64];
		size_t		len;
		CbSpan		span = {bytes, 0};
		char		written[CB_ADDRESS_SIZE];

		cb_hex_decode(scripts[i], strlen(scripts[i]), bytes, sizeof(bytes), &len);
		span.len = len;
		is_int(cb_script_to_address(span, cb_network(CB_MAINNET), written), CB_ERR_ADDRESS, "script \"%s\" has no address", scripts[i]);
	}
}

static CbResult
decode(const char *address, const CbNetwork *net, CbScriptBuf *script)
{
	return cb_address_to_script(address, strlen(address), net, script);
}

static bool
same_script(const CbScriptBuf *a, CbSpan b)
{
	return a->len == b.len && memcmp(a->data, b.data, b.len) == 0;
}
