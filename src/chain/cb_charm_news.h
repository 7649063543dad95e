/*-------------------------------------------------------------------------
 *
 * cb_charm_news.h
 *	  What a change does to plans' charms, told once everything is at rest.
 *
 * Blocks are undone and done, and plans followed again, within one change.  What
 * each of a plan's transactions did before is kept from the first time on that
 * it is touched, and compared with what it does in the end: what is the same is
 * no news, whatever block it is in now.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CHARM_NEWS_H
#define CB_CHARM_NEWS_H

#include "postgres.h"

#include "chain/cb_change.h"
#include "chain/cb_charm_start.h"

/* Before what plans' transactions at these heights and above do is changed. */
extern void cb_charm_news_before(CbChange *change, const CbCharmStart *starts, int n);
/* A transaction matters to a plan that did not before. */
extern void cb_charm_news_recorded(CbChange *change, const pg_uuid_t *plan_id, const CbHash256 *txid);
/* Charms of a plan come to a script, or go. */
extern void cb_charm_news_holder(CbChange *change, const pg_uuid_t *plan_id, CbSpan script);

/* All is at rest: fill in what the change has for its listener. */
extern void cb_charm_news_settle(CbChange *change);
/* Announce what is different now. */
extern void cb_charm_news_announce(CbChange *change, CbEvents *events);

#endif							/* CB_CHARM_NEWS_H */
