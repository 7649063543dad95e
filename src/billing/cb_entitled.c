/*-------------------------------------------------------------------------
 *
 * cb_entitled.c
 *	  Whether a customer has access now: what applications ask on each request.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_address_text.h"
#include "cb_args.h"
#include "cb_auth.h"
#include "cb_call.h"
#include "cb_errors.h"
#include "cb_sql.h"
#include "utils/builtins.h"

/* One statement for each way to ask, so that each has an index to look in. */
#define ENTITLED(joins, condition) \
	"SELECT p.merchant_id, " \
	"       EXISTS (SELECT FROM charmbills.subscriptions s " joins \
	"               WHERE s.plan_id = p.id AND " condition \
	"                     AND s.status IN ('trialing', 'active', 'past_due')) " \
	"FROM charmbills.plans p WHERE p.id = $1"
#define JOIN_CUSTOMERS "JOIN charmbills.customers c ON c.id = s.customer_id "
#define BY_ADDRESS "s.subscriber_address = $2 "
#define BY_EXTERNAL_ID "c.merchant_id = p.merchant_id AND c.external_id = $3 "

CB_STATEMENT(by_address, "uuid text text", ENTITLED("", BY_ADDRESS));
CB_STATEMENT(by_external_id, "uuid text text", ENTITLED(JOIN_CUSTOMERS, BY_EXTERNAL_ID));
CB_STATEMENT(by_both, "uuid text text", ENTITLED(JOIN_CUSTOMERS, BY_ADDRESS "AND " BY_EXTERNAL_ID));

/*
 * charmbills.is_entitled(plan_id uuid, subscriber_address, external_id text) -> boolean
 *
 * What is no address has subscribed to nothing; it may come from a stranger's
 * request, so it is no error.
 */
CB_FUNCTION(is_entitled, CB_MERCHANT)
{
	CbScriptBuf script;
	bool		has_address = !PG_ARGISNULL(1);
	bool		has_external_id = !PG_ARGISNULL(2);
	char	   *address = NULL;
	pg_uuid_t	merchant_id;

	cb_require_args(fcinfo, 1);
	if (!has_address && !has_external_id)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("a subscriber needs subscriber_address, external_id, or both")));
	if (has_address)
		address = cb_address_or_null(text_to_cstring(PG_GETARG_TEXT_PP(1)), &script);
	if (cb_execute(!has_external_id ? &by_address : has_address ? &by_both : &by_external_id,
				   CB_ARGS(cb_arg(fcinfo, 0), cb_text(address), cb_arg(fcinfo, 2))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("plan does not exist")));
	merchant_id = cb_column_uuid(0, 1);
	cb_authorize(&merchant_id);
	PG_RETURN_BOOL(cb_column_bool(0, 2));
}
