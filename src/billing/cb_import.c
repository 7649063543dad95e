/*-------------------------------------------------------------------------
 *
 * cb_import.c
 *	  Plans as the web client that came before stored them.
 *
 * An imported plan was minted and sold before it came here, so it is on sale at
 * once; what the chain shows of its NFT from now on is followed.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_address_text.h"
#include "billing/cb_plan.h"
#include "billing/cb_plan_app.h"
#include "cb_args.h"
#include "cb_auth.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_guc.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "utils/builtins.h"
#include "utils/datum.h"

/*
 * Numbers of JSON are exact here.  What only looks like a price or a supply is
 * left out by its pattern and missed below.
 */
#define NUMBER "'^[0-9]*[.]?[0-9]+([eE][-+]?[0-9]{1,2})?$'"

CB_STATEMENT(read_plan, "jsonb text",
			 "WITH fields AS ("
			 "  SELECT $1->>'serviceName' AS service_name, "
			 "         btrim(coalesce($1->>'priceBTC', $1->>'priceBtc')) AS price, "
			 "         lower(nullif($1->>'billingCycle', '')) AS cycle, "
			 "         coalesce(nullif($1->>'merchantAddress', ''), $1->>'bitcoinAddress') AS address, "
			 "         nullif($1->>'nftUtxoId', '') AS nft, nullif($1->>'id', '') AS id, "
			 "         nullif($1->>'ticker', '') AS ticker, "
			 "         nullif($1->>'appId', '') AS app_id, nullif($1->>'appVk', '') AS app_vk, "
			 "         btrim(coalesce($1->>'remaining', $1->>'remainingSupply')) AS remaining, "
			 "         nullif($1->>'createdAt', '') AS created_at, "
			 "         lower(nullif($1->>'entitlement', '')) AS entitlement, "
			 "         btrim($1->>'tokenUnits') AS units, lower(nullif($1->>'tokenAccess', '')) AS access, "
			 "         nullif($1->'acceptBeamed', 'null') AS beamed "
			 "  WHERE pg_catalog.jsonb_typeof($1) = 'object'"
			 ") "
			 "SELECT service_name, "
			 "       CASE WHEN price ~ " NUMBER " THEN price::numeric END, "
			 "       cycle, address, nft::charmbills.outpoint, ticker, app_id, app_vk, "
			 "       CASE WHEN remaining ~ " NUMBER " THEN remaining::numeric END, "
			 "       CASE WHEN created_at ~ '^[0-9]{1,15}$' "
			 "            THEN timestamptz 'epoch' + created_at::bigint * interval '1 millisecond' "
			 "            ELSE created_at::timestamptz END, "
			 "       $1 - '{serviceName,priceBTC,priceBtc,billingCycle,merchantAddress,bitcoinAddress,"
			 "ticker,appId,appVk,createdAt,entitlement,tokenUnits,tokenAccess,acceptBeamed}'::text[] "
			 "          - CASE WHEN app_id IS NULL OR coalesce(app_vk, $2) = '' "
			 "            THEN '{nftUtxoId,remaining,remainingSupply}'::text[] ELSE '{}' END, "
			 "       coalesce('nft:' || (nft::charmbills.outpoint)::text, 'id:' || id), "
			 "       remaining IS NOT NULL, entitlement, "
			 "       CASE WHEN units ~ " NUMBER " THEN units::numeric END, units IS NOT NULL, access, "
			 "       CASE pg_catalog.jsonb_typeof(beamed) WHEN 'boolean' THEN beamed::boolean END, "
			 "       beamed IS NOT NULL "
			 "FROM fields");
CB_STATEMENT(convert_price, "numeric",
			 "SELECT charmbills.btc_to_sats($1)::bigint");
CB_STATEMENT(find_merchant, "text",
			 "SELECT id FROM charmbills.merchants WHERE address = $1");
CB_STATEMENT(make_merchant, "text text",
			 "SELECT m.id FROM charmbills.create_merchant(address => $1, name => $2) m");

/* The columns of read_plan. */
enum
{
	SERVICE_NAME = 1,
	PRICE,
	CYCLE,
	ADDRESS,
	NFT,
	TICKER,
	APP_ID,
	APP_VK,
	REMAINING,
	CREATED_AT,
	METADATA,
	IDENTITY,
	HAS_REMAINING,
	ENTITLEMENT,
	TOKEN_UNITS,
	HAS_UNITS,
	TOKEN_ACCESS,
	ACCEPT_BEAMED,
	HAS_BEAMED
};

/* What the stored plan says. */
typedef struct StoredPlan
{
	CbPlanValues values;
	NullableDatum price_btc;	/* numeric */
	NullableDatum created_at;
	char	   *address;
	char	   *identity;		/* within its merchant */
} StoredPlan;

static void load_plan(NullableDatum json, StoredPlan *stored);
static void leave_to_chain(CbPlanValues *values);
static NullableDatum column(int number);
static void require(bool is_there, const char *what);
static pg_uuid_t merchant_of(const StoredPlan *stored);

/*
 * charmbills.import_plan(plan jsonb) -> plans
 *
 * Twice gives the same row, as it stands by then.
 */
CB_FUNCTION(import_plan, CB_MERCHANT)
{
	StoredPlan	stored;
	CbPlanOrigin origin;
	pg_uuid_t	id = cb_uuid_v7();

	cb_require_args(fcinfo, 1);
	load_plan(cb_arg(fcinfo, 0), &stored);
	cb_execute_one(&convert_price, CB_ARGS(stored.price_btc));
	stored.values.price_sats = column(1);
	cb_plan_check(&stored.values);
	if (cb_plan_app_is_tracked(&stored.values))
		leave_to_chain(&stored.values);

	memset(&origin, 0, sizeof(origin));
	origin.merchant_id = merchant_of(&stored);
	origin.status = "active";
	origin.import_key = psprintf("%s/%s", cb_uuid_cstring(&origin.merchant_id), stored.identity);
	origin.event_type = "plan.imported";
	origin.created_at = stored.created_at.isnull ? cb_now() :
		DatumGetTimestampTz(stored.created_at.value);
	id = cb_plan_add(&id, &origin, &stored.values);
	return cb_plan_return(fcinfo, &id);
}

static void
load_plan(NullableDatum json, StoredPlan *stored)
{
	CbPlanValues *values = &stored->values;

	if (cb_execute(&read_plan, CB_ARGS(json, cb_text(cb_guc_app_vk))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("a stored plan is a JSON object")));
	cb_plan_values_init(values);
	values->service_name = column(SERVICE_NAME);
	values->billing_cycle = column(CYCLE);
	values->ticker = column(TICKER);
	values->app_id = column(APP_ID);
	values->app_vk = column(APP_VK);
	values->nft_utxo = column(NFT);
	values->remaining_supply = column(REMAINING);
	values->metadata = column(METADATA);
	values->entitlement = column(ENTITLEMENT);
	values->token_units = column(TOKEN_UNITS);
	values->token_access = column(TOKEN_ACCESS);
	values->accept_beamed = column(ACCEPT_BEAMED);
	stored->price_btc = column(PRICE);
	stored->created_at = column(CREATED_AT);
	stored->address = cb_column_text(0, ADDRESS);
	stored->identity = cb_column_text(0, IDENTITY);
	require(!values->service_name.isnull, "serviceName");
	require(!stored->price_btc.isnull, "priceBTC that is a number");
	require(stored->address != NULL, "merchantAddress");
	require(stored->identity != NULL, "nftUtxoId or id");
	require(!cb_column_bool(0, HAS_REMAINING) || !values->remaining_supply.isnull,
			"remaining that is a number");
	require(!cb_column_bool(0, HAS_UNITS) || !values->token_units.isnull, "tokenUnits that is a number");
	require(!cb_column_bool(0, HAS_BEAMED) || !values->accept_beamed.isnull, "acceptBeamed that is true or false");
	cb_plan_app_default(values);
}

/* What the stored plan said of it is in its metadata. */
static void
leave_to_chain(CbPlanValues *values)
{
	values->nft_utxo = cb_null();
	values->remaining_supply = cb_null();
}

/* Copied, since the next statement takes its row with it. */
static NullableDatum
column(int number)
{
	Form_pg_attribute attribute = TupleDescAttr(SPI_tuptable->tupdesc, number - 1);
	bool		isnull;
	Datum		value = cb_column(0, number, &isnull);

	if (isnull)
		return cb_null();
	return cb_datum(datumCopy(value, attribute->attbyval, attribute->attlen));
}

static void
require(bool is_there, const char *what)
{
	if (!is_there)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("the stored plan has no %s", what)));
}

/* An operator's import brings its merchant with it. */
static pg_uuid_t
merchant_of(const StoredPlan *stored)
{
	CbScriptBuf script;
	char	   *address = cb_address_checked(stored->address, &script);
	pg_uuid_t	id;

	if (cb_execute(&find_merchant, CB_ARGS(cb_text(address))) == 0)
	{
		if (!cb_is_operator())
			ereport(ERROR,
					(errcode(ERRCODE_CB_NOT_FOUND),
					 errmsg("no merchant has the stored plan's address"),
					 errhint("An operator's import makes the merchant, too.")));
		cb_execute_one(&make_merchant, CB_ARGS(cb_text(address), stored->values.service_name));
	}
	id = cb_column_uuid(0, 1);
	cb_authorize(&id);
	return id;
}
