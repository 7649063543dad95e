/*-------------------------------------------------------------------------
 *
 * cb_base64.h
 *	  Standard base64 (RFC 4648), strict.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_BASE64_H
#define CB_BASE64_H

#include "cb_bytes.h"

/*
 * With its padding, nothing around it and no bits to spare, else
 * CB_ERR_CHARACTER; CB_ERR_CAPACITY for more than fits.
 */
extern CbResult cb_base64_decode(const char *text, size_t text_len, uint8_t *out, size_t capacity, size_t *written);

/* Bytes of the text of so many bytes, without terminator. */
extern size_t cb_base64_size(size_t len);
/* Writes cb_base64_size(len) characters, or CB_ERR_CAPACITY. */
extern CbResult cb_base64_encode(const uint8_t *data, size_t len, char *out, size_t capacity);

#endif							/* CB_BASE64_H */
