/*-------------------------------------------------------------------------
 *
 * cb_base64.c
 *	  A strict base64 decoder for signatures.
 *
 * libcrypto's skips white space and ignores spare bits, so that one signature
 * would have many spellings.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_message_internal.h"

static int	base64_digit(char c);

CbResult
cb_base64_decode(const char *text, size_t text_len, uint8_t *out, size_t capacity, size_t *written)
{
	uint32_t	bits = 0;
	int			n_bits = 0;
	size_t		n_digits = text_len;
	size_t		len = 0;

	if (text_len % 4 != 0)
		return CB_ERR_SIGNATURE;
	while (n_digits > 0 && text_len - n_digits < 2 && text[n_digits - 1] == '=')
		n_digits--;

	for (size_t i = 0; i < n_digits; i++)
	{
		int			digit = base64_digit(text[i]);

		if (digit < 0)
			return CB_ERR_SIGNATURE;
		bits = (bits << 6) | (uint32_t) digit;
		n_bits += 6;
		if (n_bits >= 8)
		{
			if (len == capacity)
				return CB_ERR_SIGNATURE;
			n_bits -= 8;
			out[len++] = (uint8_t) (bits >> n_bits);
			bits &= (UINT32_C(1) << n_bits) - 1;
		}
	}
	if (bits != 0)
		return CB_ERR_SIGNATURE;
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
