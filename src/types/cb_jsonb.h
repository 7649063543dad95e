/*-------------------------------------------------------------------------
 *
 * cb_jsonb.h
 *	  Building jsonb values piece by piece, with pushJsonbValue() for where
 *	  objects and arrays begin and end.
 *
 * Texts and numbers must live until the whole value is converted.  The token
 * says where a value goes: WJB_KEY, WJB_VALUE or WJB_ELEM.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_JSONB_H
#define CB_JSONB_H

#include "postgres.h"

#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "bitcoin/cb_bytes.h"

extern void cb_jsonb_key(JsonbParseState **state, const char *key);
extern void cb_jsonb_string(JsonbParseState **state, JsonbIteratorToken token, const char *str);
extern void cb_jsonb_span(JsonbParseState **state, JsonbIteratorToken token, CbSpan text);
extern void cb_jsonb_numeric(JsonbParseState **state, JsonbIteratorToken token, Numeric number);
extern void cb_jsonb_bool(JsonbParseState **state, JsonbIteratorToken token, bool value);
extern void cb_jsonb_null(JsonbParseState **state, JsonbIteratorToken token);

/* A key and its value. */
extern void cb_jsonb_string_field(JsonbParseState **state, const char *key, const char *value);
extern void cb_jsonb_hex_field(JsonbParseState **state, const char *key, CbSpan bytes);
extern void cb_jsonb_int_field(JsonbParseState **state, const char *key, int64 value);

#endif							/* CB_JSONB_H */
