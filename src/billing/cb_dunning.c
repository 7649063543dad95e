/*-------------------------------------------------------------------------
 *
 * cb_dunning.c
 *	  Bringing unpaid invoices to mind, and giving them up.
 *
 * Nobody can be charged: each step is an event by which the application
 * reminds its customer.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_draft.h"
#include "billing/cb_dunning.h"
#include "billing/cb_invoice.h"
#include "billing/cb_settle.h"
#include "cb_json.h"
#include "cb_sql.h"

CB_STATEMENT(lock_due, "timestamptz int8",
			 "SELECT i.id, i.merchant_id, i.subscription_id, i.plan_id, i.series, i.number, i.status, i.due_at, "
			 "       i.next_action_at, i.dunning_step, s.timezone, i.received_sats > 0 "
			 "FROM charmbills.invoices i JOIN charmbills.subscription_facts s ON s.id = i.subscription_id "
			 "WHERE i.next_action_at <= $1 AND i.status IN ('open', 'expired') "
			 "ORDER BY i.next_action_at LIMIT $2 FOR NO KEY UPDATE OF s, i SKIP LOCKED");
CB_STATEMENT(write_step, "uuid int4 timestamptz",
			 "UPDATE charmbills.invoices SET dunning_step = $2, next_action_at = $3 WHERE id = $1");
CB_STATEMENT(give_up, "uuid int4 timestamptz",
			 "UPDATE charmbills.invoices SET status = 'uncollectible', dunning_step = $2, next_action_at = $3 "
			 "WHERE id = $1");

typedef struct Overdue
{
	pg_uuid_t	id;
	pg_uuid_t	merchant_id;
	pg_uuid_t	subscription_id;
	pg_uuid_t	plan_id;
	char	   *number;
	char	   *status;
	TimestampTz due_at;
	TimestampTz next_at;
	int			step;			/* steps taken so far */
	char	   *timezone;
	bool		has_money;
} Overdue;

static void load(uint64 row, Overdue *overdue);
static void take_steps(Overdue *overdue, TimestampTz until, TimestampTz now, CbEvents *events);
static void remind(const Overdue *overdue, CbEvents *events);
static void announce_given_up(const Overdue *overdue, CbEvents *events);

int64
cb_dunning_run(TimestampTz until, TimestampTz now, int64 max_rows, CbEvents *events)
{
	int			n = (int) cb_execute(&lock_due, CB_ARGS(cb_timestamptz(until), cb_int8(max_rows)));
	Overdue    *overdue = palloc0(sizeof(Overdue) * Max(n, 1));

	for (int i = 0; i < n; i++)
		load(i, &overdue[i]);
	for (int i = 0; i < n; i++)
		take_steps(&overdue[i], until, now, events);
	return n;
}

static void
load(uint64 row, Overdue *overdue)
{
	overdue->id = cb_column_uuid(row, 1);
	overdue->merchant_id = cb_column_uuid(row, 2);
	overdue->subscription_id = cb_column_uuid(row, 3);
	overdue->plan_id = cb_column_uuid(row, 4);
	overdue->number = cb_invoice_number(cb_column_text(row, 5), cb_column_int8(row, 6));
	overdue->status = cb_column_text(row, 7);
	overdue->due_at = cb_column_timestamptz(row, 8);
	overdue->next_at = cb_column_timestamptz(row, 9);
	overdue->step = cb_column_int4(row, 10);
	overdue->timezone = cb_column_text(row, 11);
	overdue->has_money = cb_column_bool(row, 12);
}

/* Several may have passed: each is taken, in order. */
static void
take_steps(Overdue *overdue, TimestampTz until, TimestampTz now, CbEvents *events)
{
	CbPlanTerms terms;

	cb_plan_terms_read(&overdue->plan_id, now, &terms);
	while (overdue->next_at <= until)
	{
		if (overdue->step >= terms.n_dunning)
			break;
		overdue->step++;
		remind(overdue, events);
		overdue->next_at = cb_dunning_at(&terms, overdue->due_at, overdue->timezone, overdue->step);
	}
	if (overdue->next_at <= until && strcmp(overdue->status, "expired") == 0)
	{
		cb_execute_one(&give_up, CB_ARGS(cb_uuid(&overdue->id), cb_int4(overdue->step),
										 cb_timestamptz(overdue->next_at)));
		announce_given_up(overdue, events);
		cb_settle_invoices(&overdue->id, 1, now, events);
		return;
	}
	/* Money on it keeps it open: look again later. */
	if (overdue->next_at <= until)
		overdue->next_at = now + USECS_PER_DAY;
	cb_execute(&write_step,
			   CB_ARGS(cb_uuid(&overdue->id), cb_int4(overdue->step),
					   overdue->next_at == DT_NOEND ? cb_null() : cb_timestamptz(overdue->next_at)));
}

static void
remind(const Overdue *overdue, CbEvents *events)
{
	CbJson		payload;

	cb_json_begin(&payload);
	cb_json_uuid(&payload, "invoice_id", &overdue->id);
	cb_json_text(&payload, "number", overdue->number);
	cb_json_uuid(&payload, "subscription_id", &overdue->subscription_id);
	cb_json_int(&payload, "step", overdue->step);
	cb_json_time(&payload, "due_at", overdue->due_at);
	cb_event_uuid(events, "invoice.reminder", &overdue->merchant_id, "invoice", &overdue->id,
				  cb_json_end(&payload), overdue->next_at);
}

static void
announce_given_up(const Overdue *overdue, CbEvents *events)
{
	CbJson		payload;

	cb_json_begin(&payload);
	cb_json_uuid(&payload, "invoice_id", &overdue->id);
	cb_json_text(&payload, "number", overdue->number);
	cb_json_uuid(&payload, "subscription_id", &overdue->subscription_id);
	cb_json_text(&payload, "previous_status", overdue->status);
	cb_json_text(&payload, "status", "uncollectible");
	cb_event_uuid(events, "invoice.uncollectible", &overdue->merchant_id, "invoice", &overdue->id,
				  cb_json_end(&payload), overdue->next_at);
}
