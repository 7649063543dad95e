/*-------------------------------------------------------------------------
 *
 * cb_merchant.c
 *	  Merchants: who sells, and where they are paid.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_address_pool.h"
#include "billing/cb_address_text.h"
#include "billing/cb_idempotency.h"
#include "billing/cb_period.h"
#include "cb_args.h"
#include "cb_auth.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_event.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "chain/cb_chain_state.h"
#include "chain/cb_watch.h"
#include "utils/builtins.h"

CB_STATEMENT(insert_merchant, "uuid text text text text text timestamptz",
			 "INSERT INTO charmbills.merchants (id, address, name, email, descriptor, timezone, created_at) "
			 "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (address) DO NOTHING");
CB_STATEMENT(insert_counters, "uuid",
			 "INSERT INTO charmbills.merchant_counters (merchant_id, series) "
			 "SELECT $1, s.series FROM charmbills.chain_state s");
CB_STATEMENT(lock_merchant, "uuid",
			 "SELECT descriptor FROM charmbills.merchants WHERE id = $1 FOR NO KEY UPDATE");
/* What waited for a merchant to be active again; what failed waits on. */
CB_STATEMENT(let_go, "uuid",
			 "UPDATE charmbills.subscription_facts SET held_until = NULL "
			 "WHERE id IN (SELECT f.id FROM charmbills.subscription_facts f "
			 "             WHERE f.merchant_id = $1 AND f.held_until IS NOT NULL AND f.billing_error IS NULL "
			 "             ORDER BY f.id FOR NO KEY UPDATE)");
CB_STATEMENT(update_row, "uuid text text text text bool",
			 "UPDATE charmbills.merchants "
			 "SET name = coalesce($2, name), email = coalesce($3, email), "
			 "    descriptor = coalesce($4, descriptor), timezone = coalesce($5, timezone), "
			 "    is_active = coalesce($6, is_active) "
			 "WHERE id = $1");
CB_STATEMENT(read_merchant, "uuid",
			 "SELECT m FROM charmbills.merchants m WHERE m.id = $1");

/* Arguments of create_merchant() and update_merchant(); NULL where not given. */
typedef struct MerchantArgs
{
	char	   *address;
	char	   *name;
	char	   *email;
	char	   *descriptor;
	char	   *timezone;
	int32		first_index;
} MerchantArgs;

static char *text_arg(FunctionCallInfo fcinfo, int argno);
static int32 index_arg(FunctionCallInfo fcinfo, int argno);
static void check_args(const MerchantArgs *args);
static void require_for_creation(const MerchantArgs *args);
static void add_merchant(const pg_uuid_t *id, MerchantArgs *args);
static void add_descriptor(const pg_uuid_t *id, const MerchantArgs *args, const char *current,
						   CbEvents *events, TimestampTz now);
static void announce(const char *type, const pg_uuid_t *id, const MerchantArgs *args,
					 CbEvents *events, TimestampTz now);
static Datum return_merchant(FunctionCallInfo fcinfo, const pg_uuid_t *id);

/*
 * charmbills.create_merchant(address, name, email, descriptor, timezone text,
 *		first_index integer, idempotency_key text) -> merchants
 */
CB_FUNCTION(create_merchant, CB_OPERATOR)
{
	MerchantArgs args;
	pg_uuid_t	id = cb_uuid_v7();

	args.address = text_arg(fcinfo, 0);
	args.name = text_arg(fcinfo, 1);
	args.email = text_arg(fcinfo, 2);
	args.descriptor = text_arg(fcinfo, 3);
	args.timezone = text_arg(fcinfo, 4);
	args.first_index = index_arg(fcinfo, 5);
	if (args.timezone == NULL)
		args.timezone = "UTC";
	require_for_creation(&args);
	check_args(&args);
	if (cb_idempotency_claim_call(fcinfo, 6, &cb_no_merchant, cb_now(), &id))
		add_merchant(&id, &args);
	return return_merchant(fcinfo, &id);
}

static char *
text_arg(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(argno));
}

static int32
index_arg(FunctionCallInfo fcinfo, int argno)
{
	int32		index = PG_ARGISNULL(argno) ? 0 : PG_GETARG_INT32(argno);

	if (index < 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("argument \"first_index\" must not be negative")));
	return index;
}

static void
require_for_creation(const MerchantArgs *args)
{
	if (args->name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("argument \"name\" must not be null")));
	if (args->address == NULL && args->descriptor == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("a merchant needs an address or a descriptor"),
				 errhint("With a descriptor every invoice gets an address of its own.")));
}

static void
check_args(const MerchantArgs *args)
{
	if (args->name != NULL && args->name[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("argument \"name\" must not be empty")));
	if (args->timezone != NULL)
		cb_check_timezone(args->timezone);
}

static void
add_merchant(const pg_uuid_t *id, MerchantArgs *args)
{
	CbEvents	events = {NIL};
	TimestampTz now = cb_now();
	CbScriptBuf script;

	cb_chain_pin_network();
	if (args->address != NULL)
		args->address = cb_address_checked(args->address, &script);
	if (cb_execute(&insert_merchant,
				   CB_ARGS(cb_uuid(id), cb_text(args->address), cb_text(args->name), cb_text(args->email),
						   cb_text(args->descriptor), cb_text(args->timezone), cb_timestamptz(now))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_CONFLICT),
				 errmsg("the address belongs to another merchant"),
				 errhint("Every address and every descriptor belongs to one merchant for ever.")));
	cb_execute_one(&insert_counters, CB_ARGS(cb_uuid(id)));
	announce("merchant.created", id, args, &events, now);
	/* Before the descriptor, which passes over an index with the same script. */
	if (args->address != NULL)
	{
		CbSpan		span = {script.data, script.len};

		cb_watch_script(span, id, NULL, 0);
	}
	if (args->descriptor != NULL)
		cb_address_pool_add(id, args->descriptor, args->first_index, &events, now);
	cb_events_write(&events);
}

/*
 * charmbills.update_merchant(merchant_id uuid, name, email, descriptor,
 *		timezone text, is_active boolean, first_index integer) -> merchants
 */
CB_FUNCTION(update_merchant, CB_MERCHANT)
{
	CbEvents	events = {NIL};
	TimestampTz now = cb_now();
	pg_uuid_t	id;
	MerchantArgs args = {NULL};

	cb_require_args(fcinfo, 1);
	id = *PG_GETARG_UUID_P(0);
	cb_authorize(&id);
	/* One that the operator has shut does not open itself. */
	if (!PG_ARGISNULL(5))
		cb_authorize_operator();
	args.name = text_arg(fcinfo, 1);
	args.email = text_arg(fcinfo, 2);
	args.descriptor = text_arg(fcinfo, 3);
	args.timezone = text_arg(fcinfo, 4);
	args.first_index = index_arg(fcinfo, 6);
	check_args(&args);

	cb_chain_pin_network();
	if (cb_execute(&lock_merchant, CB_ARGS(cb_uuid(&id))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("merchant does not exist")));
	announce("merchant.updated", &id, &args, &events, now);
	add_descriptor(&id, &args, cb_column_text(0, 1), &events, now);
	cb_execute_one(&update_row,
				   CB_ARGS(cb_uuid(&id), cb_text(args.name), cb_text(args.email), cb_text(args.descriptor),
						   cb_text(args.timezone), cb_arg(fcinfo, 5)));
	if (!PG_ARGISNULL(5) && PG_GETARG_BOOL(5))
		cb_execute(&let_go, CB_ARGS(cb_uuid(&id)));
	cb_events_write(&events);
	return return_merchant(fcinfo, &id);
}

/* A first index alone is for the descriptor in use. */
static void
add_descriptor(const pg_uuid_t *id, const MerchantArgs *args, const char *current,
			   CbEvents *events, TimestampTz now)
{
	const char *descriptor = args->descriptor != NULL ? args->descriptor : current;

	if (args->descriptor == NULL && args->first_index == 0)
		return;
	if (descriptor == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("argument \"first_index\" is for a descriptor, and the merchant has none")));
	cb_address_pool_add(id, descriptor, args->first_index, events, now);
}

static void
announce(const char *type, const pg_uuid_t *id, const MerchantArgs *args,
		 CbEvents *events, TimestampTz now)
{
	CbJson		payload;

	cb_json_begin(&payload);
	cb_json_uuid(&payload, "merchant_id", id);
	if (args->address != NULL)
		cb_json_text(&payload, "address", args->address);
	if (args->name != NULL)
		cb_json_text(&payload, "name", args->name);
	cb_event_uuid(events, type, id, "merchant", id, cb_json_end(&payload), now);
}

static Datum
return_merchant(FunctionCallInfo fcinfo, const pg_uuid_t *id)
{
	cb_execute_one(&read_merchant, CB_ARGS(cb_uuid(id)));
	return cb_return_row(fcinfo);
}
