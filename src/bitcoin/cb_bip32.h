/*-------------------------------------------------------------------------
 *
 * cb_bip32.h
 *	  Extended public keys as text (BIP-32).
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_BIP32_H
#define CB_BIP32_H

#include "cb_network.h"

/* Indexes from here on are hardened. */
#define CB_BIP32_HARDENED UINT32_C(0x80000000)

/* An extended key's text and its terminator. */
#define CB_XPUB_SIZE 113

/*
 * CB_ERR_NETWORK for another network's key, CB_ERR_UNSUPPORTED for SLIP-132's
 * (zpub and others), CB_ERR_DESCRIPTOR_PRIVATE for a private one, CB_ERR_KEY
 * for everything else.
 */
extern CbResult cb_xpub_decode(const char *text, size_t len, const CbNetwork *net, uint8_t pubkey[33], uint8_t chain_code[32]);

/* As the root of its tree: neither depth nor parent say which keys follow. */
extern CbResult cb_xpub_encode(const uint8_t pubkey[33], const uint8_t chain_code[32], const CbNetwork *net, char out[CB_XPUB_SIZE]);

/* Does the text begin like an extended public key, SLIP-132's included? */
extern bool cb_xpub_looks_like(const char *text, size_t len);

#endif							/* CB_BIP32_H */
