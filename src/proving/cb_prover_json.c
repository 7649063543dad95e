/*-------------------------------------------------------------------------
 *
 * cb_prover_json.c
 *	  CBOR as JSON for a prover that turns it into CBOR again.
 *
 * Such a prover keeps the order of keys, which jsonb would not.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "charms/cb_cbor.h"
#include "mb/pg_wchar.h"
#include "proving/cb_prover.h"

/* UTF-16, of which JSON's escapes are. */
#define UCS2_MAX 0xFFFF
#define FIRST_SURROGATE 0xD800
#define SECOND_SURROGATE 0xDC00

static bool write_item(StringInfo out, CbReader *r);
static bool write_simple(StringInfo out, uint64 value);
static bool write_array(StringInfo out, CbReader *r, uint64 n);
static bool write_map(StringInfo out, CbReader *r, uint64 n);
static void write_text(StringInfo out, CbSpan text);
static void write_escape(StringInfo out, pg_wchar code);

bool
cb_prover_json(StringInfo out, CbSpan item)
{
	CbReader	r = cb_reader(item.data, item.len);

	return write_item(out, &r) && r.error == CB_OK && cb_reader_left(&r) == 0;
}

/* A canonical item is nested no deeper than CB_CBOR_MAX_DEPTH. */
static bool
write_item(StringInfo out, CbReader *r)
{
	CbCborHead	head;

	if (!cb_cbor_read_head(r, &head))
		return false;
	switch (head.type)
	{
		case CB_CBOR_UNSIGNED:
			appendStringInfo(out, UINT64_FORMAT, head.value);
			return true;
		case CB_CBOR_NEGATIVE:
			if (head.value > PG_INT64_MAX)
				return false;
			appendStringInfo(out, INT64_FORMAT, -1 - (int64) head.value);
			return true;
		case CB_CBOR_TEXT:
			write_text(out, cb_read_bytes(r, head.value));
			return r->error == CB_OK;
		case CB_CBOR_ARRAY:
			return write_array(out, r, head.value);
		case CB_CBOR_MAP:
			return write_map(out, r, head.value);
		case CB_CBOR_SIMPLE:
			return write_simple(out, head.value);
		default:
			return false;
	}
}

static bool
write_simple(StringInfo out, uint64 value)
{
	if (value != CB_CBOR_FALSE && value != CB_CBOR_TRUE && value != CB_CBOR_NULL)
		return false;
	appendStringInfoString(out, value == CB_CBOR_NULL ? "null" : value == CB_CBOR_TRUE ? "true" : "false");
	return true;
}

static bool
write_array(StringInfo out, CbReader *r, uint64 n)
{
	appendStringInfoChar(out, '[');
	for (uint64 i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		if (!write_item(out, r))
			return false;
	}
	appendStringInfoChar(out, ']');
	return true;
}

static bool
write_map(StringInfo out, CbReader *r, uint64 n)
{
	appendStringInfoChar(out, '{');
	for (uint64 i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		if (!cb_cbor_next_is(r, CB_CBOR_TEXT) || !write_item(out, r))
			return false;
		appendStringInfoChar(out, ':');
		if (!write_item(out, r))
			return false;
	}
	appendStringInfoChar(out, '}');
	return true;
}

/* Valid UTF-8, whatever encoding the database has. */
static void
write_text(StringInfo out, CbSpan text)
{
	const unsigned char *c = text.data;
	const unsigned char *end = text.data + text.len;

	appendStringInfoChar(out, '"');
	for (; c < end; c += pg_utf_mblen(c))
	{
		if (IS_HIGHBIT_SET(*c) || *c < ' ' || *c == '"' || *c == '\\')
			write_escape(out, utf8_to_unicode(c));
		else
			appendStringInfoChar(out, (char) *c);
	}
	appendStringInfoChar(out, '"');
}

static void
write_escape(StringInfo out, pg_wchar code)
{
	if (code > UCS2_MAX)
	{
		appendStringInfo(out, "\\u%04x", (code - UCS2_MAX - 1) >> 10 | FIRST_SURROGATE);
		code = (code & 0x3FF) | SECOND_SURROGATE;
	}
	appendStringInfo(out, "\\u%04x", code);
}
