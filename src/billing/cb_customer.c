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
#include "cb_uuid.h"
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
CB_STATEMENT(find_live, "uuid uuid uuid",
			 "SELECT s.id FROM charmbills.subscriptions s "
			 "WHERE s.customer_id = $1 AND s.plan_id = $2 AND s.id IS DISTINCT FROM $3 "
			 "      AND s.status IN ('pending', 'trialing', 'active', 'past_due', 'paused') LIMIT 1");

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

void
cb_customer_check_free(const pg_uuid_t *customer_id, const pg_uuid_t *plan_id, const pg_uuid_t *but)
{
	pg_uuid_t	existing;

	if (cb_execute(&find_live, CB_ARGS(cb_uuid(customer_id), cb_uuid(plan_id), cb_uuid(but))) == 0)
		return;
	existing = cb_column_uuid(0, 1);
	ereport(ERROR,
			(errcode(ERRCODE_CB_CONFLICT),
			 errmsg("customer is subscribed to this plan already"),
			 errdetail("The subscription is %s.", cb_uuid_cstring(&existing)),
			 errhint("A plan with allow_multiple takes several of one customer.")));
}
