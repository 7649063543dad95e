/*-------------------------------------------------------------------------
 *
 * cb_webhook_redeliver.c
 *	  Deliveries on request: once more, or for a test.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_args.h"
#include "cb_auth.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_shared.h"
#include "cb_sql.h"
#include "chain/cb_job_queue.h"
#include "webhooks/cb_webhook_internal.h"

/* The endpoint is locked before the delivery, as everywhere. */
CB_STATEMENT(lock_endpoint_of, "uuid",
			 "SELECT e.merchant_id, e.is_active FROM charmbills.webhook_endpoints e "
			 "WHERE e.id = (SELECT d.endpoint_id FROM charmbills.webhook_deliveries d WHERE d.id = $1) "
			 "FOR NO KEY UPDATE");
CB_STATEMENT(lock_endpoint, "uuid",
			 "SELECT merchant_id, is_active FROM charmbills.webhook_endpoints "
			 "WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE");
CB_STATEMENT(requeue_delivery, "uuid",
			 "UPDATE charmbills.webhook_deliveries SET state = 'queued', delivered_at = NULL WHERE id = $1");
CB_STATEMENT(insert_test, "uuid timestamptz",
			 "INSERT INTO charmbills.webhook_deliveries (endpoint_id, merchant_id, created_at) "
			 "SELECT e.id, e.merchant_id, $2 FROM charmbills.webhook_endpoints e WHERE e.id = $1 "
			 "RETURNING id");
/* An attempt that is on its way is not disturbed: its report goes on from it. */
CB_STATEMENT(queue_job, "uuid timestamptz",
			 "INSERT INTO charmbills.jobs AS j "
			 "       (kind, payload, merchant_id, dedup_key, run_after, created_at, lane) "
			 "SELECT '" CB_JOB_WEBHOOK "', pg_catalog.jsonb_build_object('delivery_id', d.id), "
			 "       d.merchant_id, '" CB_JOB_WEBHOOK ":' || d.id, $2, $2, d.endpoint_id "
			 "FROM charmbills.webhook_deliveries d WHERE d.id = $1 "
			 "ON CONFLICT (dedup_key) DO UPDATE " CB_JOB_REQUEUE_SET
			 "WHERE j.state <> 'running'");
CB_STATEMENT(read_delivery, "uuid",
			 "SELECT d FROM charmbills.webhook_deliveries d WHERE d.id = $1");

static void check_endpoint(uint64 found, const char *what);
static Datum queue(FunctionCallInfo fcinfo, const pg_uuid_t *delivery_id);

/*
 * charmbills.redeliver_webhook(delivery_id uuid) -> webhook_deliveries
 *
 * The receiver sees the webhook-id that it may have seen before.
 */
CB_FUNCTION(redeliver_webhook, CB_MERCHANT)
{
	pg_uuid_t	id;

	cb_require_args(fcinfo, 1);
	id = *PG_GETARG_UUID_P(0);
	check_endpoint(cb_execute(&lock_endpoint_of, CB_ARGS(cb_uuid(&id))), "delivery");
	cb_execute_one(&requeue_delivery, CB_ARGS(cb_uuid(&id)));
	return queue(fcinfo, &id);
}

/* charmbills.send_test_webhook(endpoint_id uuid) -> webhook_deliveries */
CB_FUNCTION(send_test_webhook, CB_MERCHANT)
{
	pg_uuid_t	id;

	cb_require_args(fcinfo, 1);
	check_endpoint(cb_execute(&lock_endpoint, CB_ARGS(cb_arg(fcinfo, 0))), "endpoint");
	cb_execute_one(&insert_test, CB_ARGS(cb_arg(fcinfo, 0), cb_timestamptz(cb_now())));
	id = cb_column_uuid(0, 1);
	return queue(fcinfo, &id);
}

static void
check_endpoint(uint64 found, const char *what)
{
	pg_uuid_t	merchant_id;

	if (found == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("webhook %s does not exist", what)));
	merchant_id = cb_column_uuid(0, 1);
	if (cb_column_is_null(0, 1))
		cb_authorize_operator();
	else
		cb_authorize(&merchant_id);
	if (!cb_column_bool(0, 2))
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("webhook endpoint is not active"),
				 errhint("Switch it on with update_webhook_endpoint().")));
}

static Datum
queue(FunctionCallInfo fcinfo, const pg_uuid_t *delivery_id)
{
	cb_execute(&queue_job, CB_ARGS(cb_uuid(delivery_id), cb_timestamptz(cb_now())));
	cb_wake_on_commit();
	cb_execute_one(&read_delivery, CB_ARGS(cb_uuid(delivery_id)));
	return cb_return_row(fcinfo);
}
