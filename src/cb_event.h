/*-------------------------------------------------------------------------
 *
 * cb_event.h
 *	  Events: what happened, written in the transaction in which it did.
 *
 * Events are collected and written with one statement, so that a block that
 * pays a hundred invoices does not pay for a hundred inserts.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_EVENT_H
#define CB_EVENT_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* Collected events, in the order in which they happened.  Starts as {NIL}. */
typedef struct CbEvents
{
	List	   *events;
} CbEvents;

/*
 * Add one event.  The subject's row must be locked by this transaction, or be
 * new in it, so that its events are numbered without gaps.
 *
 * type: "invoice.paid".  subject_kind and subject_id: "invoice" and its id.
 * payload: a JSON object, or NULL.  Strings are kept, not copied.
 */
extern void cb_event(CbEvents *events, const char *type, const pg_uuid_t *merchant_id,
					 const char *subject_kind, const char *subject_id,
					 char *payload, TimestampTz occurred_at);
/* The same for a subject whose identity is a UUID. */
extern void cb_event_uuid(CbEvents *events, const char *type, const pg_uuid_t *merchant_id,
						  const char *subject_kind, const pg_uuid_t *subject_id,
						  char *payload, TimestampTz occurred_at);
/* Write what was collected and empty the collection. */
extern void cb_events_write(CbEvents *events);

/*
 * What lies above: the chain layer knows which epoch events belong to, and
 * webhooks are fanned out in the transaction that writes the events.  Both
 * live as long as the backend.
 */
typedef int32 (*CbEventEpoch) (void);
/* ids: those of the events just written, as bigint[]. */
typedef void (*CbEventListener) (NullableDatum ids);

extern void cb_events_take_epoch(CbEventEpoch epoch);
extern void cb_events_listen(CbEventListener listener);

#endif							/* CB_EVENT_H */
