/*-------------------------------------------------------------------------
 *
 * cb_address_pool_internal.h
 *	  A descriptor's scripts: watching them, and how far they are issued.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_ADDRESS_POOL_INTERNAL_H
#define CB_ADDRESS_POOL_INTERNAL_H

#include "postgres.h"

#include "cb_event.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* A row of descriptors. */
typedef struct CbPool
{
	pg_uuid_t	id;
	pg_uuid_t	merchant_id;
	char	   *canonical;
	int32		next_index;
} CbPool;

/* CB010 when there is none, CB009 when it is another merchant's. */
extern void cb_pool_find(const pg_uuid_t *merchant_id, const char *canonical, CbPool *pool);

/* Watch the scripts of indexes from (included) to to (excluded). */
extern void cb_pool_watch(const CbPool *pool, int64 from, int64 to);

extern void cb_pool_set_next(const CbPool *pool, int32 next_index);

/* Lock a merchant's counters, and begin the series in force unless it has begun. */
extern void cb_pool_catch_up(const pg_uuid_t *merchant_id, CbEvents *events, TimestampTz now);

#endif							/* CB_ADDRESS_POOL_INTERNAL_H */
