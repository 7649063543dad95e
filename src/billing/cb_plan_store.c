/*-------------------------------------------------------------------------
 *
 * cb_plan_store.c
 *	  Plans: what their values may be, storing and changing them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_period.h"
#include "billing/cb_plan.h"
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

CB_STATEMENT(check_values, "text interval interval int4 text text numeric jsonb",
			 "SELECT $1 <> '', $2 >= interval '0', $3 >= interval '0', $4 BETWEEN 0 AND 1000, "
			 "       lower($5) ~ '^[0-9a-f]{64}$', lower($6) ~ '^[0-9a-f]{64}$', "
			 "       $7 >= 0 AND $7 = trunc($7) AND $7 < 'Infinity', "
			 "       pg_catalog.jsonb_typeof($8) = 'object'");
CB_STATEMENT(read_merchant, "uuid",
			 "SELECT address FROM charmbills.merchants WHERE id = $1");
CB_STATEMENT(insert_plan, "uuid uuid text text text text timestamptz "
			 "text int8 text interval interval int4 int8 bool text text text numeric outpoint jsonb",
			 "INSERT INTO charmbills.plans "
			 "       (id, merchant_id, merchant_address, status, import_key, created_at, updated_at, "
			 "        service_name, price_sats, billing_cycle, trial, grace, confirmations, "
			 "        tolerance_sats, allow_multiple, ticker, app_id, app_vk, remaining_supply, "
			 "        nft_utxo, metadata) "
			 "VALUES ($1, $2, $3, $4, $5, $7, $7, $8, $9, coalesce($10, $6), "
			 "        coalesce($11, interval '0'), coalesce($12, interval '5 days'), $13, "
			 "        coalesce($14, 0), coalesce($15, false), $16, lower($17), lower($18), $19, "
			 "        $20, coalesce($21, '{}')) "
			 "ON CONFLICT (import_key) DO NOTHING");
CB_STATEMENT(find_imported, "text",
			 "SELECT id FROM charmbills.plans WHERE import_key = $1");
CB_STATEMENT(update_plan, "uuid timestamptz "
			 "text int8 text interval interval int4 int8 bool text numeric outpoint jsonb",
			 "UPDATE charmbills.plans "
			 "SET service_name = coalesce($3, service_name), price_sats = coalesce($4, price_sats), "
			 "    billing_cycle = coalesce($5, billing_cycle), trial = coalesce($6, trial), "
			 "    grace = coalesce($7, grace), confirmations = coalesce($8, confirmations), "
			 "    tolerance_sats = coalesce($9, tolerance_sats), "
			 "    allow_multiple = coalesce($10, allow_multiple), ticker = coalesce($11, ticker), "
			 "    remaining_supply = coalesce($12, remaining_supply), "
			 "    nft_utxo = coalesce($13, nft_utxo), metadata = coalesce($14, metadata), "
			 "    updated_at = $2 "
			 "WHERE id = $1");
CB_STATEMENT(read_plan, "uuid",
			 "SELECT p, p.tolerance_sats <= p.price_sats, p.nft_utxo, p.merchant_id, "
			 "       p.price_sats, p.status "
			 "FROM charmbills.plans p WHERE p.id = $1");

#define DEFAULT_CYCLE "monthly"

static void check_amount(NullableDatum amount);
static void settle_plan(const pg_uuid_t *plan_id, const char *event_type, TimestampTz now);

/* What is not given is null in the result, and right. */
void
cb_plan_check(const CbPlanValues *values)
{
	static const char *const complaints[] = {
		"a plan needs the name of its service",
		"a trial must not be negative",
		"a grace must not be negative",
		"confirmations are from 0 to 1000",
		"an app id is 64 hexadecimal digits",
		"an app verification key is 64 hexadecimal digits",
		"a remaining supply is a whole number that is not negative",
		"metadata must be a JSON object",
	};

	cb_execute_one(&check_values,
				   CB_ARGS(values->service_name, values->trial, values->grace,
						   values->confirmations, values->app_id, values->app_vk,
						   values->remaining_supply, values->metadata));
	for (int i = 0; i < (int) lengthof(complaints); i++)
		if (!cb_column_is_null(0, i + 1) && !cb_column_bool(0, i + 1))
			ereport(ERROR,
					(errcode(ERRCODE_CB_INVALID_ARGUMENT),
					 errmsg("%s", complaints[i])));
	check_amount(values->price_sats);
	check_amount(values->tolerance_sats);
	if (!values->billing_cycle.isnull)
		cb_check_cycle(TextDatumGetCString(values->billing_cycle.value));
}

static void
check_amount(NullableDatum amount)
{
	if (!amount.isnull)
		(void) cb_check_sats(DatumGetInt64(amount.value));
}

pg_uuid_t
cb_plan_add(const CbPlanOrigin *origin, const CbPlanValues *values)
{
	pg_uuid_t	id = cb_uuid_v7();
	char	   *address;

	if (cb_execute(&read_merchant, CB_ARGS(cb_uuid(&origin->merchant_id))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("merchant does not exist")));
	address = cb_column_text(0, 1);
	cb_chain_pin_network();
	if (cb_execute(&insert_plan,
				   CB_ARGS(cb_uuid(&id), cb_uuid(&origin->merchant_id), cb_text(address),
						   cb_text(origin->status), cb_text(origin->import_key),
						   cb_text(DEFAULT_CYCLE), cb_timestamptz(origin->created_at),
						   values->service_name, values->price_sats, values->billing_cycle,
						   values->trial, values->grace, values->confirmations,
						   values->tolerance_sats, values->allow_multiple, values->ticker,
						   values->app_id, values->app_vk, values->remaining_supply,
						   values->nft_utxo, values->metadata)) == 1)
	{
		settle_plan(&id, origin->event_type, cb_now());
		return id;
	}
	cb_execute_one(&find_imported, CB_ARGS(cb_text(origin->import_key)));
	return cb_column_uuid(0, 1);
}

void
cb_plan_change(const pg_uuid_t *plan_id, const CbPlanValues *values)
{
	TimestampTz now = cb_now();

	cb_execute(&update_plan,
			   CB_ARGS(cb_uuid(plan_id), cb_timestamptz(now), values->service_name,
					   values->price_sats, values->billing_cycle, values->trial, values->grace,
					   values->confirmations, values->tolerance_sats, values->allow_multiple,
					   values->ticker, values->remaining_supply, values->nft_utxo,
					   values->metadata));
	settle_plan(plan_id, "plan.updated", now);
}

/* What must hold of the row as it stands now, and what follows from it. */
static void
settle_plan(const pg_uuid_t *plan_id, const char *event_type, TimestampTz now)
{
	CbEvents	events = {NIL};
	CbJson		payload;
	pg_uuid_t	merchant_id;
	bool		has_nft;
	CbOutpoint	nft;

	cb_execute_one(&read_plan, CB_ARGS(cb_uuid(plan_id)));
	if (!cb_column_bool(0, 2))
		ereport(ERROR,
				(errcode(ERRCODE_CB_AMOUNT),
				 errmsg("the tolerance of a plan is more than its price")));
	has_nft = !cb_column_is_null(0, 3);
	nft = cb_column_outpoint(0, 3);
	merchant_id = cb_column_uuid(0, 4);
	cb_json_begin(&payload);
	cb_json_int(&payload, "price_sats", cb_column_int8(0, 5));
	cb_json_text(&payload, "status", cb_column_text(0, 6));
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
