/*-------------------------------------------------------------------------
 *
 * cb_cbor_write.c
 *	  CBOR (RFC 8949): writing in canonical form.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_cbor.h"

#include <string.h>

static void put_in_buffer(void *to, const void *data, size_t len);
static void write_head(const CbCborWriter *w, CbCborType type, uint64_t v);

static void
put_in_buffer(void *to, const void *data, size_t len)
{
	cb_write_bytes(to, data, len);
}

CbCborWriter
cb_cbor_writer(CbWriter *to)
{
	CbCborWriter w = {put_in_buffer, to};

	return w;
}

/* In the fewest bytes, the highest first. */
static void
write_head(const CbCborWriter *w, CbCborType type, uint64_t v)
{
	uint8_t		head[9];
	uint8_t		info = (uint8_t) v;
	size_t		size = 0;

	if (v > UINT32_MAX)
		size = 8;
	else if (v > UINT16_MAX)
		size = 4;
	else if (v > UINT8_MAX)
		size = 2;
	else if (v >= 24)
		size = 1;
	for (size_t s = size; s > 0; s /= 2)
		info = (uint8_t) (s == size ? 24 : info + 1);
	head[0] = (uint8_t) (type << 5 | info);
	for (size_t i = 0; i < size; i++)
		head[1 + i] = (uint8_t) (v >> (8 * (size - 1 - i)));
	w->put(w->to, head, 1 + size);
}

void
cb_cbor_write_uint(const CbCborWriter *w, uint64_t v)
{
	write_head(w, CB_CBOR_UNSIGNED, v);
}

void
cb_cbor_write_int(const CbCborWriter *w, int64_t v)
{
	if (v < 0)
		write_head(w, CB_CBOR_NEGATIVE, (uint64_t) -(v + 1));
	else
		write_head(w, CB_CBOR_UNSIGNED, (uint64_t) v);
}

void
cb_cbor_write_bytes(const CbCborWriter *w, CbSpan bytes)
{
	write_head(w, CB_CBOR_BYTES, bytes.len);
	w->put(w->to, bytes.data, bytes.len);
}

void
cb_cbor_write_text(const CbCborWriter *w, CbSpan text)
{
	write_head(w, CB_CBOR_TEXT, text.len);
	w->put(w->to, text.data, text.len);
}

void
cb_cbor_write_key(const CbCborWriter *w, const char *key)
{
	CbSpan		text = {(const uint8_t *) key, strlen(key)};

	cb_cbor_write_text(w, text);
}

void
cb_cbor_write_array(const CbCborWriter *w, uint64_t n)
{
	write_head(w, CB_CBOR_ARRAY, n);
}

void
cb_cbor_write_map(const CbCborWriter *w, uint64_t n)
{
	write_head(w, CB_CBOR_MAP, n);
}

void
cb_cbor_write_bool(const CbCborWriter *w, bool v)
{
	write_head(w, CB_CBOR_SIMPLE, v ? CB_CBOR_TRUE : CB_CBOR_FALSE);
}

void
cb_cbor_write_null(const CbCborWriter *w)
{
	write_head(w, CB_CBOR_SIMPLE, CB_CBOR_NULL);
}

void
cb_cbor_write_byte_array(const CbCborWriter *w, CbSpan bytes)
{
	cb_cbor_write_array(w, bytes.len);
	for (size_t i = 0; i < bytes.len; i++)
		cb_cbor_write_uint(w, bytes.data[i]);
}

void
cb_cbor_write_item(const CbCborWriter *w, CbSpan item)
{
	w->put(w->to, item.data, item.len);
}
