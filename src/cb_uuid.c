/*-------------------------------------------------------------------------
 *
 * cb_uuid.c
 *	  Time-ordered identifiers.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/time.h>

#include "cb_uuid.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(charmbills_uuid_v7);

/* RFC 9562, section 5.7: 48 bits of Unix milliseconds, then random bits. */
pg_uuid_t
cb_uuid_v7(void)
{
	pg_uuid_t	uuid;
	struct timeval now;
	uint64		milliseconds;

	if (!pg_strong_random(uuid.data, UUID_LEN))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	gettimeofday(&now, NULL);
	milliseconds = (uint64) now.tv_sec * 1000 + now.tv_usec / 1000;
	for (int i = 0; i < 6; i++)
		uuid.data[i] = (unsigned char) (milliseconds >> (40 - 8 * i));
	uuid.data[6] = (uuid.data[6] & 0x0f) | 0x70;
	uuid.data[8] = (uuid.data[8] & 0x3f) | 0x80;
	return uuid;
}

Datum
charmbills_uuid_v7(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *result = palloc(sizeof(pg_uuid_t));

	*result = cb_uuid_v7();
	PG_RETURN_UUID_P(result);
}

char *
cb_uuid_cstring(const pg_uuid_t *uuid)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(uuid)));
}
