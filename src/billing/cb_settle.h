/*-------------------------------------------------------------------------
 *
 * cb_settle.h
 *	  From payments to invoices: who has paid what, recomputed from the facts.
 *
 * An invoice's status, received sum, flags and credit are a function of its
 * payments, its amount, the chain's height, and the time until which the chain
 * has been followed.  Nothing is added up along the way, so no order of events
 * can make a difference.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SETTLE_H
#define CB_SETTLE_H

#include "postgres.h"

#include "cb_event.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "bitcoin/cb_tx.h"

/* Make billing the chain layer's listener; called when the library is loaded. */
extern void cb_settle_register(void);

/*
 * Recompute invoices and the subscriptions they are for.  The caller has
 * locked both, subscriptions first (cb_lock_invoices()).
 */
extern void cb_settle_invoices(const pg_uuid_t *invoice_ids, int n, TimestampTz now, CbEvents *events);

/*
 * Recompute the credit that comes of payments without an invoice, or that no
 * longer does since they have one.
 */
extern void cb_settle_strays(const CbOutpoint *outpoints, int n, TimestampTz now, CbEvents *events);

/*
 * Lock invoices and before them their subscriptions, each in order of key.
 * CB008 when one does not exist.
 */
extern void cb_lock_invoices(const pg_uuid_t *invoice_ids, int n);

/* Lock subscriptions in order of key. */
extern void cb_lock_subscriptions(const pg_uuid_t *subscription_ids, int n);

/* Lock merchants' counters in order of key: nobody issues an invoice meanwhile. */
extern void cb_lock_counters(const pg_uuid_t *merchant_ids, int n);

#endif							/* CB_SETTLE_H */
