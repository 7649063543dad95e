/*-------------------------------------------------------------------------
 *
 * test_descriptor.c
 *	  Descriptors: the scripts they stand for, their canonical text, and what
 *	  is refused.
 *
 * Vectors: BIP-32, 49, 67, 84, 86, 341, 380, 381, 383, 386 and SLIP-132.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_address.h"
#include "cb_bip32.h"
#include "cb_descriptor.h"
#include "cb_hash.h"
#include "tap.h"
#include "vectors.h"

#include <string.h>

/* BIP-32's second vector at m/0/2147483647h/1/2147483646h */
#define XPUB "xpub6ERApfZwUNrhLCkDtcHTcxd75RbzS1ed54G1LkBUHQVHQKqhMkhgbmJbZRkrgZw4koxb5JaHWkY4ALHY2grBGRjaDMzQLcgJvLJuZZvRcEL"
/* Accounts of the mnemonic of BIP-84 and 86 */
#define XPUB_84 "xpub6CatWdiZiodmUeTDp8LT5or8nmbKNcuyvz7WyksVFkKB4RHwCD3XyuvPEbvqAQY3rAPshWcMLoP2fMFMKHPJ4ZeZXYVUhLv1VMrjPC7PW6V"
#define XPUB_86 "xpub6BgBgsespWvERF3LHQu6CnqdvfEvtMcQjYrcRzx53QJjSxarj2afYWcLteoGVky7D3UKDP9QyrLprQ3VCECoY49yfdDEHGCtMMj92pReUsQ"
#define ZPUB "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs"
#define TPUB "tpubDC5FSnBiZDMmhiuCmWAYsLwgLYrrT9rAqvTySfuCCrgsWz8wxMXUS9Tb9iVMvcRbvFcAHGkMD5Kx8koh4GquNGNTfohfk7pgjhaPCdXpoba"
/* Private keys, all published by BIP-32 and BIP-380 */
#define XPRV "xprvA1RpRA33e1JQ7ifknakTFpgNXPmW2YvmhqLQYMmrj4xJXXWYpDPS3xz7iAxn8L39njGVyuoseXzU6rcxFLJ8HFsTjSyQbLYnMpCqE2VbFWc"
#define WIF "L4rK1yDtCWekvXuE6oXD9jCYfFNV2cWRpVuPLBcCU2z8TrisoyY1"
#define WIF_UNCOMPRESSED "5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss"

#define KEY "03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd"
#define KEY_X "a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd"
#define KEY_UNCOMPRESSED "04a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd5b8dec5235a0fa8722476c7709c02559e3aa73aa03918ba2d492eea75abea235"
/* BIP-67's fourth vector */
#define KEY_A "022df8750480ad5b26950b25c7ba79d3e37d75f640f8e5d9bcd5b150a0f85014da"
#define KEY_B "03e3818b65bcc73a7d64064106a859cc1a5a728c4345ff0b641209fba0d90de6e9"
#define KEY_C "021f2f6e1e50cb6a953935c3601284925decd3fd21bc445712576873fb8c6ebc18"

#define LENGTH_OF(array) (sizeof(array) / sizeof((array)[0]))

static void test_checksum(void);
static void test_checksum_errors(void);
static void test_bip32_chains(void);
static void test_bip32_refusals(void);
static void test_addresses(void);
static void test_scripts(void);
static void test_sortedmulti(void);
static void check_multisig(const char *descriptor, uint32_t index, const char *witness_script);
static void test_taproot_vectors(void);
static void test_indexes(void);
static void test_canonical(void);
static void test_canonical_differs(void);
static const char *origin(const char *key);
static void test_origins(void);
static void test_spends(void);
static void test_private(void);
static void test_refusals(void);
static CbResult parse(const char *text, CbDescriptor *desc);
static const char *script_hex(const char *descriptor, uint32_t index);
static const char *canonical(const char *descriptor);

int
main(void)
{
	test_checksum();
	test_checksum_errors();
	test_bip32_chains();
	test_bip32_refusals();
	test_addresses();
	test_scripts();
	test_sortedmulti();
	test_taproot_vectors();
	test_indexes();
	test_canonical();
	test_canonical_differs();
	test_origins();
	test_spends();
	test_private();
	test_refusals();
	return done();
}

static void
test_checksum(void)
{
	static const char every_character[] = "0123456789()[],'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`\"\\ ";
	char		checksum[9];
	CbDescriptor desc;

	cb_descriptor_checksum("raw(deadbeef)", 13, checksum);
	is_str(checksum, "89f8spxm", "BIP-380's checksum");
	cb_descriptor_checksum("wpkh([73c5da0a/84'/0'/0']" XPUB_84 "/0/*)", strlen("wpkh([73c5da0a/84'/0'/0']" XPUB_84 "/0/*)"), checksum);
	is_str(checksum, "wc3n3van", "a published wallet's");
	is_int(cb_descriptor_checksum(every_character, strlen(every_character), checksum), CB_OK, "every character counts");
	is_int(cb_descriptor_checksum("", 0, checksum), CB_OK, "so does none");
	is_int(cb_descriptor_checksum("raw(\xc3\x9c)", 7, checksum), CB_ERR_CHARACTER, "others are refused");
	is_int(cb_descriptor_checksum("raw(\0)", 6, checksum), CB_ERR_CHARACTER, "a zero byte too");
	is_int(cb_descriptor_checksum("raw(deadbeef)#", 14, checksum), CB_ERR_CHARACTER, "a checksum has no checksum");

	is_int(parse("wpkh([73c5da0a/84'/0'/0']" XPUB_84 "/0/*)#wc3n3van", &desc), CB_OK, "a right checksum is accepted");
	is_int(parse("raw(deadbeef)#89f8spxm", &desc), CB_ERR_DESCRIPTOR_TYPE, "but saves no unknown function");
}

static void
test_checksum_errors(void)
{
	static const char *const texts[] = {
		"raw(deadbeef)#",
		"raw(deadbeef)#89f8spxmx",
		"raw(deadbeef)#89f8spx",
		"raw(deedbeef)#89f8spxm",
		"raw(deedbeef)##9f8spxm",
		"raw(deadbeef)#89F8SPXM",
		"#89f8spxm",
		"wpkh(" KEY ")#wc3n3van"
	};
	CbDescriptor desc;

	for (size_t i = 0; i < LENGTH_OF(texts); i++)
		is_int(parse(texts[i], &desc), CB_ERR_CHECKSUM, "wrong checksum: %s", texts[i]);
	is_int(parse("raw(\xc3\x9c)#00000000", &desc), CB_ERR_CHARACTER, "no checksum of other characters");
}

/* A parent, a step, and the child, from the vectors' unhardened steps. */
static void
test_bip32_chains(void)
{
	static const struct
	{
		const char *parent;
		uint32_t	index;
		const char *child;
	}			steps[] = {
		{"xpub68Gmy5EdvgibQVfPdqkBBCHxA5htiqg55crXYuXoQRKfDBFA1WEjWgP6LHhwBZeNK1VTsfTFUHCdrfp1bgwQ9xv5ski8PX9rL2dZXvgGDnw", 1,
		"xpub6ASuArnXKPbfEwhqN6e3mwBcDTgzisQN1wXN9BJcM47sSikHjJf3UFHKkNAWbWMiGj7Wf5uMash7SyYq527Hqck2AxYysAA7xmALppuCkwQ"},
		{"xpub6D4BDPcP2GT577Vvch3R8wDkScZWzQzMMUm3PWbmWvVJrZwQY4VUNgqFJPMM3No2dFDFGTsxxpG5uJh7n7epu4trkrX7x7DogT5Uv6fcLW5", 2,
		"xpub6FHa3pjLCk84BayeJxFW2SP4XRrFd1JYnxeLeU8EqN3vDfZmbqBqaGJAyiLjTAwm6ZLRQUMv1ZACTj37sR62cfN7fe5JnJ7dh8zL4fiyLHV"},
		{"xpub6FHa3pjLCk84BayeJxFW2SP4XRrFd1JYnxeLeU8EqN3vDfZmbqBqaGJAyiLjTAwm6ZLRQUMv1ZACTj37sR62cfN7fe5JnJ7dh8zL4fiyLHV", 1000000000,
		"xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEYBVPamhGW6cFJodrTHy"},
		{"xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY47LJhkJ8UB7WEGuduB", 0,
		"xpub69H7F5d8KSRgmmdJg2KhpAK8SR3DjMwAdkxj3ZuxV27CprR9LgpeyGmXUbC6wb7ERfvrnKZjXoUmmDznezpbZb7ap6r1D3tgFxHmwMkQTPH"},
		{"xpub6ASAVgeehLbnwdqV6UKMHVzgqAG8Gr6riv3Fxxpj8ksbH9ebxaEyBLZ85ySDhKiLDBrQSARLq1uNRts8RuJiHjaDMBU4Zn9h8LZNnBC5y4a", 1,
		"xpub6DF8uhdarytz3FWdA8TvFSvvAh8dP3283MY7p2V4SeE2wyWmG5mg5EwVvmdMVCQcoNJxGoWaU9DCWh89LojfZ537wTfunKau47EL2dhHKon"},
		{XPUB, 2,
		"xpub6FnCn6nSzZAw5Tw7cgR9bi15UV96gLZhjDstkXXxvCLsUXBGXPdSnLFbdpq8p9HmGsApME5hQTZ3emM2rnY5agb9rXpVGyy3bdW6EEgAtqt"}
	};
	const CbNetwork *net = cb_network(CB_MAINNET);

	for (size_t i = 0; i < LENGTH_OF(steps); i++)
	{
		uint8_t		key[33];
		uint8_t		chain_code[32];
		uint8_t		wanted_key[33];
		uint8_t		wanted_chain_code[32];

		ok(cb_xpub_decode(steps[i].parent, strlen(steps[i].parent), net, key, chain_code) == CB_OK &&
		   cb_xpub_decode(steps[i].child, strlen(steps[i].child), net, wanted_key, wanted_chain_code) == CB_OK &&
		   cb_bip32_derive(key, chain_code, steps[i].index, key, chain_code) == CB_OK &&
		   memcmp(key, wanted_key, 33) == 0 && memcmp(chain_code, wanted_chain_code, 32) == 0,
		   "BIP-32 child %u of %.24s", steps[i].index, steps[i].parent);
		is_int(cb_bip32_derive(key, chain_code, CB_BIP32_HARDENED, key, chain_code), CB_ERR_INDEX, "no hardened child");
	}
}

/* BIP-32's fifth vector: what is no extended public key */
static void
test_bip32_refusals(void)
{
	static const char *const keys[] = {
		"xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6LBpB85b3D2yc8sfvZU521AAwdZafEz7mnzBBsz4wKY5fTtTQBm",
		"xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6Txnt3siSujt9RCVYsx4qHZGc62TG4McvMGcAUjeuwZdduYEvFn",
		"xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6N8ZMMXctdiCjxTNq964yKkwrkBJJwpzZS4HS2fxvyYUA4q2Xe4",
		"xpub661no6RGEX3uJkY4bNnPcw4URcQTrSibUZ4NqJEw5eBkv7ovTwgiT91XX27VbEXGENhYRCf7hyEbWrR3FewATdCEebj6znwMfQkhRYHRLpJ",
		"xpub661MyMwAuDcm6CRQ5N4qiHKrJ39Xe1R1NyfouMKTTWcguwVcfrZJaNvhpebzGerh7gucBvzEQWRugZDuDXjNDRmXzSZe4c7mnTK97pTvGS8",
		"DMwo58pR1QLEFihHiXPVykYB6fJmsTeHvyTp7hRThAtCX8CvYzgPcn8XnmdfHGMQzT7ayAmfo4z3gY5KfbrZWZ6St24UVf2Qgo6oujFktLHdHY4",
		"xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6Q5JXayek4PRsn35jii4veMimro1xefsM58PgBMrvdYre8QyULY"
	};

	for (size_t i = 0; i < LENGTH_OF(keys); i++)
	{
		char		text[256];
		CbDescriptor desc;

		snprintf(text, sizeof(text), "wpkh(%s/*)", keys[i]);
		is_int(parse(text, &desc), CB_ERR_KEY, "not an extended key: %s", keys[i]);
	}
}

static void
test_addresses(void)
{
	static const struct
	{
		const char *source;
		CbNetworkId network;
		const char *descriptor;
		uint32_t	index;
		const char *address;
	}			vectors[] = {
		{"SLIP-132, path of BIP-44", CB_MAINNET,
			"pkh(xpub6BosfCnifzxcFwrSzQiqu2DBVTshkCXacvNsWGYJVVhhawA7d4R5WSWGFNbi8Aw6ZRc1brxMyWMzG3DSSSSoekkudhUd9yLb6qx39T9nMdj/0/*)",
		0, "1LqBGSKuX5yYUonjxT5qGfpUsXKYYWeabA"},
		{"SLIP-132, path of BIP-49", CB_MAINNET,
			"sh(wpkh(xpub6C6nQwHaWbSrzs5tZ1q7m5R9cPK9eYpNMFesiXsYrgc1P8bvLLAet9JfHjYXKjToD8cBRswJXXbbFpXgwsswVPAZzKMa1jUp2kVkGVUaJa7/0/*))",
		0, "37VucYSaXLCAsxYyAPfbSi9eh4iEcbShgf"},
		{"SLIP-132, path of BIP-49", CB_MAINNET,
			"sh(wpkh(xpub6C6nQwHaWbSrzs5tZ1q7m5R9cPK9eYpNMFesiXsYrgc1P8bvLLAet9JfHjYXKjToD8cBRswJXXbbFpXgwsswVPAZzKMa1jUp2kVkGVUaJa7/0/*))",
		1, "3LtMnn87fqUeHBUG414p9CWwnoV6E2pNKS"},
		{"BIP-49", CB_TESTNET3, "sh(wpkh(03a1af804ac108a8a51782198c2d034b28bf90c8803f5a53f76276fa69a4eae77f))", 0, "2Mww8dCYPUpKHofjgcXcBCEGmniw9CoaiD2"},
		{"BIP-84", CB_MAINNET, "wpkh([73c5da0a/84'/0'/0']" XPUB_84 "/0/*)", 0, "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu"},
		{"BIP-84", CB_MAINNET, "wpkh([73c5da0a/84h/0h/0h]" XPUB_84 "/0/*)", 1, "bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g"},
		{"BIP-84", CB_MAINNET, "wpkh(" XPUB_84 "/1/0)", 0, "bc1q8c6fshw2dlwun7ekn9qwf37cu2rn755upcp6el"},
		{"BIP-86", CB_MAINNET, "tr([73c5da0a/86H/0H/0H]" XPUB_86 "/0/*)", 0, "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr"},
		{"BIP-86", CB_MAINNET, "tr(" XPUB_86 "/0/*)", 1, "bc1p4qhjn9zdvkux4e44uhx8tc55attvtyu358kutcqkudyccelu0was9fqzwh"},
		{"BIP-86", CB_MAINNET, "tr(" XPUB_86 "/1/*)", 0, "bc1p3qkhfews2uk44qtvauqyr2ttdsw7svhkl9nkm9s9c3x4ax5h60wqwruhk7"},
		{"BIP-86", CB_MAINNET, "tr(cc8a4bc64d897bddc5fbc2f670f7a8ba0b386779106cf1223c6fc5d7cd6fc115)", 0, "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr"}
	};

	for (size_t i = 0; i < LENGTH_OF(vectors); i++)
	{
		const CbNetwork *net = cb_network(vectors[i].network);
		CbDescriptor desc;
		CbScriptBuf script;
		CbSpan		span;
		char		address[CB_ADDRESS_SIZE] = "none";

		if (cb_descriptor_parse(vectors[i].descriptor, strlen(vectors[i].descriptor), net, &desc) == CB_OK &&
			cb_descriptor_script(&desc, vectors[i].index, &script) == CB_OK)
		{
			span.data = script.data;
			span.len = script.len;
			cb_script_to_address(span, net, address);
		}
		is_str(address, vectors[i].address, "%s: address %u", vectors[i].source, vectors[i].index);
	}
}

static void
test_scripts(void)
{
	static const struct
	{
		const char *descriptor;
		const char *script;
	}			vectors[] = {
		/* BIP-381 */
		{"pkh([deadbeef/1/2'/3/4']" KEY ")", "76a9149a1c78a507689f6f54b847ad1cef1e614ee23f1e88ac"},
		{"pkh([deadbeef/1/2h/3/4h]" KEY ")", "76a9149a1c78a507689f6f54b847ad1cef1e614ee23f1e88ac"},
		{"pkh([bd16bee5/2147483647h]xpub69H7F5dQzmVd3vPuLKtcXJziMEQByuDidnX3YdwgtNsecY5HRGtAAQC5mXTt4dsv9RzyjgDjAQs9VGVV6ydYCHnprc9vvaA5YtqWyL6hyds/0)",
		"76a914ebdc90806a9c4356c1c88e42216611e1cb4c1c1788ac"},
		/* BIP-386 */
		{"tr(" KEY_X ")", "512077aab6e066f8a7419c5ab714c12c67d25007ed55a43cadcacb4d7a970a093f11"},
		{"tr(" KEY ")", "512077aab6e066f8a7419c5ab714c12c67d25007ed55a43cadcacb4d7a970a093f11"},
		{"tr(02" KEY_X ")", "512077aab6e066f8a7419c5ab714c12c67d25007ed55a43cadcacb4d7a970a093f11"}
	};

	for (size_t i = 0; i < LENGTH_OF(vectors); i++)
		is_str(script_hex(vectors[i].descriptor, 0), vectors[i].script, "%s", vectors[i].descriptor);
}

static void
test_sortedmulti(void)
{
	/* BIP-383's, whose scripts stand by themselves there */
	static const char ranged[] = "wsh(sortedmulti(2," XPUB "/*,xpub68NZiKmJWnxxS6aaHmn81bvJeTESw724CRDs6HbuccFQN9Ku14VQrADWgqbhhTHBaohPX4CjNLf9fq9MYo6oDaPPLPxSb7gwQN3ih19Zm4Y/0/0/*))";
	char		text[2048] = "wsh(sortedmulti(15";

	check_multisig("wsh(sortedmulti(2," KEY_A "," KEY_B "," KEY_C "))", 0, "5221" KEY_C "21" KEY_A "21" KEY_B "53ae");
	check_multisig("wsh(sortedmulti(2," KEY_C "," KEY_A "," KEY_B "))", 0, "5221" KEY_C "21" KEY_A "21" KEY_B "53ae");
	check_multisig("wsh(sortedmulti(1," KEY "))", 0, "5121" KEY "51ae");
	check_multisig(ranged, 0, "5221025d5fc65ebb8d44a5274b53bac21ff8307fec2334a32df05553459f8b1f7fe1b62102fbd47cc8034098f0e6a94c6aeee8528abf0a2153a5d8e46d325b7284c046784652ae");
	check_multisig(ranged, 1, "52210264fd4d1f5dea8ded94c61e9641309349b62f27fbffe807291f664e286bfbe6472103f4ece6dfccfa37b211eb3d0af4d0c61dba9ef698622dc17eecdf764beeb005a652ae");
	check_multisig(ranged, 2, "5221022ccabda84c30bad578b13c89eb3b9544ce149787e5b538175b1d1ba259cbb83321024d902e1a2fc7a8755ab5b694c575fce742c48d9ff192e63df5193e4c7afe1f9c52ae");

	for (int i = 0; i < 15; i++)
		strcat(text, "," KEY);
	strcat(text, "))");
	ok(strlen(script_hex(text, 0)) == 68, "fifteen keys of fifteen");
}

/* The output is the hash of the witness script. */
static void
check_multisig(const char *descriptor, uint32_t index, const char *witness_script)
{
	uint8_t		bytes[1024];
	size_t		len;
	uint8_t		hash[32];
	char		wanted[2 * 34 + 1] = "0020";

	cb_hex_decode(witness_script, strlen(witness_script), bytes, sizeof(bytes), &len);
	cb_sha256(bytes, len, hash);
	cb_hex_encode(hash, sizeof(hash), wanted + 4);
	wanted[68] = '\0';
	is_str(script_hex(descriptor, index), wanted, "%.60s at %u", descriptor, index);
}

/* BIP-341's outputs without a tree of scripts */
static void
test_taproot_vectors(void)
{
	json_t	   *vectors = load_vectors("bips/bip-0341_wallet-test-vectors.json");
	size_t		i;
	json_t	   *vector;
	int			n = 0;

	if (vectors == NULL)
		return;
	json_array_foreach(json_object_get(vectors, "scriptPubKey"), i, vector)
	{
		json_t	   *given = json_object_get(vector, "given");
		char		text[128];

		if (!json_is_null(json_object_get(given, "scriptTree")))
			continue;
		snprintf(text, sizeof(text), "tr(%s)", json_string_value(json_object_get(given, "internalPubkey")));
		is_str(script_hex(text, 0), json_string_value(json_object_get(json_object_get(vector, "expected"), "scriptPubKey")),
			   "BIP-341: %s", text);
		n++;
	}
	ok(n > 0, "there are such vectors");
	json_decref(vectors);
}

static void
test_indexes(void)
{
	CbDescriptor desc;
	CbScriptBuf script;

	parse("wpkh(" XPUB "/*)", &desc);
	ok(desc.is_ranged, "a wildcard makes it ranged");
	is_int(cb_descriptor_script(&desc, 2147483647, &script), CB_OK, "the last index");
	is_int(cb_descriptor_script(&desc, CB_BIP32_HARDENED, &script), CB_ERR_INDEX, "one more");

	parse("wpkh(" XPUB "/7)", &desc);
	ok(!desc.is_ranged, "without wildcard it is not");
	is_int(cb_descriptor_script(&desc, 0, &script), CB_OK, "then there is index 0");
	is_int(cb_descriptor_script(&desc, 1, &script), CB_ERR_INDEX, "only");

	parse("wsh(sortedmulti(1," KEY "," XPUB "/*))", &desc);
	ok(desc.is_ranged, "one ranged key is enough");
	ok(strcmp(script_hex("wsh(sortedmulti(1," KEY "," XPUB "/*))", 0), script_hex("wsh(sortedmulti(1," KEY "," XPUB "/*))", 1)) != 0,
	   "to tell indexes apart");
}

/* Pairs that stand for the same scripts. */
static void
test_canonical(void)
{
	static const char *const pairs[][2] = {
		{"wpkh(" XPUB "/*)", "wpkh([deadbeef/0h/1h/2h]" XPUB "/*)"},
		{"wpkh([73c5da0a/84'/0'/0']" XPUB_84 "/0/*)", "wpkh([73c5da0a/84'/0'/0']" XPUB_84 "/0/*)#wc3n3van"},
		{"wpkh(" XPUB "/2/*)", "wpkh(xpub6FnCn6nSzZAw5Tw7cgR9bi15UV96gLZhjDstkXXxvCLsUXBGXPdSnLFbdpq8p9HmGsApME5hQTZ3emM2rnY5agb9rXpVGyy3bdW6EEgAtqt/*)"},
		{"wpkh(" XPUB "/2/*)", "wpkh(" XPUB "/002/*)"},
		{"pkh(" KEY ")", "pkh(03A34B99F22C790C4E36B2B3C2C35A36DB06226E41C692FC82B8B56AC1C540C5BD)"},
		{"tr(" KEY_X ")", "tr(" KEY ")"},
		{"tr(" XPUB_86 "/0/0)", "tr(cc8a4bc64d897bddc5fbc2f670f7a8ba0b386779106cf1223c6fc5d7cd6fc115)"},
		{"wsh(sortedmulti(2," KEY_A "," KEY_B "," KEY_C "))", "wsh(sortedmulti(2," KEY_C "," KEY_B "," KEY_A "))"},
		{"wsh(sortedmulti(2," XPUB_84 "/*," XPUB "/*))", "wsh(sortedmulti(2," XPUB "/*," XPUB_84 "/*))"}
	};
	CbDescriptor desc;
	char		text[CB_DESCRIPTOR_MAX_TEXT];

	for (size_t i = 0; i < LENGTH_OF(pairs); i++)
	{
		memcpy(text, canonical(pairs[i][0]), sizeof(text));
		is_str(canonical(pairs[i][1]), text, "the same as %s", pairs[i][0]);
		is_str(canonical(text), text, "which is its own canonical text");
		ok(strcmp(script_hex(text, 0), script_hex(pairs[i][1], 0)) == 0, "and has the same script");
	}
	is_str(canonical("tr([deadbeef]" KEY ")"), "tr(" KEY_X ")", "as it is written");

	parse("pkh(" KEY ")", &desc);
	is_int(cb_descriptor_canonical(&desc, cb_network(CB_MAINNET), text, strlen("pkh(" KEY ")") + 1), CB_OK, "with room for its end");
	is_int(cb_descriptor_canonical(&desc, cb_network(CB_MAINNET), text, strlen("pkh(" KEY ")")), CB_ERR_CAPACITY, "but no less");
}

static void
test_canonical_differs(void)
{
	static const char *const pairs[][2] = {
		{"wpkh(" XPUB "/*)", "wpkh(" XPUB "/0/*)"},
		{"wpkh(" XPUB "/*)", "pkh(" XPUB "/*)"},
		{"wpkh(" XPUB ")", "wpkh(" XPUB "/*)"},
		{"wsh(sortedmulti(1," KEY_A "," KEY_B "))", "wsh(sortedmulti(2," KEY_A "," KEY_B "))"},
		{"pkh(" KEY ")", "pkh(02" KEY_X ")"}
	};

	for (size_t i = 0; i < LENGTH_OF(pairs); i++)
	{
		char		text[CB_DESCRIPTOR_MAX_TEXT];

		memcpy(text, canonical(pairs[i][0]), sizeof(text));
		ok(strcmp(canonical(pairs[i][1]), text) != 0, "%s is not %s", pairs[i][0], pairs[i][1]);
	}
}

static void
test_private(void)
{
	static const char *const private_texts[] = {
		XPRV,
		"wpkh(" XPRV "/*)",
		"wpkh([deadbeef/0h]" XPRV "/0h/*h)#00000000",
		"wpkh(" WIF ")",
		"pkh(" WIF_UNCOMPRESSED ")",
		"wsh(sortedmulti(2," KEY "," WIF "))",
		"tr(" KEY_X ",{pk(" WIF ")})",
		"my key is " WIF ", keep it",
		"xprv9s21",
		"garbage((( tprv8ZgxMBicQ)",
		"zprvAdG4iTXWBoARxkkzNpNh8r6Qag3irQB8PzEMkAFeTRXxHpbF9z4QgEvBRmfvqWvGp42t42nvgGpNgYSJA9iefm1yYNZKEm7z6qUWCroSQnE",
		XPUB XPRV,
		"cNJFgo1driFnPcBdBX8BrJrpxchBWXwXCvNH5SoSkdcF6JXXwHMm",
		"92Pg46rUhgTT7romnV7iGW6W1gbGdeezqdbJCzShkCsYNzyyNcc"
	};
	static const char *const public_texts[] = {
		"",
		XPUB, TPUB, ZPUB, KEY, KEY_X, KEY_UNCOMPRESSED,
		"bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr",
		"1LqBGSKuX5yYUonjxT5qGfpUsXKYYWeabA",
		"express", "prv", "an xpr v",
		/* the length of a private key, but not its alphabet */
		"L0rK1yDtCWekvXuE6oXD9jCYfFNV2cWRpVuPLBcCU2z8TrisoyY1"
	};
	CbDescriptor desc;

	for (size_t i = 0; i < LENGTH_OF(private_texts); i++)
		is_int(parse(private_texts[i], &desc), CB_ERR_DESCRIPTOR_PRIVATE, "private text %zu", i);
	for (size_t i = 0; i < LENGTH_OF(public_texts); i++)
		ok(!cb_text_has_private_key(public_texts[i], strlen(public_texts[i])), "public text \"%s\"", public_texts[i]);
}

static void
test_refusals(void)
{
	static const struct
	{
		const char *text;
		CbResult	result;
	}			refusals[] = {
		{"wpkh(" XPUB "/0'/*)", CB_ERR_DESCRIPTOR_HARDENED},
		{"wpkh(" XPUB "/0h/*)", CB_ERR_DESCRIPTOR_HARDENED},
		{"wpkh(" XPUB "/0H)", CB_ERR_DESCRIPTOR_HARDENED},
		{"wpkh(" XPUB "/*')", CB_ERR_DESCRIPTOR_HARDENED},
		{"tr(" XPUB "/0/*h)", CB_ERR_DESCRIPTOR_HARDENED},
		{XPUB, CB_ERR_DESCRIPTOR_BARE_KEY},
		{XPUB "/0/*", CB_ERR_DESCRIPTOR_BARE_KEY},
		{"[deadbeef/0h]" XPUB, CB_ERR_DESCRIPTOR_BARE_KEY},
		{TPUB, CB_ERR_DESCRIPTOR_BARE_KEY},
		{ZPUB, CB_ERR_DESCRIPTOR_BARE_KEY},
		{"wpkh(" ZPUB "/0/*)", CB_ERR_UNSUPPORTED},
		{"sh(wpkh(ypub6Ww3ibxVfGzLrAH1PNcjyAWenMTbbAosGNB6VvmSEgytSER9azLDWCxoJwW7Ke7icmizBMXrzBx9979FfaHxHcrArf3zbeJJJUZPf663zsP/0/*))", CB_ERR_UNSUPPORTED},
		{"wpkh(" TPUB "/0/*)", CB_ERR_NETWORK},
		{"combo(" KEY ")", CB_ERR_DESCRIPTOR_TYPE},
		{"pk(" KEY ")", CB_ERR_DESCRIPTOR_TYPE},
		{"multi(1," KEY ")", CB_ERR_DESCRIPTOR_TYPE},
		{"sortedmulti(1," KEY ")", CB_ERR_DESCRIPTOR_TYPE},
		{"addr(1LqBGSKuX5yYUonjxT5qGfpUsXKYYWeabA)", CB_ERR_DESCRIPTOR_TYPE},
		{"raw(deadbeef)", CB_ERR_DESCRIPTOR_TYPE},
		{"rawtr(" KEY_X ")", CB_ERR_DESCRIPTOR_TYPE},
		{"wsh(multi(1," KEY "))", CB_ERR_DESCRIPTOR_TYPE},
		{"wsh(pkh(" KEY "))", CB_ERR_DESCRIPTOR_TYPE},
		{"sh(sortedmulti(1," KEY "))", CB_ERR_DESCRIPTOR_TYPE},
		{"sh(wsh(sortedmulti(1," KEY ")))", CB_ERR_DESCRIPTOR_TYPE},
		{"sh(pkh(" KEY "))", CB_ERR_DESCRIPTOR_TYPE},
		{"tr(" KEY_X ",pk(" KEY_X "))", CB_ERR_DESCRIPTOR_TYPE},
		{"tr(musig(" KEY "," KEY_A "))", CB_ERR_DESCRIPTOR_TYPE},
		{"wpkh(pkh(" KEY "))", CB_ERR_DESCRIPTOR_TYPE},
		{"wpkh(" XPUB "/<0;1>/*)", CB_ERR_UNSUPPORTED},
		{"wpkh(" KEY_UNCOMPRESSED ")", CB_ERR_UNSUPPORTED},
		{"pkh(" KEY_UNCOMPRESSED ")", CB_ERR_UNSUPPORTED},
		{"wpkh(" XPUB "/1/2/3/4/5/6/7/8/9/10/*)", CB_OK},
		{"wpkh(" XPUB "/1/2/3/4/5/6/7/8/9/10/11/*)", CB_ERR_UNSUPPORTED},
		{"wpkh(" XPUB "/2147483647)", CB_OK},
		{"wpkh(" XPUB "/2147483648)", CB_ERR_INDEX},
		{"wpkh(" XPUB "/99999999999999999999999)", CB_ERR_INDEX},
		{"wpkh(" XPUB "/1aa)", CB_ERR_DESCRIPTOR},
		{"wpkh(" XPUB "/-1)", CB_ERR_DESCRIPTOR},
		{"wpkh(" XPUB "/)", CB_ERR_DESCRIPTOR},
		{"wpkh(" XPUB "//*)", CB_ERR_DESCRIPTOR},
		{"wpkh(" XPUB "/*/0)", CB_ERR_DESCRIPTOR},
		{"wpkh(" XPUB "/**)", CB_ERR_DESCRIPTOR},
		{"wpkh(" KEY "/0)", CB_ERR_DESCRIPTOR},
		{"wpkh([deadbeef/0h/0h/0h/*]" KEY ")", CB_ERR_DESCRIPTOR},
		{"wpkh([deadbeef/0h/0h/0h/]" KEY ")", CB_ERR_DESCRIPTOR},
		{"wpkh([deadbef/0h/0h/0h]" KEY ")", CB_ERR_DESCRIPTOR},
		{"wpkh([deadbeeef/0h/0h/0h]" KEY ")", CB_ERR_DESCRIPTOR},
		{"wpkh([deadbeef/0f/0f/0f]" KEY ")", CB_ERR_DESCRIPTOR},
		{"wpkh([deadbeef/-0/-0/-0]" KEY ")", CB_ERR_DESCRIPTOR},
		{"wpkh([deadbeef/2147483648]" KEY ")", CB_ERR_INDEX},
		{"wpkh([aaaaaaaa][aaaaaaaa]" KEY ")", CB_ERR_KEY},
		{"wpkh(aaaaaaaa]" KEY ")", CB_ERR_KEY},
		{"wpkh([gaaaaaaa]" KEY ")", CB_ERR_DESCRIPTOR},
		{"wpkh([deadbeef])", CB_ERR_DESCRIPTOR},
		{"wpkh([deadbeef", CB_ERR_DESCRIPTOR},
		{"wpkh([dead", CB_ERR_DESCRIPTOR},
		{"wpkh()", CB_ERR_DESCRIPTOR},
		{"wpkh(", CB_ERR_DESCRIPTOR},
		{"wpkh", CB_ERR_DESCRIPTOR},
		{"", CB_ERR_DESCRIPTOR},
		{KEY, CB_ERR_DESCRIPTOR},
		{"wpkh(" KEY, CB_ERR_DESCRIPTOR},
		{"wpkh(" KEY "))", CB_ERR_DESCRIPTOR},
		{"wpkh(" KEY ") ", CB_ERR_DESCRIPTOR},
		{" wpkh(" KEY ")", CB_ERR_DESCRIPTOR},
		{"wpkh( " KEY ")", CB_ERR_KEY},
		{"wpkh(" KEY "," KEY_A ")", CB_ERR_DESCRIPTOR},
		{"sh(wpkh(" KEY ")", CB_ERR_DESCRIPTOR},
		{"wpkh(" KEY_X ")", CB_ERR_KEY},
		{"wpkh(05" KEY_X ")", CB_ERR_KEY},
		{"tr(ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff)", CB_ERR_KEY},
		{"wpkh(020000000000000000000000000000000000000000000000000000000000000005)", CB_ERR_KEY},
		{"wpkh(xpub6ERApfZwUNrhLCkDtcHTcxd75RbzS1ed54G1LkBUHQVHQKqhMkhgbmJbZRkrgZw4koxb5JaHWkY4ALHY2grBGRjaDMzQLcgJvLJuZZvRcEM/*)", CB_ERR_KEY},
		{"wsh(sortedmulti(0," KEY "))", CB_ERR_COUNT},
		{"wsh(sortedmulti(2," KEY "))", CB_ERR_COUNT},
		{"wsh(sortedmulti(4294967297," KEY "))", CB_ERR_COUNT},
		{"wsh(sortedmulti(a," KEY "))", CB_ERR_DESCRIPTOR},
		{"wsh(sortedmulti(1))", CB_ERR_DESCRIPTOR},
		{"wsh(sortedmulti(1,))", CB_ERR_DESCRIPTOR},
		{"wsh(sortedmulti(" KEY "))", CB_ERR_DESCRIPTOR}
	};
	char		text[CB_DESCRIPTOR_MAX_TEXT + 2] = "wsh(sortedmulti(1";
	CbDescriptor desc;

	for (size_t i = 0; i < LENGTH_OF(refusals); i++)
		is_int(parse(refusals[i].text, &desc), refusals[i].result, "%s", refusals[i].text);

	is_int(cb_descriptor_parse("wpkh(" TPUB "/0/*)", strlen("wpkh(" TPUB "/0/*)"), cb_network(CB_REGTEST), &desc), CB_OK,
		   "tpub on regtest");
	is_int(cb_descriptor_parse("wpkh(" XPUB "/0/*)", strlen("wpkh(" XPUB "/0/*)"), cb_network(CB_REGTEST), &desc), CB_ERR_NETWORK,
		   "but not xpub");

	for (int i = 0; i < 16; i++)
		strcat(text, "," KEY);
	strcat(text, "))");
	is_int(parse(text, &desc), CB_ERR_UNSUPPORTED, "sixteen keys");
	memset(text, 'a', CB_DESCRIPTOR_MAX_TEXT + 1);
	text[CB_DESCRIPTOR_MAX_TEXT + 1] = '\0';
	is_int(parse(text, &desc), CB_ERR_LENGTH, "too long a text");
}

/* Where a key of wpkh() comes from, as a descriptor would say; lives until called again. */
static const char *
origin(const char *key)
{
	static char said[256];
	char		text[CB_DESCRIPTOR_MAX_TEXT];
	CbDescriptor desc;
	CbResult	result;
	int			len = 8;

	snprintf(text, sizeof(text), "wpkh(%s)", key);
	result = parse(text, &desc);
	if (result != CB_OK)
		return cb_result_message(result);
	if (!desc.keys[0].has_origin)
		return "unknown";
	cb_hex_encode(desc.keys[0].fingerprint, 4, said);
	for (int i = 0; i < desc.keys[0].n_steps; i++)
	{
		uint32_t	step = desc.keys[0].path[i];

		len += snprintf(said + len, sizeof(said) - (size_t) len, "/%u%s", step & ~CB_BIP32_HARDENED,
						step & CB_BIP32_HARDENED ? "h" : "");
	}
	said[len] = '\0';
	return said;
}

/* The fingerprints of keys that have no origin are BIP-32's own. */
static void
test_origins(void)
{
	is_str(origin("[73c5da0a/84h/0'/0h]" XPUB_84 "/0/*"), "73c5da0a/84h/0h/0h/0", "a named master, and the steps behind its account");
	is_str(origin("[73C5DA0A]" XPUB_84 "/1/2/*"), "73c5da0a/1/2", "a master without steps");
	is_str(origin(XPUB_84 "/7/*"), "fd13aac9/7", "a key of which nothing is said is its own master");
	is_str(origin(XPUB_84 "/*"), "fd13aac9", "also without a step");
	is_str(origin("[00000001/2147483647h]" KEY), "00000001/2147483647h", "a plain key has an origin too");
	is_str(origin("[00000001/1/2/3/4/5/6/7/8/9/10]" XPUB_84 "/1/2/3/4/5/6/7/8/9/10/*"),
		   "00000001/1/2/3/4/5/6/7/8/9/10/1/2/3/4/5/6/7/8/9/10", "as many steps as there may be");
	is_str(origin("[00000001/1/2/3/4/5/6/7/8/9/10/11]" XPUB_84 "/*"), "unknown", "one more is not remembered");
	is_str(origin("[0000000g]" KEY), cb_result_message(CB_ERR_DESCRIPTOR), "no fingerprint");
}

static void
test_spends(void)
{
	CbDescriptor desc;
	CbDescriptorSpend spend;
	CbScriptBuf script;
	uint8_t		hash[32];

	is_int(parse("sh(wpkh(" XPUB_84 "/0/*))", &desc), CB_OK, "a nested key");
	is_int(cb_descriptor_spend(&desc, 5, &spend), CB_OK, "how its script is spent");
	cb_descriptor_script(&desc, 5, &script);
	cb_hash160(spend.redeem_script.data, spend.redeem_script.len, hash);
	ok(memcmp(script.data + 2, hash, 20) == 0, "by a redeem script that has the hash");
	is_int((int64_t) spend.witness_script_len, 0, "and no witness script");

	is_int(parse("wsh(sortedmulti(2," XPUB_84 "/0/*," XPUB_86 "/0/*," KEY "))", &desc), CB_OK, "three keys");
	is_int(cb_descriptor_spend(&desc, 7, &spend), CB_OK, "how their script is spent");
	cb_descriptor_script(&desc, 7, &script);
	cb_sha256(spend.witness_script, spend.witness_script_len, hash);
	ok(memcmp(script.data + 2, hash, 32) == 0, "by a witness script that has the hash");
	is_int((int64_t) spend.redeem_script.len, 0, "and no redeem script");
	for (int i = 0; i < 3; i++)
	{
		uint8_t		child[33];
		uint8_t		chain_code[32];

		if (desc.keys[i].is_ranged)
			cb_bip32_derive(desc.keys[i].pubkey, desc.keys[i].chain_code, 7, child, chain_code);
		else
			memcpy(child, desc.keys[i].pubkey, 33);
		ok(memcmp(child, spend.pubkeys[i], 33) == 0, "key %d stands where its origin does", i);
	}
	is_int(cb_descriptor_spend(&desc, UINT32_C(0x80000000), &spend), CB_ERR_INDEX, "no hardened index");
}

static CbResult
parse(const char *text, CbDescriptor *desc)
{
	return cb_descriptor_parse(text, strlen(text), cb_network(CB_MAINNET), desc);
}

/* Of a descriptor of the main network; lives until called three times more. */
static const char *
script_hex(const char *descriptor, uint32_t index)
{
	static char buffers[3][2 * CB_MAX_ADDRESS_SCRIPT + 1];
	static int	next = 0;
	char	   *hex = buffers[next++ % 3];
	CbDescriptor desc;
	CbScriptBuf script;
	CbResult	result = parse(descriptor, &desc);

	if (result == CB_OK)
		result = cb_descriptor_script(&desc, index, &script);
	if (result != CB_OK)
		return cb_result_message(result);
	cb_hex_encode(script.data, script.len, hex);
	hex[2 * script.len] = '\0';
	return hex;
}

/* Lives until called again, all of it readable. */
static const char *
canonical(const char *descriptor)
{
	static char text[CB_DESCRIPTOR_MAX_TEXT];
	char		written[CB_DESCRIPTOR_MAX_TEXT];
	CbDescriptor desc;
	CbResult	result = parse(descriptor, &desc);

	if (result == CB_OK)
		result = cb_descriptor_canonical(&desc, cb_network(CB_MAINNET), written, sizeof(written));
	memset(text, 0, sizeof(text));
	strcpy(text, result == CB_OK ? written : cb_result_message(result));
	return text;
}
