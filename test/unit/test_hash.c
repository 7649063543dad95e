/*-------------------------------------------------------------------------
 *
 * test_hash.c
 *	  Hash functions against published values, and the networks' genesis
 *	  hashes against their headers.
 *
 * Sources: FIPS 180 and RFC 4231 examples; BIP-32 and BIP-340 vectors; the
 * genesis headers of the networks.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_block.h"

#include "tap.h"
#include "vectors.h"

static void
is_hex(const uint8_t *data, size_t len, const char *wanted, const char *what)
{
	char		hex[129] = {0};

	cb_hex_encode(data, len, hex);
	is_str(hex, wanted, "%s", what);
}

static void
test_sha256(void)
{
	uint8_t		million[1000];
	CbSpan		spans[1000];
	CbHash256	hash;
	CbHash256	joined;
	uint8_t		out[32];

	cb_sha256(NULL, 0, out);
	is_hex(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "sha256 of nothing");
	cb_sha256((const uint8_t *) "abc", 3, out);
	is_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "sha256 of abc");
	cb_sha256d((const uint8_t *) "hello", 5, &hash);
	is_hex(hash.bytes, 32, "9595c9df90075148eb06860365df33584b75bff782a510c6cd4883a419833d50", "sha256d of hello");

	memset(million, 'a', sizeof(million));
	for (int i = 0; i < 1000; i++)
		spans[i] = (CbSpan) {million + i, i % 3 == 0 ? 1 : 0};
	cb_sha256d_spans(spans, 1000, &hash);
	cb_sha256d(million, 334, &joined);
	ok(memcmp(&hash, &joined, sizeof(hash)) == 0, "spans hash as if joined");
	cb_sha256d_spans(NULL, 0, &hash);
	is_hex(hash.bytes, 32, "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456", "sha256d of nothing");
}

static void
test_others(void)
{
	size_t		len;
	uint8_t    *key = hex_bytes("0339a36013301597daef41fbe593a02cc513d0b55527ec2df1050e2e8ff49c85c2", &len);
	uint8_t		long_key[131];
	uint8_t		out[64];
	CbSpan		spans[2] = {{(const uint8_t *) "a", 1}, {(const uint8_t *) "bc", 2}};
	CbSpan		joined = {(const uint8_t *) "abc", 3};
	uint8_t		again[32];
	static const char text[] = "Test Using Larger Than Block-Size Key - Hash Key First";

	cb_hash160(key, len, out);
	is_hex(out, 20, "3442193e1bb70916e914552172cd4e2dbc9df811", "hash160 of BIP-32's first master key");
	free(key);

	cb_hmac_sha512((const uint8_t *) "Jefe", 4, (const uint8_t *) "what do ya want for nothing?", 28, out);
	is_hex(out, 64, "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737", "hmac-sha512, RFC 4231 case 2");
	memset(long_key, 0xaa, sizeof(long_key));
	cb_hmac_sha512(long_key, sizeof(long_key), (const uint8_t *) text, strlen(text), out);
	is_hex(out, 64, "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598", "hmac-sha512, RFC 4231 case 6");

	cb_tagged_hash("TapTweak", spans, 2, out);
	cb_tagged_hash("TapTweak", &joined, 1, again);
	ok(memcmp(out, again, 32) == 0, "tagged hash of spans is that of their bytes");
	cb_tagged_hash("BIP0322-signed-message", NULL, 0, out);
	is_hex(out, 32, "c90c269c4f8fcbe6880f72a721ddfbf1914268a794cbb21cfafee13770ae19f1", "tagged hash of BIP-322's empty message");
}

/* The header of block 0 is made from its parts, and must have the hash. */
static void
genesis(CbNetworkId id, const char *merkle_root, uint32_t time, uint32_t nonce, const char *wanted)
{
	const CbNetwork *net = cb_network(id);
	CbHeader	header = {.version = 1, .time = time, .bits = net->pow_limit_bits, .nonce = nonce};
	uint8_t		raw[CB_HEADER_SIZE];
	char		hex[65] = {0};

	cb_hex_decode_reversed(merkle_root, 64, header.merkle_root.bytes, 32);
	cb_header_serialize(&header, raw);
	cb_hex_encode_reversed(net->genesis.bytes, 32, hex);
	is_str(hex, wanted, "genesis hash of %s", net->name);
	ok(memcmp(&header.hash, &net->genesis, 32) == 0, "genesis header of %s has it", net->name);
	is_int(cb_header_check_work(&header, net), CB_OK, "and meets its target");
	header.nonce++;
	cb_header_serialize(&header, raw);
	ok(memcmp(&header.hash, &net->genesis, 32) != 0, "another nonce gives another hash");
}

static void
test_networks(void)
{
	static const char root[] = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b";

	genesis(CB_MAINNET, root, 1231006505, 2083236893, "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f");
	genesis(CB_TESTNET3, root, 1296688602, 414098458, "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943");
	genesis(CB_TESTNET4, "7aa0a7ae1e223414cb807e40cd57e667b718e42aaf9306db9102fe28912b7b4e", 1714777860, 393743547,
			"00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043");
	genesis(CB_SIGNET, root, 1598918400, 52613770, "00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6");
	genesis(CB_REGTEST, root, 1296688602, 2, "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206");

	for (int i = 0; i < CB_NUM_NETWORKS; i++)
	{
		const CbNetwork *net = cb_network((CbNetworkId) i);

		ok(net->id == (CbNetworkId) i && cb_network_by_name(net->name) == net, "%s is found by its name", net->name);
	}
	ok(cb_network_by_name("main") == NULL, "not by Bitcoin Core's");
	ok(cb_network_by_name("") == NULL, "nor by an empty one");
}

int
main(void)
{
	test_sha256();
	test_others();
	test_networks();
	return done();
}
