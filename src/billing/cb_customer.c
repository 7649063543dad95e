/*-------------------------------------------------------------------------
 *
 * cb_customer.c
 *	  Customers, as calls name them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_address_text.h"
#include "billing/cb_customer.h"
#include "cb_compat.h"
#include "cb_errors.h"
#include "cb_sql.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

/* Either form leaves the customer's row locked. */
CB_STATEMENT(customer_by_external_id, "uuid text text text timestamptz",
			 "INSERT INTO charmbills.customers AS c (merchant_id, external_id, address, metadata, created_at) "
			 "VALUES ($1, $2, $3, coalesce($4, '{}')::pg_catalog.jsonb, $5) "
			 "ON CONFLICT (merchant_id, external_id) DO UPDATE "
			 "SET address = coalesce(excluded.address, c.address), metadata = c.metadata || excluded.metadata "
			 "RETURNING c.id");
CB_STATEMENT(customer_by_address, "uuid text text text timestamptz",
			 "INSERT INTO charmbills.customers AS c (merchant_id, external_id, address, metadata, created_at) "
			 "VALUES ($1, $2, $3, coalesce($4, '{}')::pg_catalog.jsonb, $5) "
			 "ON CONFLICT (merchant_id, address) WHERE external_id IS NULL DO UPDATE "
			 "SET metadata = c.metadata || excluded.metadata "
			 "RETURNING c.id");

void
cb_customer_args(FunctionCallInfo fcinfo, int address_arg, int external_id_arg, CbCustomerNames *names)
{
	CbScriptBuf script;

	names->address = NULL;
	names->external_id = NULL;
	if (!PG_ARGISNULL(address_arg))
		names->address = cb_address_checked(text_to_cstring(PG_GETARG_TEXT_PP(address_arg)), &script);
	if (!PG_ARGISNULL(external_id_arg))
		names->external_id = text_to_cstring(PG_GETARG_TEXT_PP(external_id_arg));
	if (names->address == NULL && names->external_id == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("a subscriber needs subscriber_address, external_id, or both")));
	if (names->external_id != NULL && names->external_id[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("argument \"external_id\" must not be empty")));
}

char *
cb_metadata_arg(FunctionCallInfo fcinfo, int argno)
{
	Jsonb	   *metadata;

	if (PG_ARGISNULL(argno))
		return NULL;
	metadata = PG_GETARG_JSONB_P(argno);
	if (!JB_ROOT_IS_OBJECT(metadata))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("argument \"metadata\" must be a JSON object")));
	return JsonbToCString(NULL, &metadata->root, VARSIZE(metadata));
}

/*
 * A customer named by external_id is never found by address: the address is
 * what somebody says, and would open another customer's subscriptions.
 */
pg_uuid_t
cb_customer_take(const pg_uuid_t *merchant_id, const CbCustomerNames *names, const char *metadata,
				 TimestampTz now)
{
	cb_execute_one(names->external_id != NULL ? &customer_by_external_id : &customer_by_address,
				   CB_ARGS(cb_uuid(merchant_id), cb_text(names->external_id), cb_text(names->address),
						   cb_text(metadata), cb_timestamptz(now)));
	return cb_column_uuid(0, 1);
}
