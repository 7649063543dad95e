/*-------------------------------------------------------------------------
 *
 * cb_json_find.h
 *	  Finding a value in JSON from outside, by its pointer (RFC 6901).
 *
 * Whatever the text is, nothing is raised: a server's parser would refuse what
 * a far server may well send, such as a number too large or a NUL.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_JSON_FIND_H
#define CB_JSON_FIND_H

#include "postgres.h"

typedef enum CbJsonFound
{
	CB_JSON_SCALAR,				/* a string, or a number, true, false or null */
	CB_JSON_CONTAINER,			/* an object or an array */
	CB_JSON_ABSENT,				/* the pointer leads nowhere */
	CB_JSON_MALFORMED			/* the text is not JSON, or nested too deeply */
} CbJsonFound;

extern bool cb_json_pointer_is_valid(const char *pointer);

/*
 * Where a valid pointer leads.  Of a scalar *text is what it says, palloc'd: a
 * string without its quotes.  Of members with the same name the first counts.
 */
extern CbJsonFound cb_json_find(const char *json, const char *pointer, char **text);

#endif							/* CB_JSON_FIND_H */
