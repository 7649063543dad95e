/*-------------------------------------------------------------------------
 *
 * cb_json.h
 *	  Writing small JSON objects, such as the payload of an event.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_JSON_H
#define CB_JSON_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "bitcoin/cb_tx.h"

/* An object being written; text is complete after cb_json_end(). */
typedef struct CbJson
{
	StringInfoData text;
} CbJson;

extern void cb_json_begin(CbJson *json);
extern void cb_json_text(CbJson *json, const char *key, const char *value); /* NULL: null */
extern void cb_json_int(CbJson *json, const char *key, int64 value);
extern void cb_json_bool(CbJson *json, const char *key, bool value);
extern void cb_json_uuid(CbJson *json, const char *key, const pg_uuid_t *value);
extern void cb_json_txid(CbJson *json, const char *key, const CbHash256 *value);
extern void cb_json_outpoint(CbJson *json, const char *key, const CbOutpoint *value);
extern void cb_json_time(CbJson *json, const char *key, TimestampTz value);
/* value is JSON already. */
extern void cb_json_raw(CbJson *json, const char *key, const char *value);
/* Ends the object and gives its text, palloc'd. */
extern char *cb_json_end(CbJson *json);

/* The same JSON in bytes that are alike in every encoding. */
extern char *cb_json_ascii(const char *json);

#endif							/* CB_JSON_H */
