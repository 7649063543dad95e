/*-------------------------------------------------------------------------
 *
 * cb_webhook_request.c
 *	  What is sent to an endpoint, signed at the time of the attempt.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <time.h>

#include "cb_guc.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "utils/fmgrprotos.h"
#include "webhooks/cb_webhook_internal.h"

#define TIMEOUT_MS 15000
#define MAX_ANSWER 65536
/* Until somebody has brought the key file back. */
#define NO_SECRET_DELAY 300		/* s */
/* What an endpoint's owner is told; where the file is, is for operators. */
#define NOT_SIGNED \
	"not sent: the server lacks the key that the secret was derived from; " \
	"rotate_webhook_secret() gives another secret"

/* Times are written alike whatever the session's settings. */
#define UTC(time) \
	"pg_catalog.to_char(" time " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"

CB_STATEMENT(read_content, "uuid timestamptz",
			 "SELECT e.url, e.generation, e.fingerprint, "
			 "       coalesce(e.previous_valid_until > $2, false), "
			 "       coalesce(v.type, 'webhook.test'), "
			 "       " UTC("coalesce(v.occurred_at, d.created_at)") ", "
			 "       v.id, coalesce(v.merchant_id, d.merchant_id), "
			 "       coalesce(v.subject, 'webhook:' || e.id), v.subject_seq, coalesce(v.payload::text, '{}') "
			 "FROM charmbills.webhook_deliveries d "
			 "JOIN charmbills.webhook_endpoints e ON e.id = d.endpoint_id "
			 "LEFT JOIN charmbills.events v ON v.id = d.event_id "
			 "WHERE d.id = $1");

/* What read_content gives of the endpoint. */
typedef struct Sender
{
	pg_uuid_t	endpoint_id;
	char	   *url;
	int32		generation;
	CbWebhookFingerprint fingerprint;
	bool		has_previous;	/* the secret before signs too */
} Sender;

static void load_sender(const CbWebhookDelivery *delivery, Sender *sender);
static char *write_body(void);
static void raw_or_null(CbJson *json, const char *key, int column);
static char *sign(const Sender *sender, const char *id, int64 timestamp, const char *body,
				  CbSecretProblem *problem);
static bool derive(const Sender *sender, int32 generation, CbSecret *secret, CbSecretProblem *problem);
static NullableDatum write_request(const Sender *sender, const char *id, int64 timestamp,
								   const char *signatures, const char *body);
static void put_off(const CbJob *job, CbWebhookDelivery *delivery, const CbSecretProblem *problem);

/*
 * Receivers compare the time with their own clock, so it is the real one even
 * in the sandbox.
 */
NullableDatum
cb_webhook_request(const CbJob *job)
{
	CbWebhookDelivery delivery;
	CbSecretProblem problem;
	Sender		sender;
	int64		timestamp = (int64) time(NULL);
	char	   *id;
	char	   *body;
	char	   *signatures;

	if (!cb_webhook_load(job, false, &delivery) || !delivery.is_queued || !delivery.endpoint_is_active)
		return cb_null();
	cb_execute_one(&read_content, CB_ARGS(cb_uuid(&delivery.id), cb_timestamptz(job->now)));
	load_sender(&delivery, &sender);
	body = write_body();
	id = cb_uuid_cstring(&delivery.id);
	signatures = sign(&sender, id, timestamp, body, &problem);
	if (signatures == NULL)
	{
		put_off(job, &delivery, &problem);
		return cb_null();
	}
	return write_request(&sender, id, timestamp, signatures, body);
}

static void
load_sender(const CbWebhookDelivery *delivery, Sender *sender)
{
	CbSpan		fingerprint = cb_column_bytea(0, 3);

	sender->endpoint_id = delivery->endpoint_id;
	sender->url = cb_column_text(0, 1);
	sender->generation = cb_column_int4(0, 2);
	memcpy(sender->fingerprint.bytes, fingerprint.data, CB_WEBHOOK_FINGERPRINT_SIZE);
	sender->has_previous = cb_column_bool(0, 4);
}

/* Signed as it is sent, whatever encoding the database has. */
static char *
write_body(void)
{
	CbJson		data;
	CbJson		body;

	cb_json_begin(&data);
	raw_or_null(&data, "event_id", 7);
	if (cb_column_is_null(0, 8))
		cb_json_text(&data, "merchant_id", NULL);
	else
	{
		pg_uuid_t	merchant_id = cb_column_uuid(0, 8);

		cb_json_uuid(&data, "merchant_id", &merchant_id);
	}
	cb_json_text(&data, "subject", cb_column_text(0, 9));
	raw_or_null(&data, "subject_seq", 10);
	cb_json_raw(&data, "payload", cb_column_text(0, 11));

	cb_json_begin(&body);
	cb_json_text(&body, "type", cb_column_text(0, 5));
	cb_json_text(&body, "timestamp", cb_column_text(0, 6));
	cb_json_raw(&body, "data", cb_json_end(&data));
	return cb_json_ascii(cb_json_end(&body));
}

static void
raw_or_null(CbJson *json, const char *key, int column)
{
	if (cb_column_is_null(0, column))
		cb_json_text(json, key, NULL);
	else
		cb_json_int(json, key, cb_column_int8(0, column));
}

/* By the present secret, and for a while by the one before.  NULL: it cannot be. */
static char *
sign(const Sender *sender, const char *id, int64 timestamp, const char *body, CbSecretProblem *problem)
{
	CbSecret	secret;
	CbWebhookFingerprint fingerprint;
	char	   *signatures;

	if (!derive(sender, sender->generation, &secret, problem))
		return NULL;
	fingerprint = cb_webhook_fingerprint(&secret);
	signatures = cb_webhook_signature(&secret, id, timestamp, body);
	cb_secret_forget(&secret);
	if (memcmp(&fingerprint, &sender->fingerprint, sizeof(fingerprint)) != 0)
	{
		problem->reason = "The key file is not the one that the endpoint's secret was derived from";
		problem->hint = "Bring the key file of the server that this database comes from, "
			"or give the endpoint a new secret with rotate_webhook_secret().";
		return NULL;
	}
	if (!sender->has_previous)
		return signatures;
	if (!derive(sender, sender->generation - 1, &secret, problem))
		return NULL;
	signatures = psprintf("%s %s", signatures, cb_webhook_signature(&secret, id, timestamp, body));
	cb_secret_forget(&secret);
	return signatures;
}

static bool
derive(const Sender *sender, int32 generation, CbSecret *secret, CbSecretProblem *problem)
{
	return cb_secret_derive(cb_webhook_purpose(&sender->endpoint_id, generation), secret, problem);
}

static NullableDatum
write_request(const Sender *sender, const char *id, int64 timestamp,
			  const char *signatures, const char *body)
{
	CbJson		headers;
	CbJson		request;

	cb_json_begin(&headers);
	cb_json_text(&headers, "content-type", "application/json");
	cb_json_text(&headers, "user-agent", "charmbills/" CHARMBILLS_VERSION);
	cb_json_text(&headers, "webhook-id", id);
	cb_json_text(&headers, "webhook-timestamp", psprintf(INT64_FORMAT, timestamp));
	cb_json_text(&headers, "webhook-signature", signatures);

	cb_json_begin(&request);
	cb_json_text(&request, "method", "POST");
	cb_json_text(&request, "url", sender->url);
	cb_json_raw(&request, "headers", cb_json_end(&headers));
	cb_json_text(&request, "body", body);
	cb_json_int(&request, "timeout_ms", TIMEOUT_MS);
	cb_json_int(&request, "max_answer", MAX_ANSWER);
	cb_json_bool(&request, "allow_private", cb_guc_webhook_allow_private);
	return cb_datum(DirectFunctionCall1(jsonb_in, CStringGetDatum(cb_json_end(&request))));
}

/*
 * Not signing is the operator's fault: the attempt is logged, but neither the
 * delivery nor the endpoint pays for it.
 */
static void
put_off(const CbJob *job, CbWebhookDelivery *delivery, const CbSecretProblem *problem)
{
	TimestampTz again = job->now + (TimestampTz) NO_SECRET_DELAY * USECS_PER_SEC;
	CbWebhookAttempt attempt = {
		.status = cb_null(),
		.error = NOT_SIGNED,
		.duration_ms = cb_null(),
		.not_before = again,
	};

	ereport(WARNING,
			(errcode(ERRCODE_CONFIG_FILE_ERROR),
			 errmsg("webhook cannot be signed"),
			 errdetail("%s.", problem->reason),
			 errhint("%s", problem->hint)));
	cb_webhook_log(delivery, &attempt, job->now);
	(void) cb_job_retry(job, again, false, psprintf("%s. %s", problem->reason, problem->hint));
}
