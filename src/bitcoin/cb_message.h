/*-------------------------------------------------------------------------
 *
 * cb_message.h
 *	  Signed messages: BIP-322 "simple", and legacy signatures (BIP-137).
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_MESSAGE_H
#define CB_MESSAGE_H

#include "cb_address.h"

/*
 * Does the base64 signature prove that the holder of the address signed the
 * message?  *valid answers; the result is CB_OK whenever the question could be
 * judged, CB_ERR_SIGNATURE for something that is no signature at all,
 * CB_ERR_ADDRESS or CB_ERR_NETWORK for the address, CB_ERR_UNSUPPORTED for
 * scripts other than p2pkh, p2wpkh, p2sh-p2wpkh and p2tr by key.
 */
extern CbResult cb_message_verify(const char *address, const uint8_t *message, size_t message_len,
								  const char *signature, size_t signature_len, const CbNetwork *net, bool *valid);

#endif							/* CB_MESSAGE_H */
