/*-------------------------------------------------------------------------
 *
 * cb_hash.h
 *	  Bitcoin's hash functions, computed by libcrypto.
 *
 * Every out buffer belongs to the caller.  Nothing is allocated.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_HASH_H
#define CB_HASH_H

#include "cb_bytes.h"

/* A 32-byte hash in wire order (the order in which SHA-256 gives it). */
typedef struct CbHash256
{
	uint8_t		bytes[32];
} CbHash256;

extern void cb_sha256(const uint8_t *data, size_t len, uint8_t out[32]);
/* SHA-256 of SHA-256. */
extern void cb_sha256d(const uint8_t *data, size_t len, CbHash256 *out);
/* The same over several spans in a row, without joining them first. */
extern void cb_sha256d_spans(const CbSpan *spans, size_t nspans, CbHash256 *out);
/* RIPEMD-160 of SHA-256. */
extern void cb_hash160(const uint8_t *data, size_t len, uint8_t out[20]);
/* BIP-340: SHA-256(SHA-256(tag) || SHA-256(tag) || data). */
extern void cb_tagged_hash(const char *tag, const CbSpan *spans, size_t nspans, uint8_t out[32]);
/* For BIP-32. */
extern void cb_hmac_sha512(const uint8_t *key, size_t key_len, const uint8_t *data, size_t len, uint8_t out[64]);

#endif							/* CB_HASH_H */
