/*-------------------------------------------------------------------------
 *
 * cb_cbor_json.c
 *	  CBOR as jsonb, without loss.
 *
 * Depth is bounded by the canonical rules, at CB_CBOR_MAX_DEPTH.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "types/cb_cbor_json.h"
#include "types/cb_jsonb.h"
#include "types/cb_types.h"

/* An integer beyond 64 bits has at most so many bytes, and so many digits. */
#define BIG_BYTES 16
#define BIG_DIGITS 39

#define TAG_BIG_NEGATIVE 3

#define BYTES_KEY "$bytes"
#define TEXT_KEY "$text"
#define FLOAT_KEY "$float"
#define MAP_KEY "$map"

static void push_item(JsonbParseState **state, JsonbIteratorToken token, CbReader *r);
static Numeric numeric_from_text(char *text);
static Numeric integer_numeric(CbSpan big_endian, bool is_negative);
static Numeric value_numeric(uint64 value, bool is_negative);
static void push_marked(JsonbParseState **state, const char *key, const char *text);
static void push_text(JsonbParseState **state, JsonbIteratorToken token, CbSpan text);
static void push_float(JsonbParseState **state, JsonbIteratorToken token, double value);
static void push_simple(JsonbParseState **state, JsonbIteratorToken token, uint64 value);
static void push_array(JsonbParseState **state, CbReader *r);
static bool is_object(CbReader ahead);
static bool is_marker(CbSpan key);
static void push_object(JsonbParseState **state, CbReader *r);
static void push_pairs(JsonbParseState **state, CbReader *r);

bool
cb_utf8_is_storable(CbSpan text)
{
	bool		is_utf8 = GetDatabaseEncoding() == PG_UTF8;

	for (size_t i = 0; i < text.len; i++)
	{
		if (text.data[i] == '\0' || (IS_HIGHBIT_SET(text.data[i]) && !is_utf8))
			return false;
	}
	return true;
}

void
cb_jsonb_cbor(JsonbParseState **state, JsonbIteratorToken token, CbSpan item)
{
	CbReader	r = cb_reader(item.data, item.len);

	push_item(state, token, &r);
	if (r.error != CB_OK)
		elog(ERROR, "CBOR that was read before cannot be read");
}

/* A scalar cannot stand alone while it is built. */
Jsonb *
cb_cbor_jsonb(CbSpan item)
{
	JsonbParseState *state = NULL;
	Jsonb	   *array;

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	cb_jsonb_cbor(&state, WJB_ELEM, item);
	array = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
	return JsonbValueToJsonb(getIthJsonbValueFromContainer(&array->root, 0));
}

static void
push_item(JsonbParseState **state, JsonbIteratorToken token, CbReader *r)
{
	CbReader	start = *r;
	CbCborHead	head;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (!cb_cbor_read_head(r, &head))
		return;
	switch (head.type)
	{
		case CB_CBOR_UNSIGNED:
		case CB_CBOR_NEGATIVE:
			cb_jsonb_numeric(state, token, value_numeric(head.value, head.type == CB_CBOR_NEGATIVE));
			break;
		case CB_CBOR_TAG:
			cb_jsonb_numeric(state, token,
							 integer_numeric(cb_cbor_read_bytes(r), head.value == TAG_BIG_NEGATIVE));
			break;
		case CB_CBOR_BYTES:
			push_marked(state, BYTES_KEY, cb_hex_cstring(cb_read_bytes(r, (size_t) head.value)));
			break;
		case CB_CBOR_TEXT:
			push_text(state, token, cb_read_bytes(r, (size_t) head.value));
			break;
		case CB_CBOR_ARRAY:
			*r = start;
			push_array(state, r);
			break;
		case CB_CBOR_MAP:
			*r = start;
			if (is_object(start))
				push_object(state, r);
			else
				push_pairs(state, r);
			break;
		case CB_CBOR_SIMPLE:
			push_simple(state, token, head.value);
			break;
		case CB_CBOR_FLOAT:
			push_float(state, token, cb_cbor_float(&head));
			break;
		case CB_CBOR_BREAK:
			elog(ERROR, "CBOR that is not canonical");
	}
}

static Numeric
numeric_from_text(char *text)
{
	return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(text),
											   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

/* CBOR counts negative integers from -1 down. */
static Numeric
integer_numeric(CbSpan big_endian, bool is_negative)
{
	uint8		left[BIG_BYTES + 1] = {0};
	char		text[1 + BIG_DIGITS + 1];
	char	   *digit = text + sizeof(text) - 1;
	uint64		digits_left = 1;

	if (big_endian.len > BIG_BYTES)
		elog(ERROR, "CBOR integer that is not canonical");
	memcpy(left + sizeof(left) - big_endian.len, big_endian.data, big_endian.len);
	for (int i = BIG_BYTES; is_negative && i >= 0 && ++left[i] == 0; i--)
		;
	*digit = '\0';
	while (digits_left != 0)
	{
		unsigned	rest = 0;

		digits_left = 0;
		for (size_t i = 0; i < sizeof(left); i++)
		{
			rest = rest << 8 | left[i];
			left[i] = (uint8) (rest / 10);
			rest %= 10;
			digits_left |= left[i];
		}
		*--digit = (char) ('0' + rest);
	}
	if (is_negative)
		*--digit = '-';
	return numeric_from_text(digit);
}

Numeric
cb_uint64_numeric(uint64 value)
{
	return value_numeric(value, false);
}

/* Of a head that is the whole integer. */
static Numeric
value_numeric(uint64 value, bool is_negative)
{
	uint8		bytes[sizeof(value)];
	CbSpan		big_endian = {bytes, sizeof(bytes)};

	if (value <= PG_INT64_MAX)
		return int64_to_numeric(is_negative ? -1 - (int64) value : (int64) value);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8) (value >> 8 * (sizeof(bytes) - 1 - i));
	return integer_numeric(big_endian, is_negative);
}

static void
push_marked(JsonbParseState **state, const char *key, const char *text)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	cb_jsonb_string_field(state, key, text);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
push_text(JsonbParseState **state, JsonbIteratorToken token, CbSpan text)
{
	if (cb_utf8_is_storable(text))
		cb_jsonb_span(state, token, text);
	else
		push_marked(state, TEXT_KEY, cb_hex_cstring(text));
}

/* As short as it can be and still be the same float, whatever the settings. */
static void
push_float(JsonbParseState **state, JsonbIteratorToken token, double value)
{
	char		text[DOUBLE_SHORTEST_DECIMAL_LEN];
	Numeric		number;

	if (isnan(value))
		push_marked(state, FLOAT_KEY, "NaN");
	else if (isinf(value))
		push_marked(state, FLOAT_KEY, value > 0 ? "Infinity" : "-Infinity");
	else if (value == 0 && signbit(value))
		push_marked(state, FLOAT_KEY, "-0");
	else
	{
		double_to_shortest_decimal_buf(value, text);
		number = numeric_from_text(text);
		if (value == floor(value))
			number = DatumGetNumeric(DirectFunctionCall2(numeric_round, NumericGetDatum(number),
														 Int32GetDatum(1)));
		cb_jsonb_numeric(state, token, number);
	}
}

static void
push_simple(JsonbParseState **state, JsonbIteratorToken token, uint64 value)
{
	if (value == CB_CBOR_NULL)
		cb_jsonb_null(state, token);
	else
		cb_jsonb_bool(state, token, value == CB_CBOR_TRUE);
}

static void
push_array(JsonbParseState **state, CbReader *r)
{
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (uint64_t left = cb_cbor_read_array(r); left > 0 && r->error == CB_OK; left--)
		push_item(state, WJB_ELEM, r);
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

/* Whether a map can be an object that is not taken for anything else. */
static bool
is_object(CbReader ahead)
{
	uint64_t	n = cb_cbor_read_map(&ahead);

	for (uint64_t left = n; left > 0 && ahead.error == CB_OK; left--)
	{
		CbSpan		key;

		if (!cb_cbor_next_is(&ahead, CB_CBOR_TEXT))
			return false;
		key = cb_cbor_read_text(&ahead);
		if (!cb_utf8_is_storable(key) || (n == 1 && is_marker(key)))
			return false;
		cb_cbor_read_item(&ahead, CB_CBOR_WELL_FORMED);
	}
	return true;
}

static bool
is_marker(CbSpan key)
{
	static const char *const markers[] = {BYTES_KEY, TEXT_KEY, FLOAT_KEY, MAP_KEY};

	for (size_t i = 0; i < lengthof(markers); i++)
	{
		if (key.len == strlen(markers[i]) && memcmp(key.data, markers[i], key.len) == 0)
			return true;
	}
	return false;
}

static void
push_object(JsonbParseState **state, CbReader *r)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	for (uint64_t left = cb_cbor_read_map(r); left > 0 && r->error == CB_OK; left--)
	{
		cb_jsonb_span(state, WJB_KEY, cb_cbor_read_text(r));
		push_item(state, WJB_VALUE, r);
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
push_pairs(JsonbParseState **state, CbReader *r)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	cb_jsonb_key(state, MAP_KEY);
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (uint64_t left = cb_cbor_read_map(r); left > 0 && r->error == CB_OK; left--)
	{
		pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
		push_item(state, WJB_ELEM, r);
		push_item(state, WJB_ELEM, r);
		pushJsonbValue(state, WJB_END_ARRAY, NULL);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}
