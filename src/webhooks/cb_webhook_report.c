/*-------------------------------------------------------------------------
 *
 * cb_webhook_report.c
 *	  What came of an attempt to tell an endpoint, and what follows.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_sql.h"
#include "chain/cb_http_outcome.h"
#include "webhooks/cb_webhook_internal.h"

#define HTTP_GONE 410
#define HTTP_TOO_MANY_REQUESTS 429
#define HTTP_BAD_GATEWAY 502
#define HTTP_GATEWAY_TIMEOUT 504

/* A pause that nobody has put a length to. */
#define BUSY_PAUSE 30			/* s */
/* One that fails is tried less the longer it does. */
#define SHORTEST_PROBE 1		/* s */
#define LONGEST_PROBE (60 * 60) /* s */
#define PROBE_FRACTION 10

#define GIVEN_UP_AFTER ((TimestampTz) 5 * USECS_PER_DAY)

/* Pauses after the first try, the second and so on: three days and a few hours. */
static const int delays[CB_WEBHOOK_TRIES - 1] = {
	5, 5 * 60, 30 * 60, 2 * 60 * 60, 5 * 60 * 60, 10 * 60 * 60, 14 * 60 * 60, 20 * 60 * 60, 24 * 60 * 60
};

static bool read_attempt(NullableDatum report, CbWebhookAttempt *attempt, int32 *pause);
static const char *error_of(int32 status);
static bool is_busy(int32 status);
static TimestampTz next_probe(const CbWebhookDelivery *delivery, TimestampTz now);
static const char *succeed(const CbJob *job, const CbWebhookDelivery *delivery);
static const char *give_up(const CbJob *job, const CbWebhookDelivery *delivery, const char *reason);
static const char *why_disabled(const CbJob *job, const CbWebhookDelivery *delivery,
								const CbWebhookAttempt *attempt);

void *
cb_webhook_lock(const CbJob *job)
{
	CbWebhookDelivery *delivery = palloc(sizeof(CbWebhookDelivery));

	return cb_webhook_load(job, true, delivery) ? delivery : NULL;
}

const char *
cb_webhook_report(const CbJob *job, void *locked, NullableDatum outcome)
{
	CbWebhookDelivery *delivery = locked;
	CbWebhookAttempt attempt;
	int32		pause;
	const char *reason;

	/* It has ended while this was on its way. */
	if (delivery == NULL || !delivery->is_queued)
		return cb_job_done(job);
	/* Nothing was sent. */
	if (!read_attempt(outcome, &attempt, &pause))
		return give_up(job, delivery, delivery->disabled_reason ? delivery->disabled_reason :
					   "nothing was sent");
	if (attempt.error != NULL)
		attempt.not_before = Max(next_probe(delivery, job->now),
								 job->now + (TimestampTz) pause * USECS_PER_SEC);
	cb_webhook_log(delivery, &attempt, job->now);
	if (attempt.error == NULL)
		return succeed(job, delivery);
	reason = why_disabled(job, delivery, &attempt);
	if (reason != NULL)
		cb_webhook_disable(delivery, reason, job->now);
	if (reason != NULL || !delivery->endpoint_is_active || job->attempts + 1 >= CB_WEBHOOK_TRIES)
		return give_up(job, delivery, attempt.error);
	return cb_job_retry(job,
						Max(cb_job_after(job, delays[job->attempts]), attempt.not_before),
						true, attempt.error);
}

/* False: there was nothing to send.  pause: seconds without another attempt. */
static bool
read_attempt(NullableDatum report, CbWebhookAttempt *attempt, int32 *pause)
{
	CbHttpOutcome outcome;

	cb_http_outcome_read(report, &outcome);
	if (outcome.is_done)
		return false;
	attempt->status = outcome.status ? cb_int4(outcome.status) : cb_null();
	attempt->error = outcome.status ? error_of(outcome.status) : outcome.error;
	attempt->duration_ms = outcome.duration_ms;
	attempt->blames_endpoint = true;
	attempt->not_before = 0;
	*pause = outcome.has_pause ? outcome.pause : is_busy(outcome.status) ? BUSY_PAUSE : 0;
	return true;
}

/* Success is 2xx, and nothing else. */
static const char *
error_of(int32 status)
{
	if (status >= 200 && status <= 299)
		return NULL;
	if (status >= 300 && status <= 399)
		return psprintf("HTTP status %d: redirects are not followed", status);
	return psprintf("HTTP status %d", status);
}

static bool
is_busy(int32 status)
{
	return status == HTTP_TOO_MANY_REQUESTS ||
		(status >= HTTP_BAD_GATEWAY && status <= HTTP_GATEWAY_TIMEOUT);
}

static TimestampTz
next_probe(const CbWebhookDelivery *delivery, TimestampTz now)
{
	TimestampTz pause = delivery->is_failing ? (now - delivery->failing_since) / PROBE_FRACTION : 0;

	pause = Max(pause, (TimestampTz) SHORTEST_PROBE * USECS_PER_SEC);
	return now + Min(pause, (TimestampTz) LONGEST_PROBE * USECS_PER_SEC);
}

static const char *
succeed(const CbJob *job, const CbWebhookDelivery *delivery)
{
	cb_webhook_delivered(delivery, job->now);
	return cb_job_done(job);
}

static const char *
give_up(const CbJob *job, const CbWebhookDelivery *delivery, const char *reason)
{
	cb_webhook_given_up(delivery);
	return cb_job_failed(job, reason);
}

/* NULL: it is not to be disabled, or is so already. */
static const char *
why_disabled(const CbJob *job, const CbWebhookDelivery *delivery, const CbWebhookAttempt *attempt)
{
	if (!delivery->endpoint_is_active)
		return NULL;
	if (!attempt->status.isnull && DatumGetInt32(attempt->status.value) == HTTP_GONE)
		return "it answered that it is gone for good";
	if (delivery->is_failing && job->now - delivery->failing_since >= GIVEN_UP_AFTER)
		return "no attempt has gone well for five days";
	return NULL;
}
