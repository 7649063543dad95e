/*-------------------------------------------------------------------------
 *
 * cb_webhook.h
 *	  Telling endpoints of events over HTTP, by Standard Webhooks.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_WEBHOOK_H
#define CB_WEBHOOK_H

#include "postgres.h"

#include "utils/timestamp.h"

/* Hear of events and take on the jobs; called when the library is loaded. */
extern void cb_webhook_register(void);

/* Deliveries to be forgotten at the time that is the first parameter. */
#define CB_OLD_DELIVERIES \
	"charmbills.webhook_deliveries o WHERE o.state <> 'queued' AND o.created_at < $1 - interval '30 days' "

/*
 * Forget deliveries that ended longer ago than the log is kept, with their
 * attempts and jobs: at most max_rows.  Gives how many.  SPI must be connected.
 */
extern int64 cb_webhook_clean_up(TimestampTz now, int64 max_rows);

#endif							/* CB_WEBHOOK_H */
