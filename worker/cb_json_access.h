/*-------------------------------------------------------------------------
 *
 * cb_json_access.h
 *	  JSON: who owns it, its members by type, and its text.
 *
 * JSON values live as long as the memory context that is current when they are
 * made; nobody counts references.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_JSON_ACCESS_H
#define CB_JSON_ACCESS_H

#include "postgres.h"

#include "../src/cb_compat.h"
#include <jansson.h>

/* Give a fresh value to the current memory context; NULL is out of memory. */
extern json_t *cb_json_own(json_t *value);

/* Of a text from the database; an error when it is not JSON. */
extern json_t *cb_json_parse(const char *text);
/* ASCII, for the database. */
extern char *cb_json_dump(const json_t *value);

/* Members of an object; an error unless they are there and of that type. */
extern const char *cb_json_text(const json_t *object, const char *key);
extern int	cb_json_height(const json_t *object, const char *key);
extern bool cb_json_bool(const json_t *object, const char *key, bool absent);
/* An integer of a JSON text from the database; false when it has none. */
extern bool cb_payload_int(const char *payload, const char *key, int *value);
/* A block's or transaction's identifier: 64 lower-case hex digits. */
extern const char *cb_json_hash(const json_t *value);
cb_noreturn extern void cb_json_malformed(const char *what);

/* What is no printable ASCII may not be valid in this database's encoding. */
extern char *cb_make_printable(char *text);

#endif							/* CB_JSON_ACCESS_H */
