/*-------------------------------------------------------------------------
 *
 * cb_hash.c
 *	  Bitcoin's hash functions, computed by libcrypto.
 *
 * libcrypto's low-level functions are used although OpenSSL 3 prefers its
 * EVP interface: an EVP context is allocated and can fail, and for the small
 * inputs that are hashed here costs more than the hash.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "cb_hash.h"

#include <openssl/crypto.h>
#include <openssl/ripemd.h>
#include <openssl/sha.h>
#include <string.h>

static void sha256_spans(SHA256_CTX *ctx, const CbSpan *spans, size_t nspans, uint8_t out[32]);
static void hmac_pad(const uint8_t key_block[SHA512_CBLOCK], uint8_t with, uint8_t pad[SHA512_CBLOCK]);

/* Hash what ctx has already taken, then the spans. */
static void
sha256_spans(SHA256_CTX *ctx, const CbSpan *spans, size_t nspans, uint8_t out[32])
{
	for (size_t i = 0; i < nspans; i++)
		SHA256_Update(ctx, spans[i].data, spans[i].len);
	SHA256_Final(out, ctx);
}

void
cb_sha256(const uint8_t *data, size_t len, uint8_t out[32])
{
	SHA256_CTX	ctx;
	CbSpan		span = {data, len};

	SHA256_Init(&ctx);
	sha256_spans(&ctx, &span, 1, out);
}

void
cb_sha256d(const uint8_t *data, size_t len, CbHash256 *out)
{
	CbSpan		span = {data, len};

	cb_sha256d_spans(&span, 1, out);
}

void
cb_sha256d_spans(const CbSpan *spans, size_t nspans, CbHash256 *out)
{
	SHA256_CTX	ctx;
	uint8_t		once[32];

	SHA256_Init(&ctx);
	sha256_spans(&ctx, spans, nspans, once);
	cb_sha256(once, sizeof(once), out->bytes);
}

void
cb_hash160(const uint8_t *data, size_t len, uint8_t out[20])
{
	RIPEMD160_CTX ctx;
	uint8_t		inner[32];

	cb_sha256(data, len, inner);
	RIPEMD160_Init(&ctx);
	RIPEMD160_Update(&ctx, inner, sizeof(inner));
	RIPEMD160_Final(out, &ctx);
}

void
cb_tagged_hash(const char *tag, const CbSpan *spans, size_t nspans, uint8_t out[32])
{
	SHA256_CTX	ctx;
	uint8_t		tag_hash[32];

	cb_sha256((const uint8_t *) tag, strlen(tag), tag_hash);
	SHA256_Init(&ctx);
	SHA256_Update(&ctx, tag_hash, sizeof(tag_hash));
	SHA256_Update(&ctx, tag_hash, sizeof(tag_hash));
	sha256_spans(&ctx, spans, nspans, out);
}

static void
hmac_pad(const uint8_t key_block[SHA512_CBLOCK], uint8_t with, uint8_t pad[SHA512_CBLOCK])
{
	for (size_t i = 0; i < SHA512_CBLOCK; i++)
		pad[i] = key_block[i] ^ with;
}

/*
 * RFC 2104 written out: libcrypto's own HMAC() allocates, and may fail.
 */
void
cb_hmac_sha512(const uint8_t *key, size_t key_len, const uint8_t *data, size_t len, uint8_t out[64])
{
	SHA512_CTX	ctx;
	uint8_t		key_block[SHA512_CBLOCK] = {0};
	uint8_t		pad[SHA512_CBLOCK];
	uint8_t		inner[64];

	if (key_len > sizeof(key_block))
	{
		SHA512_Init(&ctx);
		SHA512_Update(&ctx, key, key_len);
		SHA512_Final(key_block, &ctx);
	}
	else if (key_len > 0)
		memcpy(key_block, key, key_len);

	hmac_pad(key_block, 0x36, pad);
	SHA512_Init(&ctx);
	SHA512_Update(&ctx, pad, sizeof(pad));
	SHA512_Update(&ctx, data, len);
	SHA512_Final(inner, &ctx);

	hmac_pad(key_block, 0x5c, pad);
	SHA512_Init(&ctx);
	SHA512_Update(&ctx, pad, sizeof(pad));
	SHA512_Update(&ctx, inner, sizeof(inner));
	SHA512_Final(out, &ctx);

	OPENSSL_cleanse(key_block, sizeof(key_block));
	OPENSSL_cleanse(pad, sizeof(pad));
}
