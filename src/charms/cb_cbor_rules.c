/*-------------------------------------------------------------------------
 *
 * cb_cbor_rules.c
 *	  What makes a CBOR head canonical, and a text valid.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_cbor_internal.h"

/* The only NaN that is canonical, in 16 bits. */
#define CANONICAL_NAN 0x7e00

#define TAG_BIG_POSITIVE 2
#define TAG_BIG_NEGATIVE 3

static bool is_shortest_number(const CbCborHead *head);
static bool float_fits(uint64_t bits, int exponent_bits, int fraction_bits);
static bool is_shortest_float(const CbCborHead *head);
static size_t utf8_length(uint8_t first);
static bool utf8_second_fits(uint8_t first, uint8_t second);

static bool
is_shortest_number(const CbCborHead *head)
{
	switch (head->size)
	{
		case 0:
			return true;
		case 1:
			return head->value >= 24;
		case 2:
			return head->value > UINT8_MAX;
		case 4:
			return head->value > UINT16_MAX;
		default:
			return head->value > UINT32_MAX;
	}
}

/* Whether a shorter format holds the value of a finite double or infinity. */
static bool
float_fits(uint64_t bits, int exponent_bits, int fraction_bits)
{
	const int	bias = (1 << (exponent_bits - 1)) - 1;
	uint64_t	fraction = bits & ((UINT64_C(1) << 52) - 1);
	int			exponent = (int) (bits >> 52 & 0x7ff);
	int			lost;

	if (exponent == 0x7ff || (exponent == 0 && fraction == 0))
		return true;
	exponent -= 1023;
	if (exponent > bias)
		return false;
	/* Digits at the end for which there is no room; more for a subnormal. */
	lost = 52 - fraction_bits;
	if (exponent < 1 - bias)
		lost += 1 - bias - exponent;
	return lost <= 52 && (fraction & ((UINT64_C(1) << lost) - 1)) == 0;
}

static bool
is_shortest_float(const CbCborHead *head)
{
	uint64_t	bits = cb_cbor_float_bits(head);
	bool		is_nan = (bits & ~(UINT64_C(1) << 63)) > UINT64_C(0x7ff) << 52;

	if (is_nan)
		return head->size == 2 && head->value == CANONICAL_NAN;
	if (head->size > 2 && float_fits(bits, 5, 10))
		return false;
	return head->size <= 4 || !float_fits(bits, 8, 23);
}

bool
cb_cbor_head_is_canonical(const CbCborHead *head)
{
	if (head->indefinite || head->type == CB_CBOR_BREAK)
		return false;
	if (head->type == CB_CBOR_FLOAT)
		return is_shortest_float(head);
	if (head->type == CB_CBOR_SIMPLE)
		return head->value >= CB_CBOR_FALSE && head->value <= CB_CBOR_NULL;
	if (head->type == CB_CBOR_TAG && head->value != TAG_BIG_POSITIVE && head->value != TAG_BIG_NEGATIVE)
		return false;
	return is_shortest_number(head);
}

/* Bytes of the character that begins with this one; 0 where none does. */
static size_t
utf8_length(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2)
		return 0;
	if (first < 0xe0)
		return 2;
	if (first < 0xf0)
		return 3;
	return first < 0xf5 ? 4 : 0;
}

/* Four first bytes do not take every second one. */
static bool
utf8_second_fits(uint8_t first, uint8_t second)
{
	switch (first)
	{
		case 0xe0:
			return second >= 0xa0;
		case 0xed:
			return second < 0xa0;
		case 0xf0:
			return second >= 0x90;
		case 0xf4:
			return second < 0x90;
		default:
			return true;
	}
}

bool
cb_cbor_text_is_valid(CbSpan text)
{
	size_t		len;

	for (size_t at = 0; at < text.len; at += len)
	{
		len = utf8_length(text.data[at]);
		if (len == 0 || len > text.len - at)
			return false;
		for (size_t i = 1; i < len; i++)
		{
			if ((text.data[at + i] & 0xc0) != 0x80)
				return false;
		}
		if (len > 2 && !utf8_second_fits(text.data[at], text.data[at + 1]))
			return false;
	}
	return true;
}
