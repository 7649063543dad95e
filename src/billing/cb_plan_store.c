/*-------------------------------------------------------------------------
 *
 * cb_plan_store.c
 *	  Plans: storing and changing them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_plan.h"
#include "billing/cb_plan_app.h"
#include "billing/cb_plan_nft.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_event.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "chain/cb_chain_state.h"
#include "chain/cb_watch.h"
#include "utils/builtins.h"

CB_STATEMENT(read_merchant, "uuid",
			 "SELECT address, descriptor IS NOT NULL FROM charmbills.merchants WHERE id = $1");
CB_STATEMENT(insert_plan, "uuid uuid text text text timestamptz text text int8 text numeric text text",
			 "INSERT INTO charmbills.plans "
			 "       (id, merchant_id, merchant_address, status, import_key, created_at, service_name, "
			 "        billing_cycle, price_sats, currency, price, app_id, app_vk) "
			 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, lower($12), lower($13)) "
			 "ON CONFLICT (import_key) DO NOTHING");
CB_STATEMENT(find_imported, "text",
			 "SELECT id FROM charmbills.plans WHERE import_key = $1");
CB_STATEMENT(update_plan, "uuid timestamptz text text interval interval int4 int8 bool text numeric outpoint jsonb "
			 "numeric numeric int8 interval text bool interval[] interval text numeric text bool",
			 "UPDATE charmbills.plans "
			 "SET updated_at = $2, service_name = coalesce($3, service_name), "
			 "    billing_cycle = coalesce($4, billing_cycle), trial = coalesce($5, trial), "
			 "    grace = coalesce($6, grace), confirmations = coalesce($7, confirmations), "
			 "    tolerance_sats = coalesce($8, tolerance_sats), "
			 "    allow_multiple = coalesce($9, allow_multiple), ticker = coalesce($10, ticker), "
			 "    remaining_supply = coalesce($11, remaining_supply), "
			 "    nft_utxo = coalesce($12, nft_utxo), metadata = coalesce($13, metadata), "
			 "    tolerance_percent = coalesce($14, tolerance_percent), tax_rate = coalesce($15, tax_rate), "
			 "    min_invoice_sats = coalesce($16, min_invoice_sats), lead_time = coalesce($17, lead_time), "
			 "    restart = coalesce($18, restart), trial_once = coalesce($19, trial_once), "
			 "    dunning = coalesce($20, dunning), "
			 "    uncollectible_after = coalesce($21, uncollectible_after), "
			 "    entitlement = coalesce($22, entitlement), token_units = coalesce($23, token_units), "
			 "    token_access = coalesce($24, token_access), accept_beamed = coalesce($25, accept_beamed) "
			 "WHERE id = $1");
CB_STATEMENT(read_plan, "uuid",
			 "SELECT p, p.nft_utxo, p.merchant_id, p.price_sats, p.currency, p.price::text, p.status "
			 "FROM charmbills.plans p WHERE p.id = $1");

#define DEFAULT_CYCLE "monthly"

static bool insert_row(const pg_uuid_t *id, const CbPlanOrigin *origin, const CbPlanValues *values);
static char *address_of_merchant(const pg_uuid_t *merchant_id, bool needs_descriptor);
static void update_row(const pg_uuid_t *plan_id, const CbPlanValues *values, TimestampTz now);
static void follow_up(const pg_uuid_t *plan_id, const char *event_type, TimestampTz now);

void
cb_plan_values_init(CbPlanValues *values)
{
	NullableDatum *fields = (NullableDatum *) values;

	StaticAssertStmt(sizeof(CbPlanValues) % sizeof(NullableDatum) == 0,
					 "CbPlanValues has nothing but SQL values");
	for (int i = 0; i < (int) (sizeof(CbPlanValues) / sizeof(NullableDatum)); i++)
		fields[i] = cb_null();
}

pg_uuid_t
cb_plan_add(const pg_uuid_t *id, const CbPlanOrigin *origin, const CbPlanValues *values)
{
	TimestampTz now = cb_now();

	cb_chain_pin_network();
	if (!insert_row(id, origin, values))
	{
		cb_execute_one(&find_imported, CB_ARGS(cb_text(origin->import_key)));
		return cb_column_uuid(0, 1);
	}
	cb_plan_price_begin(id);
	update_row(id, values, origin->created_at);
	cb_plan_check_stored(id, now);
	follow_up(id, origin->event_type, now);
	cb_plan_app_begin(id, origin);
	return *id;
}

/* All that an update cannot give; false when it was imported before. */
static bool
insert_row(const pg_uuid_t *id, const CbPlanOrigin *origin, const CbPlanValues *values)
{
	bool		in_currency = !values->currency.isnull;
	char	   *address = address_of_merchant(&origin->merchant_id, in_currency);
	NullableDatum price = values->price;

	if (in_currency)
		price = cb_plan_price_checked(TextDatumGetCString(values->currency.value), price);
	return cb_execute(&insert_plan,
					  CB_ARGS(cb_uuid(id), cb_uuid(&origin->merchant_id), cb_text(address),
							  cb_text(origin->status), cb_text(origin->import_key),
							  cb_timestamptz(origin->created_at), values->service_name,
							  values->billing_cycle.isnull ? cb_text(DEFAULT_CYCLE) : values->billing_cycle,
							  values->price_sats, values->currency, price,
							  values->app_id, values->app_vk)) == 1;
}

static char *
address_of_merchant(const pg_uuid_t *merchant_id, bool needs_descriptor)
{
	if (cb_execute(&read_merchant, CB_ARGS(cb_uuid(merchant_id))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("merchant does not exist")));
	if (needs_descriptor && !cb_column_bool(0, 2))
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("the merchant has no descriptor, which a price in a currency needs"),
				 errdetail("At a fixed address an invoice is known by its amount in sats."),
				 errhint("Give the merchant a descriptor with update_merchant().")));
	return cb_column_text(0, 1);
}

static void
update_row(const pg_uuid_t *plan_id, const CbPlanValues *values, TimestampTz now)
{
	cb_execute(&update_plan,
			   CB_ARGS(cb_uuid(plan_id), cb_timestamptz(now), values->service_name,
					   values->billing_cycle, values->trial, values->grace,
					   values->confirmations, values->tolerance_sats, values->allow_multiple,
					   values->ticker, values->remaining_supply, values->nft_utxo,
					   values->metadata, values->tolerance_percent, values->tax_rate,
					   values->min_invoice_sats, values->lead_time, values->restart,
					   values->trial_once, values->dunning, values->uncollectible_after,
					   values->entitlement, values->token_units, values->token_access,
					   values->accept_beamed));
}

void
cb_plan_change(const pg_uuid_t *plan_id, const CbPlanValues *values)
{
	TimestampTz now = cb_now();

	cb_plan_price_change(plan_id, values, now);
	update_row(plan_id, values, now);
	cb_plan_check_stored(plan_id, now);
	follow_up(plan_id, "plan.updated", now);
	/* Its NFT may need another depth. */
	cb_plan_nft_refresh(plan_id, 1, now);
}

/* Of the row as it stands now. */
static void
follow_up(const pg_uuid_t *plan_id, const char *event_type, TimestampTz now)
{
	CbEvents	events = {NIL};
	CbJson		payload;
	pg_uuid_t	merchant_id;
	bool		has_nft;
	CbOutpoint	nft;

	cb_execute_one(&read_plan, CB_ARGS(cb_uuid(plan_id)));
	has_nft = !cb_column_is_null(0, 2);
	nft = cb_column_outpoint(0, 2);
	merchant_id = cb_column_uuid(0, 3);
	cb_json_begin(&payload);
	if (cb_column_is_null(0, 5))
		cb_json_int(&payload, "price_sats", cb_column_int8(0, 4));
	else
	{
		cb_json_text(&payload, "currency", cb_column_text(0, 5));
		cb_json_raw(&payload, "price", cb_column_text(0, 6));
	}
	cb_json_text(&payload, "status", cb_column_text(0, 7));
	cb_event_uuid(&events, event_type, &merchant_id, "plan", plan_id, cb_json_end(&payload), now);
	if (has_nft)
		cb_watch_outpoints(&nft, &cb_no_spender, 1);
	cb_events_write(&events);
}

Datum
cb_plan_return(FunctionCallInfo fcinfo, const pg_uuid_t *plan_id)
{
	cb_execute_one(&read_plan, CB_ARGS(cb_uuid(plan_id)));
	return cb_return_row(fcinfo);
}
