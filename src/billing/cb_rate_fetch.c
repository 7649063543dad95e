/*-------------------------------------------------------------------------
 *
 * cb_rate_fetch.c
 *	  The job that fetches an exchange rate: what to ask, and what to believe.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_rate.h"
#include "billing/cb_rate_source.h"
#include "cb_json.h"
#include "cb_json_find.h"
#include "cb_sql.h"
#include "chain/cb_http_outcome.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"

#define TIMEOUT_MS 15000
#define MAX_ANSWER 65536
#define FIRST_DELAY 10			/* s */
#define HTTP_STATUS_OK(status) ((status) >= 200 && (status) <= 299)

CB_STATEMENT(read_source, "jsonb",
			 "SELECT c.url FROM charmbills.currencies c "
			 "WHERE c.code = $1->>'currency' AND c.url IS NOT NULL AND " CB_RATE_IS_WANTED("c.code"));
CB_STATEMENT(lock_currency, "jsonb",
			 "SELECT c.code, c.url, c.json_pointer, c.next_fetch_at FROM charmbills.currencies c "
			 "WHERE c.code = $1->>'currency' FOR NO KEY UPDATE");
/*
 * What looks like a number can be one.  A rate that is far off a fresh one is
 * not believed; when that has become stale, it is.
 */
CB_STATEMENT(read_rate, "text text timestamptz",
			 "SELECT n.rate, n.rate BETWEEN l.rate / 10 AND l.rate * 10 "
			 "FROM (SELECT CASE WHEN $2 ~ '^[0-9]{1,40}([.][0-9]{1,40})?([eE][-+]?[0-9]{1,2})?$' "
			 "                  THEN $2::numeric END AS rate) n "
			 "LEFT JOIN LATERAL (SELECT r.rate FROM charmbills.exchange_rates r "
			 "                   JOIN charmbills.currencies c ON c.code = r.currency "
			 "                   WHERE r.currency = $1 AND r.set_at <= $3 AND r.set_at > $3 - c.max_age "
			 "                   ORDER BY r.set_at DESC LIMIT 1) l ON true");
CB_STATEMENT(write_error, "text text",
			 "UPDATE charmbills.currencies SET last_error = $2 WHERE code = $1");

/* A currency, locked while the rate that was fetched is judged. */
typedef struct RateSource
{
	char	   *currency;
	char	   *url;			/* NULL: nobody wants it any more */
	char	   *json_pointer;
	TimestampTz next_fetch_at;
} RateSource;

static NullableDatum make_request(const CbJob *job);
static void *lock_source(const CbJob *job);
static const char *judge(const CbJob *job, void *locked, NullableDatum report);
static const char *take_answer(const RateSource *source, int32 status, const char *body, TimestampTz now);
static const char *take_rate(const RateSource *source, const char *text, TimestampTz now);
static const char *fail(const CbJob *job, const RateSource *source, const char *reason);

static const CbJobKind exchange_rate = {
	.name = CB_JOB_EXCHANGE_RATE,
	.request = make_request,
	.lock = lock_source,
	.report = judge,
};

void
cb_rates_register(void)
{
	cb_job_kind_register(&exchange_rate);
}

/* An operator has named the address, so it may be a private one. */
static NullableDatum
make_request(const CbJob *job)
{
	CbJson		headers;
	CbJson		request;

	if (cb_execute(&read_source, CB_ARGS(job->payload)) == 0)
		return cb_null();
	cb_json_begin(&headers);
	cb_json_text(&headers, "accept", "application/json");
	cb_json_text(&headers, "user-agent", "charmbills/" CHARMBILLS_VERSION);

	cb_json_begin(&request);
	cb_json_text(&request, "method", "GET");
	cb_json_text(&request, "url", cb_column_text(0, 1));
	cb_json_raw(&request, "headers", cb_json_end(&headers));
	cb_json_text(&request, "body", NULL);
	cb_json_int(&request, "timeout_ms", TIMEOUT_MS);
	cb_json_int(&request, "max_answer", MAX_ANSWER);
	cb_json_bool(&request, "allow_private", true);
	return cb_datum(DirectFunctionCall1(jsonb_in, CStringGetDatum(cb_json_end(&request))));
}

static void *
lock_source(const CbJob *job)
{
	RateSource *source = palloc(sizeof(RateSource));

	if (cb_execute(&lock_currency, CB_ARGS(job->payload)) == 0)
		return NULL;
	source->currency = cb_column_text(0, 1);
	source->url = cb_column_text(0, 2);
	source->json_pointer = cb_column_text(0, 3);
	source->next_fetch_at = cb_column_timestamptz(0, 4);
	return source;
}

static const char *
judge(const CbJob *job, void *locked, NullableDatum report)
{
	const RateSource *source = locked;
	CbHttpOutcome outcome;
	const char *reason;

	cb_http_outcome_read(report, &outcome);
	if (outcome.is_done || source == NULL || source->url == NULL)
		return cb_job_done(job);
	reason = outcome.error;
	if (outcome.status != 0)
		reason = take_answer(source, outcome.status, outcome.body, job->now);
	if (reason != NULL)
		return fail(job, source, reason);
	cb_execute(&write_error, CB_ARGS(cb_text(source->currency), cb_null()));
	return cb_job_done(job);
}

/* NULL when the rate has been taken, else why not; so does the next function. */
static const char *
take_answer(const RateSource *source, int32 status, const char *body, TimestampTz now)
{
	char	   *text;

	if (!HTTP_STATUS_OK(status))
		return psprintf("HTTP status %d", status);
	if (body == NULL)
		return "the answer is too long, or no text";
	switch (cb_json_find(body, source->json_pointer, &text))
	{
		case CB_JSON_MALFORMED:
			return "the answer is not JSON";
		case CB_JSON_ABSENT:
			return "the answer has nothing where json_pointer leads";
		case CB_JSON_CONTAINER:
			return "what is where json_pointer leads is no number";
		case CB_JSON_SCALAR:
			break;
	}
	return take_rate(source, text, now);
}

static const char *
take_rate(const RateSource *source, const char *text, TimestampTz now)
{
	bool		is_near;
	bool		isnull;
	Datum		rate;

	cb_execute_one(&read_rate,
				   CB_ARGS(cb_text(source->currency), cb_text(text), cb_timestamptz(now)));
	is_near = cb_column_is_null(0, 2) || cb_column_bool(0, 2);
	rate = cb_column(0, 1, &isnull);
	if (isnull)
		return "what is where json_pointer leads is no number";
	if (!is_near)
		return "the rate is more than ten times, or less than a tenth of, the last one";
	rate = datumCopy(rate, false, -1);
	/* What follows a question mark may be a key. */
	if (!cb_rate_set(source->currency, rate, pnstrdup(source->url, strcspn(source->url, "?")), now))
		return "the rate is out of range";
	return NULL;
}

/* When the next fetch would come first, that is the next try. */
static const char *
fail(const CbJob *job, const RateSource *source, const char *reason)
{
	TimestampTz again = cb_job_after(job, FIRST_DELAY * (double) (1 << Min(job->attempts, 20)));

	cb_execute(&write_error, CB_ARGS(cb_text(source->currency), cb_text(reason)));
	if (again >= source->next_fetch_at)
		return cb_job_failed(job, reason);
	return cb_job_retry(job, again, true, reason);
}
