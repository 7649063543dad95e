/*-------------------------------------------------------------------------
 *
 * cb_uuid.h
 *	  Time-ordered identifiers.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_UUID_H
#define CB_UUID_H

#include "postgres.h"

#include "utils/uuid.h"

extern pg_uuid_t cb_uuid_v7(void);
extern char *cb_uuid_cstring(const pg_uuid_t *uuid);

static inline bool
cb_uuid_equal(const pg_uuid_t *a, const pg_uuid_t *b)
{
	return memcmp(a, b, sizeof(pg_uuid_t)) == 0;
}

#endif							/* CB_UUID_H */
