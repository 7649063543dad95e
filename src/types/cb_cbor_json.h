/*-------------------------------------------------------------------------
 *
 * cb_cbor_json.h
 *	  CBOR as jsonb, without loss.
 *
 * Whatever JSON has is written as itself: texts, arrays, true, false, null,
 * integers of any size, and finite floats, which keep a decimal point so that
 * 1.0 is not 1.  What JSON or jsonb cannot hold is an object with one key:
 *
 *		{"$bytes": "00ff"}		a byte string, in hex
 *		{"$text": "6100"}		a text that jsonb cannot hold, its UTF-8 in hex
 *		{"$float": "NaN"}		NaN, Infinity, -Infinity or -0
 *		{"$map": [[k, v], ...]}	a map with a key that is no text or such a text,
 *								or which would be taken for one of these
 *
 * Only the order in which a map's entries were written is lost.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CBOR_JSON_H
#define CB_CBOR_JSON_H

#include "postgres.h"

#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "charms/cb_cbor.h"

/* Whether the database's encoding, and jsonb, can hold a text in UTF-8 as it is. */
extern bool cb_utf8_is_storable(CbSpan text);

/* Exactly, beyond bigint too. */
extern Numeric cb_uint64_numeric(uint64 value);

/* An item that is known to be canonical; it goes where the token says. */
extern void cb_jsonb_cbor(JsonbParseState **state, JsonbIteratorToken token, CbSpan item);
/* The same as a value of its own. */
extern Jsonb *cb_cbor_jsonb(CbSpan item);

#endif							/* CB_CBOR_JSON_H */
