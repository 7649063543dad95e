/*-------------------------------------------------------------------------
 *
 * cb_invoice.c
 *	  Invoices for the periods of subscriptions.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_draft.h"
#include "billing/cb_invoice.h"
#include "billing/cb_issue.h"
#include "billing/cb_settle.h"
#include "catalog/pg_type.h"
#include "cb_json.h"
#include "cb_sql.h"

/*
 * Of what was issued after the latest paid invoice.  One in a currency that has
 * expired is paid at no rate any more; one that was given up waits for nobody.
 */
CB_STATEMENT(find_standing, "uuid",
			 "SELECT i.id FROM charmbills.invoices i "
			 "WHERE i.subscription_id = $1 AND i.kind = 'period' "
			 "      AND (i.status IN ('open', 'processing') OR i.status = 'expired' AND i.currency IS NULL) "
			 "      AND NOT EXISTS (SELECT FROM charmbills.invoices n "
			 "                      WHERE n.subscription_id = $1 AND n.kind IN ('period', 'change') "
			 "                            AND n.status = 'paid' "
			 "                            AND (n.created_at, n.number) > (i.created_at, i.number)) "
			 "ORDER BY i.created_at DESC, i.number DESC LIMIT 1");
CB_KEYS_STATEMENT(find_failed, "uuid[] timestamptz[]",
				  "SELECT i.id FROM unnest($1, $2) d(subscription_id, period_start) "
				  "JOIN charmbills.invoices i "
				  "     ON i.subscription_id = d.subscription_id AND i.period_start = d.period_start "
				  "WHERE i.kind = 'period' AND i.status IN ('expired', 'uncollectible') "
				  "ORDER BY i.id");
CB_STATEMENT(hold_back, "uuid[] timestamptz",
			 "UPDATE charmbills.subscription_facts SET held_until = $2 + interval '1 day' WHERE id = ANY ($1)");
CB_STATEMENT(lock_open, "uuid",
			 "SELECT i.id, i.received_sats > 0 OR i.status = 'processing' FROM charmbills.invoices i "
			 "WHERE i.subscription_id = $1 AND i.status IN ('open', 'processing') "
			 "ORDER BY i.id FOR NO KEY UPDATE");
CB_KEYS_STATEMENT(set_void, "uuid[] text",
				  "UPDATE charmbills.invoices i SET status = 'void', void_reason = $2 "
				  "FROM (SELECT o.id, o.status FROM charmbills.invoices o WHERE o.id = ANY ($1)) o "
				  "WHERE i.id = o.id "
				  "RETURNING i.id, i.merchant_id, i.series, i.number, o.status");

static void draft_next(const pg_uuid_t *subscription_id, TimestampTz now, CbDraft *draft);
static void void_failed(const CbDraft *drafts, int n, TimestampTz now, CbEvents *events);
static void announce_void(int n, const char *reason, TimestampTz now, CbEvents *events);

void
cb_invoice_issue_first(const pg_uuid_t *subscription_id, TimestampTz now, CbEvents *events)
{
	CbDraft		draft;

	draft_next(subscription_id, now, &draft);
	cb_issue(&draft, 1, now, events);
}

pg_uuid_t
cb_invoice_issue_next(const pg_uuid_t *subscription_id, TimestampTz now, CbEvents *events)
{
	CbDraft		draft;

	if (cb_execute(&find_standing, CB_ARGS(cb_uuid(subscription_id))) == 1)
		return cb_column_uuid(0, 1);
	draft_next(subscription_id, now, &draft);
	void_failed(&draft, 1, now, events);
	cb_issue(&draft, 1, now, events);
	return draft.id;
}

static void
draft_next(const pg_uuid_t *subscription_id, TimestampTz now, CbDraft *draft)
{
	CbBillable	billable;

	cb_billables_read(subscription_id, 1, &billable);
	cb_billable_check(&billable);
	cb_draft_next(&billable, now, draft);
}

/* Another for the very same period takes their place. */
static void
void_failed(const CbDraft *drafts, int n, TimestampTz now, CbEvents *events)
{
	pg_uuid_t  *ids = palloc(sizeof(pg_uuid_t) * Max(n, 1));
	Datum	   *starts = palloc(sizeof(Datum) * Max(n, 1));
	int			n_failed;

	for (int i = 0; i < n; i++)
	{
		ids[i] = drafts[i].subscription_id;
		starts[i] = TimestampTzGetDatum(drafts[i].period.start);
	}
	n_failed = (int) cb_execute(&find_failed,
								CB_ARGS(cb_uuid_array(ids, n), cb_array(starts, NULL, n, TIMESTAMPTZOID)));
	ids = cb_column_uuids(n_failed);
	cb_lock_invoices(ids, n_failed);
	cb_invoice_void(ids, n_failed, CB_VOID_REQUESTED, now, events);
}

void
cb_invoice_renew(const pg_uuid_t *subscription_ids, int n, TimestampTz now, CbEvents *events)
{
	CbBillable *billables = palloc0(sizeof(CbBillable) * Max(n, 1));
	CbDraft    *drafts = palloc0(sizeof(CbDraft) * Max(n, 1));
	pg_uuid_t  *held = palloc(sizeof(pg_uuid_t) * Max(n, 1));
	int			n_drafts = 0;
	int			n_held = 0;

	n = cb_billables_read(subscription_ids, n, billables);
	for (int i = 0; i < n; i++)
	{
		if (billables[i].is_merchant_active)
			cb_draft_next(&billables[i], now, &drafts[n_drafts++]);
		else
			held[n_held++] = billables[i].id;
	}
	if (n_held > 0)
		cb_execute(&hold_back, CB_ARGS(cb_uuid_array(held, n_held), cb_timestamptz(now)));
	void_failed(drafts, n_drafts, now, events);
	cb_issue(drafts, n_drafts, now, events);
}

int
cb_invoice_void_open(const pg_uuid_t *subscription_id, bool with_money, const char *reason,
					 TimestampTz now, CbEvents *events)
{
	int			n = (int) cb_execute(&lock_open, CB_ARGS(cb_uuid(subscription_id)));
	pg_uuid_t  *ids = palloc(sizeof(pg_uuid_t) * Max(n, 1));
	int			n_void = 0;

	for (int i = 0; i < n; i++)
		if (with_money || !cb_column_bool(i, 2))
			ids[n_void++] = cb_column_uuid(i, 1);
	cb_invoice_void(ids, n_void, reason, now, events);
	return n - n_void;
}

/* What was received for them becomes the customer's credit. */
void
cb_invoice_void(const pg_uuid_t *ids, int n, const char *reason, TimestampTz now, CbEvents *events)
{
	if (n == 0)
		return;
	announce_void((int) cb_execute(&set_void, CB_ARGS(cb_uuid_array(ids, n), cb_text(reason))),
				  reason, now, events);
	cb_settle_invoices(ids, n, now, events);
}

/* Of the last statement's n rows. */
static void
announce_void(int n, const char *reason, TimestampTz now, CbEvents *events)
{
	for (int i = 0; i < n; i++)
	{
		pg_uuid_t	id = cb_column_uuid(i, 1);
		pg_uuid_t	merchant_id = cb_column_uuid(i, 2);
		CbJson		payload;

		cb_json_begin(&payload);
		cb_json_uuid(&payload, "invoice_id", &id);
		cb_json_text(&payload, "number", cb_invoice_number(cb_column_text(i, 3), cb_column_int8(i, 4)));
		cb_json_text(&payload, "previous_status", cb_column_text(i, 5));
		cb_json_text(&payload, "reason", reason);
		cb_event_uuid(events, "invoice.voided", &merchant_id, "invoice", &id, cb_json_end(&payload), now);
	}
}

char *
cb_invoice_number(const char *series, int64 number)
{
	return psprintf("%s%s" INT64_FORMAT, series, series[0] != '\0' ? "-" : "", number);
}
