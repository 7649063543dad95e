/*-------------------------------------------------------------------------
 *
 * cb_change.c
 *	  One change of what we know of the chain, and its consequences.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_clock.h"
#include "cb_transition.h"
#include "chain/cb_change.h"
#include "chain/cb_charm_news.h"
#include "chain/cb_own_tx.h"
#include "chain/cb_reservation.h"

static const CbChainListener *the_listener = NULL;

void
cb_chain_listen(const CbChainListener *listener)
{
	the_listener = listener;
}

const CbChainListener *
cb_chain_listener(void)
{
	Assert(the_listener != NULL);
	return the_listener;
}

void
cb_change_begin(CbChange *change, int32 tip)
{
	memset(change, 0, sizeof(*change));
	change->now = cb_now();
	change->lowest_tip = tip;
	change->highest_tip = tip;
	change->tip = tip;
}

void
cb_change_tip(CbChange *change, int32 tip)
{
	change->tip = tip;
	change->lowest_tip = Min(change->lowest_tip, tip);
	change->highest_tip = Max(change->highest_tip, tip);
}

void
cb_change_add_hits(CbChange *change, const CbHit *hits, int n)
{
	Size		size = sizeof(CbHit) * (change->n_hits + n);

	if (n == 0)
		return;
	change->hits = change->hits ? repalloc_huge(change->hits, size) : palloc(size);
	memcpy(change->hits + change->n_hits, hits, sizeof(CbHit) * n);
	change->n_hits += n;
}

/*
 * The order of the steps is the order in which locks are taken everywhere:
 * subscriptions, invoices, payments, transactions, plans, reservations, credits,
 * counters.
 */
void
cb_change_finish(CbChange *change)
{
	CbEvents	events = {NIL};
	const CbChainListener *listener = cb_chain_listener();

	cb_charm_news_settle(change);
	if (change->moved.n == 0 && change->n_hits == 0 && change->n_charm_plans == 0 &&
		change->lowest_tip == change->highest_tip)
		return;
	cb_chain_moves_begin();
	listener->lock(change);
	listener->payments(change, &events);
	cb_own_tx_update(change, &events);
	cb_charm_news_announce(change, &events);
	listener->charms(change, &events);
	cb_reservation_update(change, &events);
	listener->settle(change, &events);
	cb_events_write(&events);
	cb_chain_moves_end();
}
