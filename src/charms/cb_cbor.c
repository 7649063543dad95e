/*-------------------------------------------------------------------------
 *
 * cb_cbor.c
 *	  CBOR (RFC 8949): heads, single values, and looking into maps.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_cbor.h"

#include "cb_cbor_internal.h"

#include <string.h>

/* What the low five bits of an item's first byte say. */
#define INFO_ONE_BYTE 24
#define INFO_EIGHT_BYTES 27
#define INFO_INDEFINITE 31

static void fail(CbReader *r, CbResult error);
static uint64_t read_big_endian(CbReader *r, size_t len);
static void classify_indefinite(CbReader *r, CbCborHead *head);
static void classify_simple(CbReader *r, CbCborHead *head);
static uint64_t read_typed(CbReader *r, CbCborType type);
static uint64_t read_bounded(CbReader *r, CbCborType type, size_t min_size);
static uint64_t widen_float(uint64_t bits, int exponent_bits, int fraction_bits);

static void
fail(CbReader *r, CbResult error)
{
	if (r->error == CB_OK)
		r->error = error;
}

static uint64_t
read_big_endian(CbReader *r, size_t len)
{
	CbSpan		bytes = cb_read_bytes(r, len);
	uint64_t	v = 0;

	for (size_t i = 0; i < bytes.len; i++)
		v = v << 8 | bytes.data[i];
	return v;
}

static void
classify_indefinite(CbReader *r, CbCborHead *head)
{
	head->indefinite = head->type >= CB_CBOR_BYTES && head->type <= CB_CBOR_MAP;
	if (head->type == CB_CBOR_SIMPLE)
		head->type = CB_CBOR_BREAK;
	else if (!head->indefinite)
		fail(r, CB_ERR_CBOR);
}

/* Major type 7 holds floats too. */
static void
classify_simple(CbReader *r, CbCborHead *head)
{
	if (head->size > 1)
		head->type = CB_CBOR_FLOAT;
	else if (head->size == 1 && head->value < 32)
		fail(r, CB_ERR_CBOR);
}

bool
cb_cbor_read_head(CbReader *r, CbCborHead *head)
{
	uint8_t		first = cb_read_u8(r);
	uint8_t		info = first & 0x1f;

	head->type = (CbCborType) (first >> 5);
	head->indefinite = false;
	head->size = 0;
	head->value = info;
	if (info == INFO_INDEFINITE)
		classify_indefinite(r, head);
	else if (info > INFO_EIGHT_BYTES)
		fail(r, CB_ERR_CBOR);
	else
	{
		if (info >= INFO_ONE_BYTE)
		{
			head->size = (uint8_t) (1 << (info - INFO_ONE_BYTE));
			head->value = read_big_endian(r, head->size);
		}
		if (head->type == CB_CBOR_SIMPLE)
			classify_simple(r, head);
	}
	return r->error == CB_OK;
}

bool
cb_cbor_next_is(const CbReader *r, CbCborType type)
{
	CbReader	ahead = *r;
	CbCborHead	head;

	return cb_cbor_read_head(&ahead, &head) && head.type == type;
}

static uint64_t
read_typed(CbReader *r, CbCborType type)
{
	CbCborHead	head;

	if (!cb_cbor_read_head(r, &head))
		return 0;
	if (head.type != type)
		fail(r, CB_ERR_CBOR_TYPE);
	else if (!cb_cbor_head_is_canonical(&head))
		fail(r, CB_ERR_CBOR);
	return r->error == CB_OK ? head.value : 0;
}

/* A length or count that the rest of the input can hold. */
static uint64_t
read_bounded(CbReader *r, CbCborType type, size_t min_size)
{
	uint64_t	n = read_typed(r, type);

	if (n > cb_reader_left(r) / min_size)
	{
		fail(r, CB_ERR_TRUNCATED);
		return 0;
	}
	return n;
}

uint64_t
cb_cbor_read_uint(CbReader *r)
{
	return read_typed(r, CB_CBOR_UNSIGNED);
}

CbSpan
cb_cbor_read_bytes(CbReader *r)
{
	size_t		len = (size_t) read_bounded(r, CB_CBOR_BYTES, 1);

	return cb_read_bytes(r, len);
}

CbSpan
cb_cbor_read_text(CbReader *r)
{
	size_t		len = (size_t) read_bounded(r, CB_CBOR_TEXT, 1);
	CbSpan		text = cb_read_bytes(r, len);

	if (!cb_cbor_text_is_valid(text))
		fail(r, CB_ERR_CHARACTER);
	return text;
}

uint64_t
cb_cbor_read_array(CbReader *r)
{
	return read_bounded(r, CB_CBOR_ARRAY, 1);
}

uint64_t
cb_cbor_read_map(CbReader *r)
{
	return read_bounded(r, CB_CBOR_MAP, 2);
}

bool
cb_cbor_read_bool(CbReader *r)
{
	uint64_t	v = read_typed(r, CB_CBOR_SIMPLE);

	if (v != CB_CBOR_FALSE && v != CB_CBOR_TRUE)
		fail(r, CB_ERR_CBOR_TYPE);
	return r->error == CB_OK && v == CB_CBOR_TRUE;
}

void
cb_cbor_read_byte_array(CbReader *r, uint8_t *out, size_t len)
{
	if (cb_cbor_read_array(r) != len)
		fail(r, CB_ERR_LENGTH);
	for (size_t i = 0; i < len; i++)
	{
		uint64_t	v = cb_cbor_read_uint(r);

		if (v > UINT8_MAX)
			fail(r, CB_ERR_CBOR_TYPE);
		out[i] = (uint8_t) v;
	}
}

/* The bits of a double that has the same value. */
static uint64_t
widen_float(uint64_t bits, int exponent_bits, int fraction_bits)
{
	const uint64_t max_exponent = (UINT64_C(1) << exponent_bits) - 1;
	uint64_t	sign = bits >> (exponent_bits + fraction_bits) << 63;
	uint64_t	exponent = bits >> fraction_bits & max_exponent;
	uint64_t	fraction = bits << (52 - fraction_bits) & ((UINT64_C(1) << 52) - 1);
	uint64_t	rebias = 1023 - (max_exponent >> 1);

	if (exponent == max_exponent)
		return sign | UINT64_C(0x7ff) << 52 | fraction;
	if (exponent == 0 && fraction == 0)
		return sign;
	if (exponent == 0)
	{
		/* What is subnormal there is normal here: find its first digit. */
		exponent = 1;
		for (; (fraction >> 52) == 0; fraction <<= 1)
			rebias--;
		fraction &= (UINT64_C(1) << 52) - 1;
	}
	return sign | (exponent + rebias) << 52 | fraction;
}

uint64_t
cb_cbor_float_bits(const CbCborHead *head)
{
	if (head->size == 2)
		return widen_float(head->value, 5, 10);
	if (head->size == 4)
		return widen_float(head->value, 8, 23);
	return head->value;
}

double
cb_cbor_float(const CbCborHead *head)
{
	uint64_t	bits = cb_cbor_float_bits(head);
	double		v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

bool
cb_cbor_find(CbSpan map, const char *key, CbSpan *value)
{
	CbReader	r = cb_reader(map.data, map.len);
	CbSpan		wanted = {(const uint8_t *) key, strlen(key)};

	for (uint64_t left = cb_cbor_read_map(&r); left > 0; left--)
	{
		bool		found = false;

		if (cb_cbor_next_is(&r, CB_CBOR_TEXT))
			found = cb_span_equal(cb_cbor_read_text(&r), wanted);
		else
			cb_cbor_read_item(&r, CB_CBOR_CANONICAL);
		*value = cb_cbor_read_item(&r, CB_CBOR_CANONICAL);
		if (r.error != CB_OK || found)
			return r.error == CB_OK;
	}
	return false;
}
