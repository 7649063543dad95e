/*-------------------------------------------------------------------------
 *
 * cb_event.c
 *	  Events: what happened, written in the transaction in which it did.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "cb_event.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "utils/builtins.h"

typedef struct Event
{
	const char *type;
	const pg_uuid_t *merchant_id;
	const char *subject;
	const char *payload;
	TimestampTz occurred_at;
	int64		nth;			/* among those of its subject that are written now, from 1 */
} Event;

/* The rows are written in the order of the arrays. */
CB_KEYS_STATEMENT(insert_events, "text[] uuid[] text[] text[] timestamptz[] int8[] int4",
				  "INSERT INTO charmbills.events "
				  "       (type, merchant_id, subject, subject_seq, payload, occurred_at, epoch) "
				  "SELECT e.type, e.merchant_id, e.subject, "
				  "       coalesce((SELECT max(p.subject_seq) FROM charmbills.events p WHERE p.subject = e.subject), 0) "
				  "       + e.nth, "
				  "       e.payload::pg_catalog.jsonb, e.occurred_at, $7 "
				  "FROM unnest($1, $2, $3, $4, $5, $6) AS e(type, merchant_id, subject, payload, occurred_at, nth) "
				  "RETURNING id");

static CbEventEpoch current_epoch = NULL;
static CbEventListener the_listener = NULL;

static void count_by_subject(CbEvents *events);
static int	compare_subjects(const ListCell *a, const ListCell *b);
static void tell_listener(uint64 n);

void
cb_events_take_epoch(CbEventEpoch epoch)
{
	current_epoch = epoch;
}

void
cb_events_listen(CbEventListener listener)
{
	the_listener = listener;
}

void
cb_event(CbEvents *events, const char *type, const pg_uuid_t *merchant_id,
		 const char *subject_kind, const char *subject_id,
		 char *payload, TimestampTz occurred_at)
{
	Event	   *event = palloc(sizeof(Event));

	event->type = type;
	event->merchant_id = NULL;
	if (merchant_id != NULL)
	{
		pg_uuid_t  *copy = palloc(sizeof(pg_uuid_t));

		*copy = *merchant_id;
		event->merchant_id = copy;
	}
	event->subject = psprintf("%s:%s", subject_kind, subject_id);
	event->payload = payload ? payload : "{}";
	event->occurred_at = occurred_at;
	events->events = lappend(events->events, event);
}

void
cb_event_uuid(CbEvents *events, const char *type, const pg_uuid_t *merchant_id,
			  const char *subject_kind, const pg_uuid_t *subject_id,
			  char *payload, TimestampTz occurred_at)
{
	cb_event(events, type, merchant_id, subject_kind, cb_uuid_cstring(subject_id),
			 payload, occurred_at);
}

void
cb_events_write(CbEvents *events)
{
	int			n = list_length(events->events);
	Datum	   *columns = palloc(sizeof(Datum) * 6 * Max(n, 1));
	bool	   *no_merchant = palloc(sizeof(bool) * Max(n, 1));
	int32		epoch;
	uint64		n_written;

	if (n == 0)
		return;
	count_by_subject(events);
	for (int i = 0; i < n; i++)
	{
		const Event *event = list_nth(events->events, i);

		columns[i] = CStringGetTextDatum(event->type);
		no_merchant[i] = event->merchant_id == NULL;
		columns[n + i] = UUIDPGetDatum(event->merchant_id);
		columns[2 * n + i] = CStringGetTextDatum(event->subject);
		columns[3 * n + i] = CStringGetTextDatum(event->payload);
		columns[4 * n + i] = TimestampTzGetDatum(event->occurred_at);
		columns[5 * n + i] = Int64GetDatum(event->nth);
	}
	epoch = current_epoch();
	n_written =
		cb_execute(&insert_events,
				   CB_ARGS(cb_array(columns, NULL, n, TEXTOID),
						   cb_array(columns + n, no_merchant, n, UUIDOID),
						   cb_array(columns + 2 * n, NULL, n, TEXTOID),
						   cb_array(columns + 3 * n, NULL, n, TEXTOID),
						   cb_array(columns + 4 * n, NULL, n, TIMESTAMPTZOID),
						   cb_array(columns + 5 * n, NULL, n, INT8OID),
						   cb_int4(epoch)));
	events->events = NIL;
	tell_listener(n_written);
}

static void
count_by_subject(CbEvents *events)
{
	List	   *sorted = list_copy(events->events);
	const Event *before = NULL;
	ListCell   *cell;

	/* Its position for now, which keeps those of a subject in their order. */
	foreach(cell, sorted)
		((Event *) lfirst(cell))->nth = foreach_current_index(cell);
	list_sort(sorted, compare_subjects);
	foreach(cell, sorted)
	{
		Event	   *event = lfirst(cell);

		event->nth = before != NULL && strcmp(before->subject, event->subject) == 0 ? before->nth + 1 : 1;
		before = event;
	}
	list_free(sorted);
}

static int
compare_subjects(const ListCell *a, const ListCell *b)
{
	const Event *x = lfirst(a);
	const Event *y = lfirst(b);
	int			order = strcmp(x->subject, y->subject);

	return order != 0 ? order : (x->nth > y->nth) - (x->nth < y->nth);
}

static void
tell_listener(uint64 n)
{
	Datum	   *ids = palloc(sizeof(Datum) * n);

	for (uint64 row = 0; row < n; row++)
		ids[row] = Int64GetDatum(cb_column_int8(row, 1));
	the_listener(cb_array(ids, NULL, (int) n, INT8OID));
}
