/*-------------------------------------------------------------------------
 *
 * cb_base58.c
 *	  base58, and base58 with a checksum.
 *
 * Converting between bases is quadratic, so text is limited to
 * BASE58_MAX_TEXT characters in both directions: whatever is encoded here can
 * be decoded here.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_address.h"

#include <string.h>

#define BASE58_MAX_TEXT 512
#define CHECKSUM_SIZE 4

static const char base58_alphabet[] =
"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

static int	base58_digit(char c);
static size_t count_leading(const uint8_t *data, size_t len, uint8_t value);
static void append_digit(uint8_t *number, size_t *number_len, unsigned from_base, unsigned to_base, unsigned digit);
static void checksum(const uint8_t *data, size_t len, uint8_t out[CHECKSUM_SIZE]);

CbResult
cb_base58_decode(const char *text, size_t text_len, uint8_t *out, size_t capacity, size_t *written)
{
	uint8_t		number[BASE58_MAX_TEXT];	/* base 256, least significant first */
	size_t		number_len = 0;
	size_t		zeros;

	if (text_len > BASE58_MAX_TEXT)
		return CB_ERR_LENGTH;

	zeros = count_leading((const uint8_t *) text, text_len, (uint8_t) base58_alphabet[0]);
	for (size_t i = zeros; i < text_len; i++)
	{
		int			digit = base58_digit(text[i]);

		if (digit < 0)
			return CB_ERR_CHARACTER;
		append_digit(number, &number_len, 58, 256, (unsigned) digit);
	}
	if (zeros + number_len > capacity)
		return CB_ERR_CAPACITY;

	for (size_t i = 0; i < zeros; i++)
		out[i] = 0;
	for (size_t i = 0; i < number_len; i++)
		out[zeros + i] = number[number_len - 1 - i];
	*written = zeros + number_len;
	return CB_OK;
}

CbResult
cb_base58_encode(const uint8_t *data, size_t len, char *out, size_t capacity)
{
	/* A byte adds up to two digits before the limit is checked. */
	uint8_t		number[BASE58_MAX_TEXT + 2];	/* base 58, least significant
												 * first */
	size_t		number_len = 0;
	size_t		zeros = count_leading(data, len, 0);

	if (zeros > BASE58_MAX_TEXT)
		return CB_ERR_LENGTH;
	for (size_t i = zeros; i < len; i++)
	{
		append_digit(number, &number_len, 256, 58, data[i]);
		if (zeros + number_len > BASE58_MAX_TEXT)
			return CB_ERR_LENGTH;
	}
	if (zeros + number_len + 1 > capacity)
		return CB_ERR_CAPACITY;

	memset(out, base58_alphabet[0], zeros);
	for (size_t i = 0; i < number_len; i++)
		out[zeros + i] = base58_alphabet[number[number_len - 1 - i]];
	out[zeros + number_len] = '\0';
	return CB_OK;
}

CbResult
cb_base58check_decode(const char *text, size_t text_len, uint8_t *out, size_t capacity, size_t *written)
{
	uint8_t		raw[BASE58_MAX_TEXT];
	uint8_t		expected[CHECKSUM_SIZE];
	size_t		raw_len;
	size_t		len;
	CbResult	result = cb_base58_decode(text, text_len, raw, sizeof(raw), &raw_len);

	if (result != CB_OK)
		return result;
	if (raw_len < CHECKSUM_SIZE)
		return CB_ERR_CHECKSUM;
	len = raw_len - CHECKSUM_SIZE;
	checksum(raw, len, expected);
	if (memcmp(raw + len, expected, CHECKSUM_SIZE) != 0)
		return CB_ERR_CHECKSUM;
	if (len > capacity)
		return CB_ERR_CAPACITY;

	memcpy(out, raw, len);
	*written = len;
	return CB_OK;
}

CbResult
cb_base58check_encode(const uint8_t *data, size_t len, char *out, size_t capacity)
{
	uint8_t		raw[BASE58_MAX_TEXT];

	if (len > sizeof(raw) - CHECKSUM_SIZE)
		return CB_ERR_LENGTH;
	memcpy(raw, data, len);
	checksum(data, len, raw + len);
	return cb_base58_encode(raw, len + CHECKSUM_SIZE, out, capacity);
}

static int
base58_digit(char c)
{
	const char *found = (c == '\0') ? NULL : strchr(base58_alphabet, c);

	return found == NULL ? -1 : (int) (found - base58_alphabet);
}

static size_t
count_leading(const uint8_t *data, size_t len, uint8_t value)
{
	size_t		n = 0;

	while (n < len && data[n] == value)
		n++;
	return n;
}

/*
 * number = number * from_base + digit, where number is written in to_base,
 * least significant digit first.
 */
static void
append_digit(uint8_t *number, size_t *number_len, unsigned from_base, unsigned to_base, unsigned digit)
{
	unsigned	carry = digit;

	for (size_t i = 0; i < *number_len; i++)
	{
		carry += number[i] * from_base;
		number[i] = (uint8_t) (carry % to_base);
		carry /= to_base;
	}
	while (carry > 0)
	{
		number[(*number_len)++] = (uint8_t) (carry % to_base);
		carry /= to_base;
	}
}

static void
checksum(const uint8_t *data, size_t len, uint8_t out[CHECKSUM_SIZE])
{
	CbHash256	hash;

	cb_sha256d(data, len, &hash);
	memcpy(out, hash.bytes, CHECKSUM_SIZE);
}
