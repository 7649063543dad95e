/*-------------------------------------------------------------------------
 *
 * cb_webhook_fanout.c
 *	  From events to deliveries, in the transaction that writes the events.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_clock.h"
#include "cb_event.h"
#include "cb_shared.h"
#include "cb_sql.h"
#include "chain/cb_job_kind.h"
#include "chain/cb_job_queue.h"
#include "webhooks/cb_webhook.h"
#include "webhooks/cb_webhook_internal.h"

static void fan_out(NullableDatum event_ids);

CB_STATEMENT(find_endpoint, "",
			 "SELECT FROM charmbills.webhook_endpoints WHERE is_active LIMIT 1");
/*
 * A merchant's endpoint hears that merchant's events alone, an operator's all.
 * None hears of itself.
 */
CB_KEYS_STATEMENT(insert_deliveries, "int8[] timestamptz",
				  "WITH heard AS ("
				  "  SELECT e.id AS endpoint_id, e.merchant_id, v.id AS event_id "
				  "  FROM charmbills.events v CROSS JOIN LATERAL ("
				  "    SELECT * FROM charmbills.webhook_endpoints e "
				  "    WHERE e.is_active AND e.merchant_id = v.merchant_id "
				  "    UNION ALL "
				  "    SELECT * FROM charmbills.webhook_endpoints e "
				  "    WHERE e.is_active AND e.merchant_id IS NULL) e "
				  "  WHERE v.id = ANY ($1) AND v.subject <> 'webhook:' || e.id "
				  "    AND e.events && ARRAY['*', v.type, pg_catalog.split_part(v.type, '.', 1) || '.*']"
				  "), queued AS ("
				  "  INSERT INTO charmbills.webhook_deliveries (endpoint_id, merchant_id, event_id, created_at) "
				  "  SELECT endpoint_id, merchant_id, event_id, $2 FROM heard ORDER BY event_id, endpoint_id "
				  "  RETURNING id, endpoint_id, merchant_id) "
				  "INSERT INTO charmbills.jobs "
				  "       (kind, payload, merchant_id, dedup_key, run_after, created_at, lane) "
				  "SELECT '" CB_JOB_WEBHOOK "', pg_catalog.jsonb_build_object('delivery_id', id), "
				  "       merchant_id, '" CB_JOB_WEBHOOK ":' || id, $2, $2, endpoint_id "
				  "FROM queued");

static const CbJobKind webhook = {
	.name = CB_JOB_WEBHOOK,
	.request = cb_webhook_request,
	.lock = cb_webhook_lock,
	.report = cb_webhook_report,
};

void
cb_webhook_register(void)
{
	cb_events_listen(fan_out);
	cb_job_kind_register(&webhook);
}

/* Without endpoints this is one probe of an empty index. */
static void
fan_out(NullableDatum event_ids)
{
	if (cb_execute(&find_endpoint, CB_NO_ARGS) == 0)
		return;
	if (cb_execute(&insert_deliveries, CB_ARGS(event_ids, cb_timestamptz(cb_now()))) > 0)
		cb_wake_on_commit();
}
