/*-------------------------------------------------------------------------
 *
 * cb_webhook_log.c
 *	  Deliveries, and the log of attempts at them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_sql.h"
#include "chain/cb_job_queue.h"
#include "webhooks/cb_webhook.h"
#include "webhooks/cb_webhook_internal.h"

/* For how long the log is kept. */
#define READ_DELIVERY \
	"SELECT d.id, d.endpoint_id, d.state = 'queued', d.attempts, d.merchant_id, " \
	"       e.is_active, e.disabled_reason, e.failing_since " \
	"FROM charmbills.webhook_deliveries d " \
	"JOIN charmbills.webhook_endpoints e ON e.id = d.endpoint_id " \
	"WHERE d.id = ($1->>'delivery_id')::uuid "

CB_STATEMENT(read_delivery, "jsonb", READ_DELIVERY);
CB_STATEMENT(lock_delivery, "jsonb", READ_DELIVERY "FOR NO KEY UPDATE OF d, e");
CB_STATEMENT(insert_attempt, "uuid int4 uuid timestamptz int4 text int4",
			 "INSERT INTO charmbills.webhook_attempts "
			 "       (delivery_id, attempt, merchant_id, attempted_at, http_status, error, duration_ms) "
			 "VALUES ($1, $2, $3, $4, $5, $6, $7)");
CB_STATEMENT(count_attempt, "uuid int4",
			 "UPDATE charmbills.webhook_deliveries SET attempts = $2 WHERE id = $1");
/* A pause asked for outlives the success of what was on its way then. */
CB_STATEMENT(note_endpoint, "uuid timestamptz int4 text bool timestamptz",
			 "UPDATE charmbills.webhook_endpoints "
			 "SET last_attempt_at = $2, last_status = $3, last_error = $4, "
			 "    failing_since = CASE WHEN $4 IS NULL THEN NULL "
			 "                         WHEN $5 THEN coalesce(failing_since, $2) "
			 "                         ELSE failing_since END, "
			 "    not_before = greatest(not_before, $6) "
			 "WHERE id = $1");
CB_STATEMENT(end_delivery, "uuid text timestamptz",
			 "UPDATE charmbills.webhook_deliveries SET state = $2, delivered_at = $3 WHERE id = $1");
CB_STATEMENT(clean_up, "timestamptz int8",
			 "WITH old AS ("
			 "  SELECT o.id FROM " CB_OLD_DELIVERIES
			 "  ORDER BY o.created_at LIMIT $2 FOR UPDATE SKIP LOCKED"
			 "), attempts AS ("
			 "  DELETE FROM charmbills.webhook_attempts a USING old WHERE a.delivery_id = old.id"
			 "), jobs AS ("
			 "  DELETE FROM charmbills.jobs j USING old WHERE j.dedup_key = '" CB_JOB_WEBHOOK ":' || old.id"
			 ") "
			 "DELETE FROM charmbills.webhook_deliveries d USING old WHERE d.id = old.id");

bool
cb_webhook_load(const CbJob *job, bool lock, CbWebhookDelivery *delivery)
{
	memset(delivery, 0, sizeof(*delivery));
	if (cb_execute(lock ? &lock_delivery : &read_delivery, CB_ARGS(job->payload)) == 0)
		return false;
	delivery->id = cb_column_uuid(0, 1);
	delivery->endpoint_id = cb_column_uuid(0, 2);
	delivery->is_queued = cb_column_bool(0, 3);
	delivery->attempts = cb_column_int4(0, 4);
	delivery->has_merchant = !cb_column_is_null(0, 5);
	delivery->merchant_id = cb_column_uuid(0, 5);
	delivery->endpoint_is_active = cb_column_bool(0, 6);
	delivery->disabled_reason = cb_column_text(0, 7);
	delivery->is_failing = !cb_column_is_null(0, 8);
	delivery->failing_since = cb_column_timestamptz(0, 8);
	return true;
}

void
cb_webhook_log(CbWebhookDelivery *delivery, const CbWebhookAttempt *attempt, TimestampTz now)
{
	delivery->attempts++;
	cb_execute(&insert_attempt,
			   CB_ARGS(cb_uuid(&delivery->id), cb_int4(delivery->attempts),
					   cb_uuid(delivery->has_merchant ? &delivery->merchant_id : NULL),
					   cb_timestamptz(now), attempt->status, cb_text(attempt->error), attempt->duration_ms));
	cb_execute(&count_attempt, CB_ARGS(cb_uuid(&delivery->id), cb_int4(delivery->attempts)));
	cb_execute(&note_endpoint,
			   CB_ARGS(cb_uuid(&delivery->endpoint_id), cb_timestamptz(now), attempt->status,
					   cb_text(attempt->error), cb_bool(attempt->blames_endpoint),
					   attempt->not_before ? cb_timestamptz(attempt->not_before) : cb_null()));
}

void
cb_webhook_delivered(const CbWebhookDelivery *delivery, TimestampTz now)
{
	cb_execute(&end_delivery, CB_ARGS(cb_uuid(&delivery->id), cb_text("delivered"), cb_timestamptz(now)));
}

void
cb_webhook_given_up(const CbWebhookDelivery *delivery)
{
	cb_execute(&end_delivery, CB_ARGS(cb_uuid(&delivery->id), cb_text("failed"), cb_null()));
}

int64
cb_webhook_clean_up(TimestampTz now, int64 max_rows)
{
	return (int64) cb_execute(&clean_up, CB_ARGS(cb_timestamptz(now), cb_int8(max_rows)));
}
