/*-------------------------------------------------------------------------
 *
 * cb_json.c
 *	  Writing small JSON objects, such as the payload of an event.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_json.h"
#include "catalog/pg_type.h"
#include "cb_uuid.h"
#include "mb/pg_wchar.h"
#include "types/cb_types.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

/* UTF-16, in which JSON escapes characters. */
#define UCS2_MAX 0xFFFF
#define FIRST_SURROGATE 0xD800
#define SECOND_SURROGATE 0xDC00

static void write_key(CbJson *json, const char *key);

void
cb_json_begin(CbJson *json)
{
	initStringInfo(&json->text);
	appendStringInfoChar(&json->text, '{');
}

char *
cb_json_end(CbJson *json)
{
	appendStringInfoChar(&json->text, '}');
	return json->text.data;
}

static void
write_key(CbJson *json, const char *key)
{
	if (json->text.len > 1)
		appendStringInfoChar(&json->text, ',');
	escape_json(&json->text, key);
	appendStringInfoChar(&json->text, ':');
}

void
cb_json_raw(CbJson *json, const char *key, const char *value)
{
	write_key(json, key);
	appendStringInfoString(&json->text, value);
}

void
cb_json_text(CbJson *json, const char *key, const char *value)
{
	if (value == NULL)
	{
		cb_json_raw(json, key, "null");
		return;
	}
	write_key(json, key);
	escape_json(&json->text, value);
}

void
cb_json_int(CbJson *json, const char *key, int64 value)
{
	write_key(json, key);
	appendStringInfo(&json->text, INT64_FORMAT, value);
}

void
cb_json_bool(CbJson *json, const char *key, bool value)
{
	cb_json_raw(json, key, value ? "true" : "false");
}

void
cb_json_uuid(CbJson *json, const char *key, const pg_uuid_t *value)
{
	cb_json_text(json, key, value ? cb_uuid_cstring(value) : NULL);
}

void
cb_json_txid(CbJson *json, const char *key, const CbHash256 *value)
{
	cb_json_text(json, key, value ? cb_txid_cstring((const CbTxid *) value) : NULL);
}

void
cb_json_outpoint(CbJson *json, const char *key, const CbOutpoint *value)
{
	CbOutpointValue outpoint;

	cb_outpoint_value(value, &outpoint);
	cb_json_text(json, key, cb_outpoint_cstring(&outpoint));
}

void
cb_json_time(CbJson *json, const char *key, TimestampTz value)
{
	char		buf[MAXDATELEN + 1];

	JsonEncodeDateTime(buf, TimestampTzGetDatum(value), TIMESTAMPTZOID, NULL);
	cb_json_text(json, key, buf);
}

/* What is not ASCII is inside of strings. */
char *
cb_json_ascii(const char *json)
{
	const unsigned char *c = (const unsigned char *) pg_server_to_any(json, (int) strlen(json), PG_UTF8);
	StringInfoData ascii;

	initStringInfo(&ascii);
	for (; *c != '\0'; c += pg_utf_mblen(c))
	{
		pg_wchar	code;

		if (!IS_HIGHBIT_SET(*c))
		{
			appendStringInfoChar(&ascii, (char) *c);
			continue;
		}
		code = utf8_to_unicode(c);
		if (code > UCS2_MAX)
		{
			appendStringInfo(&ascii, "\\u%04x", (code - UCS2_MAX - 1) >> 10 | FIRST_SURROGATE);
			code = (code & 0x3FF) | SECOND_SURROGATE;
		}
		appendStringInfo(&ascii, "\\u%04x", code);
	}
	return ascii.data;
}
