/*-------------------------------------------------------------------------
 *
 * cb_webhook_endpoint.c
 *	  Endpoints: registered, changed, given new secrets, deleted.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "billing/cb_idempotency.h"
#include "cb_args.h"
#include "cb_auth.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_event.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "webhooks/cb_webhook_internal.h"

#define MAX_OVERLAP_DAYS 30
/* Of what create_webhook_endpoint() gives. */
#define SECRET_COLUMN 8
/* Of one merchant, so that his alone never take all that the worker can send at once for long. */
#define MAX_ENDPOINTS 100

/* A type, all types of a kind, or all. */
CB_STATEMENT(find_bad_filter, "text[]",
			 "SELECT f IS NULL FROM pg_catalog.unnest($1) f "
			 "WHERE (pg_catalog.length(f) <= 100 AND f ~ '^([a-z_]+(\\.[a-z_]+)*(\\.\\*)?|\\*)$') IS NOT TRUE "
			 "UNION ALL SELECT true WHERE pg_catalog.cardinality($1) NOT BETWEEN 1 AND 100");
CB_STATEMENT(count_endpoints, "uuid",
			 "SELECT count(*) FROM charmbills.webhook_endpoints WHERE merchant_id = $1 AND deleted_at IS NULL");
CB_STATEMENT(describe_call, "text text[] text",
			 "SELECT pg_catalog.jsonb_build_object('url', $1, 'events', $2, 'description', $3)::text");
CB_STATEMENT(insert_endpoint, "uuid uuid text text[] text bytea timestamptz",
			 "INSERT INTO charmbills.webhook_endpoints "
			 "       (id, merchant_id, url, events, description, fingerprint, created_at) "
			 "VALUES ($1, $2, $3, $4, $5, $6, $7)");
CB_STATEMENT(return_created, "uuid",
			 "SELECT id, merchant_id, url, events, description, is_active, created_at, NULL::text "
			 "FROM charmbills.webhook_endpoints WHERE id = $1");
CB_STATEMENT(lock_endpoint, "uuid",
			 "SELECT merchant_id, generation, fingerprint, is_active "
			 "FROM charmbills.webhook_endpoints "
			 "WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE");
/* Switched on, or in another place, it begins anew. */
CB_STATEMENT(update_row, "uuid text text[] text bool",
			 "UPDATE charmbills.webhook_endpoints "
			 "SET url = coalesce($2, url), events = coalesce($3, events), "
			 "    description = coalesce($4, description), is_active = is_active OR $5, "
			 "    disabled_reason = CASE WHEN $5 THEN NULL ELSE disabled_reason END, "
			 "    failing_since = CASE WHEN $5 OR $2 <> url THEN NULL ELSE failing_since END, "
			 "    not_before = CASE WHEN $5 OR $2 <> url THEN NULL ELSE not_before END "
			 "WHERE id = $1");
CB_STATEMENT(write_generation, "uuid int4 bytea timestamptz",
			 "UPDATE charmbills.webhook_endpoints "
			 "SET generation = $2, fingerprint = $3, previous_valid_until = $4, not_before = NULL "
			 "WHERE id = $1");
CB_STATEMENT(write_deleted, "uuid timestamptz",
			 "UPDATE charmbills.webhook_endpoints SET deleted_at = $2 WHERE id = $1");
CB_STATEMENT(add_overlap, "timestamptz interval",
			 "SELECT $1 + $2, $2 BETWEEN interval '0' AND pg_catalog.make_interval(days => " CppAsString2(MAX_OVERLAP_DAYS) "), "
			 "       $2 > interval '0'");
CB_STATEMENT(read_generation, "uuid",
			 "SELECT generation FROM charmbills.webhook_endpoints WHERE id = $1");
CB_STATEMENT(read_endpoint, "uuid",
			 "SELECT e FROM charmbills.webhook_endpoints e WHERE e.id = $1");

/* A locked endpoint. */
typedef struct Endpoint
{
	pg_uuid_t	id;
	bool		has_merchant;
	pg_uuid_t	merchant_id;
	int32		generation;
	CbSpan		fingerprint;
	bool		is_active;
} Endpoint;

static void authorize_owner(const pg_uuid_t *merchant_id);
static void check_filters(NullableDatum events);
static void check_number(const Endpoint *endpoint);
static bool claim_key(FunctionCallInfo fcinfo, TimestampTz now, pg_uuid_t *id);
static Datum return_existing(FunctionCallInfo fcinfo, const pg_uuid_t *id);
static Datum return_endpoint(FunctionCallInfo fcinfo, const pg_uuid_t *id, const char *secret);
static char *make_secret(const pg_uuid_t *id, int32 generation, CbWebhookFingerprint *fingerprint);
static NullableDatum fingerprint_datum(const CbWebhookFingerprint *fingerprint);
static void load_endpoint(FunctionCallInfo fcinfo, Endpoint *endpoint);
static bool has_our_key(const Endpoint *endpoint);
static NullableDatum overlap_end(FunctionCallInfo fcinfo, int argno, TimestampTz now);
static void announce(const char *type, const Endpoint *endpoint, TimestampTz now);

/*
 * charmbills.create_webhook_endpoint(merchant_id uuid, url text, events text[],
 *		description text, idempotency_key text) -> setof record
 */
CB_FUNCTION(create_webhook_endpoint, CB_MERCHANT)
{
	Endpoint	endpoint = {.generation = 1};
	CbWebhookFingerprint fingerprint;
	TimestampTz now = cb_now();
	NullableDatum events = cb_arg(fcinfo, 2);
	char	   *secret;

	endpoint.has_merchant = !PG_ARGISNULL(0);
	if (endpoint.has_merchant)
		endpoint.merchant_id = *PG_GETARG_UUID_P(0);
	authorize_owner(endpoint.has_merchant ? &endpoint.merchant_id : NULL);
	if (PG_ARGISNULL(1) || events.isnull)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("argument \"%s\" must not be null", events.isnull ? "events" : "url")));
	cb_webhook_check_url(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	check_filters(events);
	endpoint.id = cb_uuid_v7();
	if (!claim_key(fcinfo, now, &endpoint.id))
		return return_existing(fcinfo, &endpoint.id);
	check_number(&endpoint);
	secret = make_secret(&endpoint.id, endpoint.generation, &fingerprint);
	cb_execute(&insert_endpoint,
			   CB_ARGS(cb_uuid(&endpoint.id), cb_arg(fcinfo, 0), cb_arg(fcinfo, 1), events,
					   cb_arg(fcinfo, 3), fingerprint_datum(&fingerprint), cb_timestamptz(now)));
	announce("webhook.created", &endpoint, now);
	return return_endpoint(fcinfo, &endpoint.id, secret);
}

/* An endpoint that hears of all merchants is an operator's. */
static void
authorize_owner(const pg_uuid_t *merchant_id)
{
	if (merchant_id != NULL)
		cb_authorize(merchant_id);
	else
		cb_authorize_operator();
}

static void
check_filters(NullableDatum events)
{
	if (cb_execute(&find_bad_filter, CB_ARGS(events)) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("argument \"events\" does not name types of events"),
				 errhint("Give types such as invoice.paid, invoice.* for all of a kind, or * for all.")));
}

static void
check_number(const Endpoint *endpoint)
{
	if (!endpoint->has_merchant)
		return;
	cb_execute_one(&count_endpoints, CB_ARGS(cb_uuid(&endpoint->merchant_id)));
	if (cb_column_int8(0, 1) >= MAX_ENDPOINTS)
		ereport(ERROR,
				(errcode(ERRCODE_CB_EXHAUSTED),
				 errmsg("merchant has %d webhook endpoints already", MAX_ENDPOINTS),
				 errhint("Delete one with delete_webhook_endpoint().")));
}

/* False: the same call was made before, and made this endpoint. */
static bool
claim_key(FunctionCallInfo fcinfo, TimestampTz now, pg_uuid_t *id)
{
	CbIdempotencyKey key = {.function_name = "create_webhook_endpoint"};

	if (PG_ARGISNULL(4))
		return true;
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("idempotency keys belong to merchants"),
				 errhint("Create an operator's endpoint without one.")));
	key.merchant_id = *PG_GETARG_UUID_P(0);
	key.key = text_to_cstring(PG_GETARG_TEXT_PP(4));
	cb_execute_one(&describe_call, CB_ARGS(cb_arg(fcinfo, 1), cb_arg(fcinfo, 2), cb_arg(fcinfo, 3)));
	key.arguments = cb_column_text(0, 1);
	return cb_idempotency_claim(&key, now, id);
}

/* Whoever asks again never had the answer; after a rotation it would be wrong. */
static Datum
return_existing(FunctionCallInfo fcinfo, const pg_uuid_t *id)
{
	CbWebhookFingerprint fingerprint;
	char	   *secret = NULL;

	cb_execute_one(&read_generation, CB_ARGS(cb_uuid(id)));
	if (cb_column_int4(0, 1) == 1)
		secret = make_secret(id, 1, &fingerprint);
	return return_endpoint(fcinfo, id, secret);
}

/* Parameters of statements may come into a log; the secret is none. */
static Datum
return_endpoint(FunctionCallInfo fcinfo, const pg_uuid_t *id, const char *secret)
{
	NullableDatum value = cb_text(secret);
	int			column = SECRET_COLUMN;

	cb_execute_one(&return_created, CB_ARGS(cb_uuid(id)));
	SPI_tuptable->vals[0] = heap_modify_tuple_by_cols(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
													  &column, &value.value, &value.isnull);
	return cb_return_rows(fcinfo);
}

static char *
make_secret(const pg_uuid_t *id, int32 generation, CbWebhookFingerprint *fingerprint)
{
	CbSecret	secret;
	char	   *text;

	cb_secret_make(cb_webhook_purpose(id, generation), &secret);
	*fingerprint = cb_webhook_fingerprint(&secret);
	text = cb_webhook_secret_text(&secret);
	cb_secret_forget(&secret);
	return text;
}

static NullableDatum
fingerprint_datum(const CbWebhookFingerprint *fingerprint)
{
	CbSpan		span = {fingerprint->bytes, sizeof(fingerprint->bytes)};

	return cb_bytea(span);
}

/*
 * charmbills.update_webhook_endpoint(endpoint_id uuid, url text, events text[],
 *		description text, is_active boolean) -> webhook_endpoints
 */
CB_FUNCTION(update_webhook_endpoint, CB_MERCHANT)
{
	Endpoint	endpoint;
	TimestampTz now = cb_now();
	bool		activate = !PG_ARGISNULL(4) && PG_GETARG_BOOL(4);
	bool		deactivate = !PG_ARGISNULL(4) && !PG_GETARG_BOOL(4);

	load_endpoint(fcinfo, &endpoint);
	if (!PG_ARGISNULL(1))
		cb_webhook_check_url(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	if (!PG_ARGISNULL(2))
		check_filters(cb_arg(fcinfo, 2));
	cb_execute_one(&update_row,
				   CB_ARGS(cb_uuid(&endpoint.id), cb_arg(fcinfo, 1), cb_arg(fcinfo, 2), cb_arg(fcinfo, 3),
						   cb_bool(activate)));
	if (deactivate && endpoint.is_active)
		cb_webhook_stop(&endpoint.id, "its owner switched it off", now);
	announce("webhook.updated", &endpoint, now);
	cb_execute_one(&read_endpoint, CB_ARGS(cb_uuid(&endpoint.id)));
	return cb_return_row(fcinfo);
}

static void
load_endpoint(FunctionCallInfo fcinfo, Endpoint *endpoint)
{
	cb_require_args(fcinfo, 1);
	endpoint->id = *PG_GETARG_UUID_P(0);
	if (cb_execute(&lock_endpoint, CB_ARGS(cb_uuid(&endpoint->id))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("webhook endpoint does not exist")));
	endpoint->has_merchant = !cb_column_is_null(0, 1);
	endpoint->merchant_id = cb_column_uuid(0, 1);
	endpoint->generation = cb_column_int4(0, 2);
	endpoint->fingerprint = cb_column_bytea(0, 3);
	endpoint->is_active = cb_column_bool(0, 4);
	authorize_owner(endpoint->has_merchant ? &endpoint->merchant_id : NULL);
}

/*
 * charmbills.rotate_webhook_secret(endpoint_id uuid, overlap interval) -> text
 *
 * A secret that came from another key file cannot sign any more, so there is
 * no overlap with it.
 */
CB_FUNCTION(rotate_webhook_secret, CB_MERCHANT)
{
	Endpoint	endpoint;
	CbWebhookFingerprint fingerprint;
	TimestampTz now = cb_now();
	NullableDatum overlap;
	char	   *secret;

	load_endpoint(fcinfo, &endpoint);
	overlap = overlap_end(fcinfo, 1, now);
	secret = make_secret(&endpoint.id, endpoint.generation + 1, &fingerprint);
	if (!has_our_key(&endpoint))
		overlap = cb_null();
	cb_execute_one(&write_generation,
				   CB_ARGS(cb_uuid(&endpoint.id), cb_int4(endpoint.generation + 1),
						   fingerprint_datum(&fingerprint), overlap));
	announce("webhook.secret_rotated", &endpoint, now);
	PG_RETURN_TEXT_P(cstring_to_text(secret));
}

static bool
has_our_key(const Endpoint *endpoint)
{
	CbWebhookFingerprint fingerprint;

	(void) make_secret(&endpoint->id, endpoint->generation, &fingerprint);
	return endpoint->fingerprint.len == sizeof(fingerprint.bytes) &&
		memcmp(fingerprint.bytes, endpoint->fingerprint.data, sizeof(fingerprint.bytes)) == 0;
}

static NullableDatum
overlap_end(FunctionCallInfo fcinfo, int argno, TimestampTz now)
{
	NullableDatum overlap = cb_arg(fcinfo, argno);

	if (overlap.isnull)
		return cb_null();
	cb_execute_one(&add_overlap, CB_ARGS(cb_timestamptz(now), overlap));
	if (!cb_column_bool(0, 2))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("overlap must be from 0 to %d days", MAX_OVERLAP_DAYS)));
	return cb_column_bool(0, 3) ? cb_timestamptz(cb_column_timestamptz(0, 1)) : cb_null();
}

/* charmbills.delete_webhook_endpoint(endpoint_id uuid) -> boolean */
CB_FUNCTION(delete_webhook_endpoint, CB_MERCHANT)
{
	Endpoint	endpoint;
	TimestampTz now = cb_now();

	load_endpoint(fcinfo, &endpoint);
	cb_webhook_stop(&endpoint.id, "it was deleted", now);
	cb_execute_one(&write_deleted, CB_ARGS(cb_uuid(&endpoint.id), cb_timestamptz(now)));
	announce("webhook.deleted", &endpoint, now);
	PG_RETURN_BOOL(true);
}

static void
announce(const char *type, const Endpoint *endpoint, TimestampTz now)
{
	CbEvents	events = {NIL};

	cb_event_uuid(&events, type, endpoint->has_merchant ? &endpoint->merchant_id : NULL,
				  "webhook", &endpoint->id, NULL, now);
	cb_events_write(&events);
}
