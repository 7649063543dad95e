/*-------------------------------------------------------------------------
 *
 * cb_jsonb.c
 *	  Building jsonb values piece by piece.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "types/cb_jsonb.h"
#include "types/cb_types.h"

void
cb_jsonb_key(JsonbParseState **state, const char *key)
{
	cb_jsonb_string(state, WJB_KEY, key);
}

void
cb_jsonb_string(JsonbParseState **state, JsonbIteratorToken token, const char *str)
{
	CbSpan		text = {(const uint8_t *) str, strlen(str)};

	cb_jsonb_span(state, token, text);
}

/* Nothing writes to a string's text, which is not copied. */
void
cb_jsonb_span(JsonbParseState **state, JsonbIteratorToken token, CbSpan text)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, (const char *) text.data);
	value.val.string.len = (int) text.len;
	pushJsonbValue(state, token, &value);
}

void
cb_jsonb_numeric(JsonbParseState **state, JsonbIteratorToken token, Numeric number)
{
	JsonbValue	value;

	value.type = jbvNumeric;
	value.val.numeric = number;
	pushJsonbValue(state, token, &value);
}

void
cb_jsonb_bool(JsonbParseState **state, JsonbIteratorToken token, bool value)
{
	JsonbValue	jsonb_value;

	jsonb_value.type = jbvBool;
	jsonb_value.val.boolean = value;
	pushJsonbValue(state, token, &jsonb_value);
}

void
cb_jsonb_null(JsonbParseState **state, JsonbIteratorToken token)
{
	JsonbValue	value;

	value.type = jbvNull;
	pushJsonbValue(state, token, &value);
}

void
cb_jsonb_string_field(JsonbParseState **state, const char *key, const char *value)
{
	cb_jsonb_key(state, key);
	cb_jsonb_string(state, WJB_VALUE, value);
}

void
cb_jsonb_hex_field(JsonbParseState **state, const char *key, CbSpan bytes)
{
	cb_jsonb_string_field(state, key, cb_hex_cstring(bytes));
}

void
cb_jsonb_int_field(JsonbParseState **state, const char *key, int64 value)
{
	cb_jsonb_key(state, key);
	cb_jsonb_numeric(state, WJB_VALUE, int64_to_numeric(value));
}
