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
#include "cb_sql.h"
#include "mb/pg_wchar.h"

#define MAX_KEY_LENGTH 255

CB_STATEMENT(insert_key, "uuid text text text uuid timestamptz",
			 "INSERT INTO charmbills.idempotency_keys "
			 "       (merchant_id, key, function_name, arguments, result_id, created_at) "
			 "VALUES ($1, $2, $3, $4::pg_catalog.jsonb, $5, $6) "
			 "ON CONFLICT (merchant_id, key) DO NOTHING");
CB_STATEMENT(read_key, "uuid text text text",
			 "SELECT result_id, function_name = $3 AND arguments = $4::pg_catalog.jsonb "
			 "FROM charmbills.idempotency_keys WHERE merchant_id = $1 AND key = $2");

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
