/*-------------------------------------------------------------------------
 *
 * cb_charm_rescan.h
 *	  Looking for plans that were minted before they were known here.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CHARM_RESCAN_H
#define CB_CHARM_RESCAN_H

#include "postgres.h"

#include "utils/timestamp.h"
#include "utils/uuid.h"

/*
 * Look for what is a watched plan's in all blocks since a time: those that are
 * held are offered again, those below are rescanned.  Where no block has come
 * yet, as soon as one has.
 */
extern void cb_charm_rescan_plan(const pg_uuid_t *plan_id, TimestampTz since);

/*
 * A block has come: the same for those that wait for one, since there was none
 * or an upgrade brought them.
 */
extern void cb_charm_rescan_waiting(TimestampTz now);

#endif							/* CB_CHARM_RESCAN_H */
