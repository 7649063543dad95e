/*-------------------------------------------------------------------------
 *
 * cb_base64.c
 *	  Standard base64 (RFC 4648), strict.
 *
 * libcrypto's decoder skips white space and ignores spare bits, so that one
 * signature would have many spellings.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_base64.h"

#include <string.h>

static const char digits[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int	base64_digit(char c);

CbResult
cb_base64_decode(const char *text, size_t text_len, uint8_t *out, size_t capacity, size_t *written)
{
	uint32_t	bits = 0;
	int			n_bits = 0;
	size_t		n_digits = text_len;
	size_t		len = 0;

	if (text_len % 4 != 0)
		return CB_ERR_CHARACTER;
	while (n_digits > 0 && text_len - n_digits < 2 && text[n_digits - 1] == '=')
		n_digits--;

	for (size_t i = 0; i < n_digits; i++)
	{
		int			digit = base64_digit(text[i]);

		if (digit < 0)
			return CB_ERR_CHARACTER;
		bits = (bits << 6) | (uint32_t) digit;
		n_bits += 6;
		if (n_bits >= 8)
		{
			if (len == capacity)
				return CB_ERR_CAPACITY;
			n_bits -= 8;
			out[len++] = (uint8_t) (bits >> n_bits);
			bits &= (UINT32_C(1) << n_bits) - 1;
		}
	}
	if (bits != 0)
		return CB_ERR_CHARACTER;
	*written = len;
	return CB_OK;
}

static int
base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

size_t
cb_base64_size(size_t len)
{
	return len / 3 * 4 + (len % 3 != 0 ? 4 : 0);
}

CbResult
cb_base64_encode(const uint8_t *data, size_t len, char *out, size_t capacity)
{
	if (capacity < cb_base64_size(len))
		return CB_ERR_CAPACITY;
	for (size_t i = 0; i < len; i += 3, out += 4)
	{
		size_t		n = len - i < 3 ? len - i : 3;
		uint32_t	bits = (uint32_t) data[i] << 16;

		if (n > 1)
			bits |= (uint32_t) data[i + 1] << 8;
		if (n > 2)
			bits |= data[i + 2];
		memset(out, '=', 4);
		for (size_t k = 0; k <= n; k++)
			out[k] = digits[(bits >> (18 - 6 * k)) & 0x3f];
	}
	return CB_OK;
}
