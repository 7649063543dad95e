/*-------------------------------------------------------------------------
 *
 * cb_prover_job.c
 *	  The job that has a spell proved: one HTTP request, which may take long.
 *
 * Provers keep what they have proved, so that asking again costs little; but of
 * some the answer never comes, such as when they have crashed.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_guc.h"
#include "cb_sql.h"
#include "chain/cb_http_outcome.h"
#include "chain/cb_job_kind.h"
#include "chain/cb_job_queue.h"
#include "proving/cb_prove_internal.h"
#include "proving/cb_prover.h"
#include "proving/cb_proving.h"
#include "utils/fmgrprotos.h"

#define PATH "/spells/prove"
#define MAX_ANSWER (4 * 1024 * 1024)
/* Eight in an hour, besides what each of them takes. */
#define MAX_TRIES 8
#define FIRST_DELAY 30			/* s */
#define LONGEST_PAUSE 3600		/* s */
#define LONGEST_EXCERPT 500

#define HTTP_OK 200
#define HTTP_TIMEOUT 408
#define HTTP_TOO_MANY_REQUESTS 429
#define HTTP_SERVER_ERROR 500

CB_STATEMENT(read_transaction_id, "jsonb",
			 "SELECT ($1->>'transaction_id')::uuid");
/* What a prover says of an error is for people: not at length, and in one line. */
CB_STATEMENT(write_excerpt, "text int4",
			 "SELECT pg_catalog.regexp_replace(pg_catalog.left($1, $2), '[[:cntrl:][:space:]]+', ' ', 'g')");

static NullableDatum make_request(const CbJob *job);
static NullableDatum write_request(const char *body);
static const char *prover_address(void);
static void refuse(const CbJob *job, const pg_uuid_t *transaction_id, const char *reason);
static pg_uuid_t transaction_of(const CbJob *job);
static bool is_wanted(const CbProveRequest *request);
static void *lock_request(const CbJob *job);
static const char *report(const CbJob *job, void *locked, NullableDatum report_);
static bool is_transient(const CbHttpOutcome *outcome);
static const char *refusal(const CbHttpOutcome *outcome);
static const char *take_answer(const CbJob *job, const CbProveRequest *request, const CbHttpOutcome *outcome);
static const char *try_again(const CbJob *job, const CbProveRequest *request, const CbHttpOutcome *outcome);
static const char *fail(const CbJob *job, const CbProveRequest *request, const char *reason);

static const CbJobKind prove = {
	.name = CB_JOB_PROVE,
	.request = make_request,
	.lock = lock_request,
	.report = report,
};

void
cb_prover_register(void)
{
	cb_job_kind_register(&prove);
}

static NullableDatum
make_request(const CbJob *job)
{
	pg_uuid_t	transaction_id = transaction_of(job);
	CbProveRequest *request = cb_prove_request_load(&transaction_id, false);
	const char *problem;
	char	   *body;

	if (!is_wanted(request))
		return cb_null();
	if (cb_guc_prover_url[0] == '\0' || strcmp(cb_guc_prover_url, "sandbox") == 0)
		problem = "the server has no prover any more";
	else
		problem = cb_prover_shortage(request);
	if (problem == NULL)
		problem = cb_prover_body(request, &body);
	if (problem == NULL)
		return write_request(body);
	refuse(job, &transaction_id, problem);
	return cb_null();
}

/* The operator has named the address, so it may be a private one. */
static NullableDatum
write_request(const char *body)
{
	CbJson		headers;
	CbJson		request;

	cb_json_begin(&headers);
	cb_json_text(&headers, "content-type", "application/json");
	cb_json_text(&headers, "accept", "application/json");
	cb_json_text(&headers, "user-agent", "charmbills/" CHARMBILLS_VERSION);

	cb_json_begin(&request);
	cb_json_text(&request, "method", "POST");
	cb_json_text(&request, "url", prover_address());
	cb_json_raw(&request, "headers", cb_json_end(&headers));
	cb_json_text(&request, "body", body);
	cb_json_int(&request, "timeout_ms", (int64) cb_guc_prover_timeout * 1000);
	cb_json_int(&request, "max_answer", MAX_ANSWER);
	cb_json_bool(&request, "allow_private", true);
	return cb_datum(DirectFunctionCall1(jsonb_in, CStringGetDatum(cb_json_end(&request))));
}

/* Where the setting names a host alone, the path that provers have. */
static const char *
prover_address(void)
{
	const char *host = strstr(cb_guc_prover_url, "://") + 3;
	const char *path = strchr(host, '/');

	if (path == NULL)
		return psprintf("%s" PATH, cb_guc_prover_url);
	if (path[1] == '\0')
		return psprintf("%.*s" PATH, (int) (path - cb_guc_prover_url), cb_guc_prover_url);
	return cb_guc_prover_url;
}

/* It cannot be asked for, and trying again would not help. */
static void
refuse(const CbJob *job, const pg_uuid_t *transaction_id, const char *reason)
{
	CbProveRequest *request;

	cb_prove_lock_sandbox();
	request = cb_prove_request_load(transaction_id, true);
	if (is_wanted(request))
		(void) fail(job, request, reason);
}

static pg_uuid_t
transaction_of(const CbJob *job)
{
	cb_execute_one(&read_transaction_id, CB_ARGS(job->payload));
	return cb_column_uuid(0, 1);
}

/* Not one that has been canceled, or answered, meanwhile. */
static bool
is_wanted(const CbProveRequest *request)
{
	return request != NULL && request->is_open && request->state == CB_PROVE_PROVING;
}

static void *
lock_request(const CbJob *job)
{
	pg_uuid_t	transaction_id = transaction_of(job);

	cb_prove_lock_sandbox();
	return cb_prove_request_load(&transaction_id, true);
}

static const char *
report(const CbJob *job, void *locked, NullableDatum report_)
{
	const CbProveRequest *request = locked;
	CbHttpOutcome outcome;

	cb_http_outcome_read(report_, &outcome);
	if (outcome.is_done || !is_wanted(request))
		return cb_job_done(job);
	if (is_transient(&outcome))
		return try_again(job, request, &outcome);
	if (outcome.status != HTTP_OK)
		return fail(job, request, refusal(&outcome));
	return take_answer(job, request, &outcome);
}

static bool
is_transient(const CbHttpOutcome *outcome)
{
	return outcome->status == 0 || outcome->status == HTTP_TIMEOUT ||
		outcome->status == HTTP_TOO_MANY_REQUESTS || outcome->status >= HTTP_SERVER_ERROR;
}

static const char *
refusal(const CbHttpOutcome *outcome)
{
	if (outcome->status == 0)
		return psprintf("the prover does not answer: %s", outcome->error);
	if (outcome->body == NULL || outcome->body[0] == '\0')
		return psprintf("the prover refuses with HTTP status %d", outcome->status);
	cb_execute_one(&write_excerpt, CB_ARGS(cb_text(outcome->body), cb_int4(LONGEST_EXCERPT)));
	return psprintf("the prover refuses with HTTP status %d: %s", outcome->status, cb_column_text(0, 1));
}

static const char *
try_again(const CbJob *job, const CbProveRequest *request, const CbHttpOutcome *outcome)
{
	TimestampTz again = cb_job_after(job, FIRST_DELAY * (double) (1 << Min(job->attempts, MAX_TRIES)));

	if (job->attempts + 1 >= MAX_TRIES)
		return fail(job, request, refusal(outcome));
	again = Max(again, job->now + (TimestampTz) Min(outcome->pause, LONGEST_PAUSE) * USECS_PER_SEC);
	return cb_job_retry(job, again, true, refusal(outcome));
}

static const char *
take_answer(const CbJob *job, const CbProveRequest *request, const CbHttpOutcome *outcome)
{
	CbProved	proved;
	const char *reason = cb_prover_answer_read(request, outcome->body, &proved);

	if (reason != NULL)
		return fail(job, request, psprintf("the prover's answer is refused: %s", reason));
	reason = cb_prover_judge(request, &proved);
	return reason != NULL ? cb_job_failed(job, reason) : cb_job_done(job);
}

static const char *
fail(const CbJob *job, const CbProveRequest *request, const char *reason)
{
	(void) cb_prove_failed(request, reason);
	return cb_job_failed(job, reason);
}
