/*-------------------------------------------------------------------------
 *
 * cb_idempotency.c
 *	  Creating something once, however often it is asked for.
 *
 * A key is written by the transaction that creates, so a refusal leaves none
 * behind and the same key may be tried again.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_idempotency.h"
#include "cb_errors.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#define MAX_KEY_LENGTH 255

CB_STATEMENT(insert_key, "uuid text text text uuid timestamptz",
			 "INSERT INTO charmbills.idempotency_keys "
			 "       (merchant_id, key, function_name, arguments, result_id, created_at) "
			 "VALUES ($1, $2, $3, $4::pg_catalog.jsonb, $5, $6) "
			 "ON CONFLICT (merchant_id, key) DO NOTHING");
CB_STATEMENT(read_key, "uuid text text text",
			 "SELECT result_id, function_name = $3 AND arguments = $4::pg_catalog.jsonb "
			 "FROM charmbills.idempotency_keys WHERE merchant_id = $1 AND key = $2");
CB_STATEMENT(delete_old, "timestamptz int8",
			 "DELETE FROM charmbills.idempotency_keys k "
			 "USING (SELECT o.merchant_id, o.key FROM " CB_OLD_KEYS
			 "       ORDER BY o.created_at LIMIT $2 FOR UPDATE SKIP LOCKED) o "
			 "WHERE (k.merchant_id, k.key) = (o.merchant_id, o.key)");

const pg_uuid_t cb_no_merchant = {{0}};

static char *arguments_of_call(FunctionCallInfo fcinfo, int key_arg);
static char *datum_text(Oid type, Datum value);

bool
cb_idempotency_claim(const CbIdempotencyKey *key, TimestampTz now, pg_uuid_t *id)
{
	int			length = pg_mbstrlen(key->key);

	if (length < 1 || length > MAX_KEY_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("idempotency key has %d characters", length),
				 errdetail("It must have from 1 to %d.", MAX_KEY_LENGTH)));
	if (cb_execute(&insert_key,
				   CB_ARGS(cb_uuid(&key->merchant_id), cb_text(key->key), cb_text(key->function_name),
						   cb_text(key->arguments), cb_uuid(id), cb_timestamptz(now))) == 1)
		return true;
	cb_execute_one(&read_key,
				   CB_ARGS(cb_uuid(&key->merchant_id), cb_text(key->key), cb_text(key->function_name),
						   cb_text(key->arguments)));
	if (!cb_column_bool(0, 2))
		ereport(ERROR,
				(errcode(ERRCODE_CB_IDEMPOTENCY),
				 errmsg("idempotency key was used before with other arguments"),
				 errhint("Repeat the call exactly, or take a new key.")));
	*id = cb_column_uuid(0, 1);
	return false;
}

bool
cb_idempotency_claim_call(FunctionCallInfo fcinfo, int key_arg, const pg_uuid_t *merchant_id,
						  TimestampTz now, pg_uuid_t *id)
{
	CbIdempotencyKey key;

	if (PG_ARGISNULL(key_arg))
		return true;
	key.merchant_id = *merchant_id;
	key.key = text_to_cstring(PG_GETARG_TEXT_PP(key_arg));
	key.function_name = get_func_name(fcinfo->flinfo->fn_oid);
	key.arguments = arguments_of_call(fcinfo, key_arg);
	return cb_idempotency_claim(&key, now, id);
}

/* By name, as a JSON object of texts; what is null is left out. */
static char *
arguments_of_call(FunctionCallInfo fcinfo, int key_arg)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(fcinfo->flinfo->fn_oid));
	Oid		   *types;
	char	  **names;
	char	   *modes;
	CbJson		json;

	if (!HeapTupleIsValid(tuple) ||
		get_func_arg_info(tuple, &types, &names, &modes) < PG_NARGS())
		elog(ERROR, "arguments of a function have no names");
	cb_json_begin(&json);
	for (int i = 0; i < PG_NARGS(); i++)
		if (i != key_arg && !PG_ARGISNULL(i))
			cb_json_text(&json, names[i], datum_text(types[i], PG_GETARG_DATUM(i)));
	ReleaseSysCache(tuple);
	return cb_json_end(&json);
}

/* Whatever the session's settings are, the same value gives the same text. */
static char *
datum_text(Oid type, Datum value)
{
	int			nest_level = NewGUCNestLevel();
	Oid			output;
	bool		is_varlena;
	char	   *text;

	(void) set_config_option("datestyle", "ISO", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("intervalstyle", "postgres", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("timezone", "UTC", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	getTypeOutputInfo(type, &output, &is_varlena);
	text = OidOutputFunctionCall(output, value);
	AtEOXact_GUC(true, nest_level);
	return text;
}

int64
cb_idempotency_clean_up(TimestampTz now, int64 max_rows)
{
	return (int64) cb_execute(&delete_old, CB_ARGS(cb_timestamptz(now), cb_int8(max_rows)));
}
