/*-------------------------------------------------------------------------
 *
 * cb_charm_start.h
 *	  From where on plans are followed again.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CHARM_START_H
#define CB_CHARM_START_H

#include "postgres.h"

#include "utils/uuid.h"

/* A plan, and the lowest height of what changes of it. */
typedef struct CbCharmStart
{
	pg_uuid_t	plan_id;
	int32		height;
} CbCharmStart;

/* As parameters: an array of the plans, and one of their heights. */
extern void cb_charm_start_arrays(const CbCharmStart *starts, int n, NullableDatum *ids, NullableDatum *heights);

#endif							/* CB_CHARM_START_H */
