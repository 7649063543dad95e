/*-------------------------------------------------------------------------
 *
 * fuzz_cbor.c
 *	  Any bytes as CBOR: what is canonical is well formed, and written again
 *	  becomes the same bytes.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "charms/cb_cbor.h"

#include "fuzz.h"

static void copy_string(CbReader *r, const CbCborHead *head, const CbCborWriter *w);
static void rewrite_one(CbReader *r, const CbCborWriter *w);
static void check_rewritten(CbSpan item);
static void check_map(CbSpan item);

static void
copy_string(CbReader *r, const CbCborHead *head, const CbCborWriter *w)
{
	CbSpan		string = cb_read_bytes(r, (size_t) head->value);

	if (head->type == CB_CBOR_TEXT)
		cb_cbor_write_text(w, string);
	else
		cb_cbor_write_bytes(w, string);
}

/* A head and what is not a head after it; arrays and maps need no nesting. */
static void
rewrite_one(CbReader *r, const CbCborWriter *w)
{
	const uint8_t *start = r->pos;
	CbCborHead	head;

	INVARIANT(cb_cbor_read_head(r, &head) && !head.indefinite);
	switch (head.type)
	{
		case CB_CBOR_UNSIGNED:
			cb_cbor_write_uint(w, head.value);
			break;
		case CB_CBOR_NEGATIVE:
			if (head.value <= INT64_MAX)
				cb_cbor_write_int(w, -1 - (int64_t) head.value);
			else
				cb_cbor_write_item(w, (CbSpan) {start, 9});
			break;
		case CB_CBOR_BYTES:
		case CB_CBOR_TEXT:
			copy_string(r, &head, w);
			break;
		case CB_CBOR_ARRAY:
			cb_cbor_write_array(w, head.value);
			break;
		case CB_CBOR_MAP:
			cb_cbor_write_map(w, head.value);
			break;
		case CB_CBOR_SIMPLE:
			if (head.value == CB_CBOR_NULL)
				cb_cbor_write_null(w);
			else
				cb_cbor_write_bool(w, head.value == CB_CBOR_TRUE);
			break;
		case CB_CBOR_TAG:
			INVARIANT(head.value == 2 || head.value == 3);
			cb_cbor_write_item(w, (CbSpan) {start, 1});
			break;
		case CB_CBOR_FLOAT:
			(void) cb_cbor_float(&head);
			cb_cbor_write_item(w, (CbSpan) {start, 1 + (size_t) head.size});
			break;
		case CB_CBOR_BREAK:
			INVARIANT(false);
	}
}

static void
check_rewritten(CbSpan item)
{
	uint8_t    *copy = malloc(item.len);
	CbWriter	buffer = cb_writer(copy, item.len);
	CbCborWriter w = cb_cbor_writer(&buffer);
	CbReader	r = cb_reader(item.data, item.len);
	CbSpan		copied;

	while (cb_reader_left(&r) > 0)
		rewrite_one(&r, &w);
	INVARIANT(r.error == CB_OK && buffer.error == CB_OK);
	copied.data = copy;
	copied.len = buffer.len;
	INVARIANT(cb_span_equal(copied, item));
	free(copy);
}

static void
check_map(CbSpan item)
{
	CbSpan		value;

	if (cb_cbor_find(item, "a", &value))
		INVARIANT(value.data > item.data && value.len > 0 && value.data + value.len <= item.data + item.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CbReader	r = cb_reader(data, size);
	CbReader	strict = r;
	CbSpan		item = cb_cbor_read_item(&r, CB_CBOR_WELL_FORMED);
	CbSpan		same = cb_cbor_read_item(&strict, CB_CBOR_CANONICAL);

	INVARIANT((r.error == CB_OK) == (item.len > 0));
	if (strict.error == CB_OK)
	{
		INVARIANT(r.error == CB_OK && same.data == item.data && same.len == item.len);
		check_rewritten(item);
		check_map(item);
	}
	return 0;
}
