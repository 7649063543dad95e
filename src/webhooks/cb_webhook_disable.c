/*-------------------------------------------------------------------------
 *
 * cb_webhook_disable.c
 *	  An endpoint that is told nothing any more.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_event.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "chain/cb_job_queue.h"
#include "webhooks/cb_webhook_internal.h"

CB_STATEMENT(disable_endpoint, "uuid text",
			 "UPDATE charmbills.webhook_endpoints SET is_active = false, disabled_reason = $2 WHERE id = $1");
/*
 * What is on its way may yet arrive: its report decides.  What is fanned out at
 * this moment is given up when a worker takes it.
 */
CB_STATEMENT(give_up_waiting, "uuid text timestamptz",
			 "WITH waiting AS ("
			 "  UPDATE charmbills.jobs "
			 "  SET state = 'failed', last_error = $2, finished_at = $3 "
			 "  WHERE lane = $1 AND lane IS NOT NULL AND kind = '" CB_JOB_WEBHOOK "' AND state = 'queued' "
			 "  RETURNING (payload->>'delivery_id')::uuid AS delivery_id) "
			 "UPDATE charmbills.webhook_deliveries d SET state = 'failed' "
			 "FROM waiting w WHERE d.id = w.delivery_id AND d.state = 'queued'");

void
cb_webhook_stop(const pg_uuid_t *endpoint_id, const char *reason, TimestampTz now)
{
	cb_execute_one(&disable_endpoint, CB_ARGS(cb_uuid(endpoint_id), cb_text(reason)));
	cb_execute(&give_up_waiting, CB_ARGS(cb_uuid(endpoint_id), cb_text(reason), cb_timestamptz(now)));
}

/*
 * Other endpoints may hear of this, and be disabled in turn: each such event
 * leaves fewer that can cause one.
 */
void
cb_webhook_disable(const CbWebhookDelivery *delivery, const char *reason, TimestampTz now)
{
	CbEvents	events = {NIL};
	CbJson		payload;

	cb_webhook_stop(&delivery->endpoint_id, reason, now);
	cb_json_begin(&payload);
	cb_json_text(&payload, "reason", reason);
	cb_event_uuid(&events, "webhook.disabled", delivery->has_merchant ? &delivery->merchant_id : NULL,
				  "webhook", &delivery->endpoint_id, cb_json_end(&payload), now);
	cb_events_write(&events);
}
