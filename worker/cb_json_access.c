/*-------------------------------------------------------------------------
 *
 * cb_json_access.c
 *	  JSON: who owns it, its members by type, and its text.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "cb_json_access.h"
#include "utils/memutils.h"

#define HASH_DIGITS 64

static void release(void *value);

json_t *
cb_json_own(json_t *value)
{
	MemoryContextCallback *callback;

	if (value == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	callback = MemoryContextAllocExtended(CurrentMemoryContext, sizeof(*callback),
										  MCXT_ALLOC_NO_OOM | MCXT_ALLOC_ZERO);
	if (callback == NULL)
	{
		json_decref(value);
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	}
	callback->func = release;
	callback->arg = value;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
	return value;
}

static void
release(void *value)
{
	json_decref((json_t *) value);
}

json_t *
cb_json_parse(const char *text)
{
	json_error_t unused;
	json_t	   *value = json_loads(text, JSON_REJECT_DUPLICATES, &unused);

	if (value == NULL)
		elog(ERROR, "the database did not give JSON");
	return cb_json_own(value);
}

char *
cb_json_dump(const json_t *value)
{
	size_t		length = json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENSURE_ASCII);
	char	   *text = palloc(length + 1);

	(void) json_dumpb(value, text, length, JSON_COMPACT | JSON_ENSURE_ASCII);
	text[length] = '\0';
	return text;
}

const char *
cb_json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (text == NULL)
		cb_json_malformed(key);
	return text;
}

int
cb_json_height(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
		json_integer_value(value) >= INT_MAX)
		cb_json_malformed(key);
	return (int) json_integer_value(value);
}

bool
cb_json_bool(const json_t *object, const char *key, bool absent)
{
	const json_t *value = json_object_get(object, key);

	if (value == NULL)
		return absent;
	if (!json_is_boolean(value))
		cb_json_malformed(key);
	return json_is_true(value);
}

bool
cb_payload_int(const char *payload, const char *key, int *value)
{
	json_error_t unused;
	json_t	   *root = json_loads(payload, JSON_REJECT_DUPLICATES, &unused);
	const json_t *member;

	if (root == NULL)
		return false;
	member = json_object_get(cb_json_own(root), key);
	if (!json_is_integer(member) || json_integer_value(member) < INT_MIN ||
		json_integer_value(member) > INT_MAX)
		return false;
	*value = (int) json_integer_value(member);
	return true;
}

const char *
cb_json_hash(const json_t *value)
{
	const char *text = json_string_value(value);

	if (text == NULL || json_string_length(value) != HASH_DIGITS ||
		strspn(text, "0123456789abcdef") != HASH_DIGITS)
		cb_json_malformed("hash");
	return text;
}

void
cb_json_malformed(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROTOCOL_VIOLATION),
			 errmsg("the node's answer has no proper \"%s\"", what)));
}

char *
cb_make_printable(char *text)
{
	for (char *c = text; *c != '\0'; c++)
	{
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
	return text;
}
