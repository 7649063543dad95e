/*-------------------------------------------------------------------------
 *
 * cb_address.h
 *	  Addresses: base58check, bech32 (BIP-173), bech32m (BIP-350), and
 *	  scripts from and to them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_ADDRESS_H
#define CB_ADDRESS_H

#include "cb_network.h"
#include "cb_script.h"

/* Longest address with its terminator: bech32 allows 90 characters. */
#define CB_ADDRESS_SIZE 91

/*
 * base58 of a payload and its 4-byte checksum.  Decoding gives the payload
 * without it; CB_ERR_CHARACTER, CB_ERR_CHECKSUM, CB_ERR_CAPACITY.  text_len is
 * at most 512 characters.
 */
extern CbResult cb_base58check_decode(const char *text, size_t text_len, uint8_t *out, size_t capacity, size_t *written);
extern CbResult cb_base58check_encode(const uint8_t *data, size_t len, char *out, size_t capacity);
/* Without the checksum. */
extern CbResult cb_base58_decode(const char *text, size_t text_len, uint8_t *out, size_t capacity, size_t *written);
extern CbResult cb_base58_encode(const uint8_t *data, size_t len, char *out, size_t capacity);

/* The 32 symbols of bech32, which descriptor checksums use too. */
extern const char cb_bech32_charset[33];

/* Segwit address of an hrp: witness version and program; strict as BIP-350 says. */
extern CbResult cb_segwit_decode(const char *hrp, const char *text, size_t text_len, int *version, uint8_t program[40], size_t *program_len);
extern CbResult cb_segwit_encode(const char *hrp, int version, CbSpan program, char out[CB_ADDRESS_SIZE]);

/*
 * CB_ERR_NETWORK when the address is right for another network only,
 * CB_ERR_CHECKSUM when it looks mistyped, CB_ERR_ADDRESS for everything else.
 */
extern CbResult cb_address_to_script(const char *text, size_t text_len, const CbNetwork *net, CbScriptBuf *script);
/* CB_ERR_ADDRESS where the script has no address.  out is terminated. */
extern CbResult cb_script_to_address(CbSpan script, const CbNetwork *net, char out[CB_ADDRESS_SIZE]);

#endif							/* CB_ADDRESS_H */
