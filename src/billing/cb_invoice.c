/*-------------------------------------------------------------------------
 *
 * cb_invoice.c
 *	  Issuing invoices.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_address_pool.h"
#include "billing/cb_invoice.h"
#include "billing/cb_period.h"
#include "billing/cb_settle.h"
#include "cb_errors.h"
#include "cb_guc.h"
#include "cb_json.h"
#include "cb_shared.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "chain/cb_incarnation.h"

/* How long a first invoice, or one issued too late, may be paid. */
#define TIME_TO_PAY USECS_PER_DAY

CB_STATEMENT(insert_invoice,
			 "uuid text int8 uuid uuid uuid int8 int8 text bytea uuid int4 int4 "
			 "timestamptz timestamptz timestamptz timestamptz timestamptz",
			 "INSERT INTO charmbills.invoices "
			 "       (id, series, number, merchant_id, subscription_id, customer_id, kind, amount_sats, "
			 "        tolerance_sats, address, script, descriptor_id, derivation_index, confirmations, status, "
			 "        due_at, expires_at, period_start, period_end, created_at) "
			 "VALUES ($1, $2, $3, $4, $5, $6, 'period', $7, $8, $9, $10, $11, $12, $13, 'open', "
			 "        $14, $15, $16, $17, $18)");
CB_STATEMENT(read_terms, "uuid int4",
			 "SELECT f.merchant_id, f.customer_id, p.price_sats, p.tolerance_sats, "
			 "       coalesce(p.confirmations, $2), f.cycle, f.timezone, f.grace, f.anchor, f.paid_through, "
			 "       f.canceled_at IS NOT NULL OR f.ended_at IS NOT NULL OR f.status = 'canceled', m.is_active, "
			 "       EXISTS (SELECT FROM charmbills.invoices i "
			 "               WHERE i.subscription_id = f.id AND i.kind = 'period') "
			 "FROM charmbills.subscription_facts f "
			 "JOIN charmbills.plans p ON p.id = f.plan_id "
			 "JOIN charmbills.merchants m ON m.id = f.merchant_id "
			 "WHERE f.id = $1");
CB_STATEMENT(find_standing, "uuid timestamptz",
			 "SELECT i.id FROM charmbills.invoices i "
			 "WHERE i.subscription_id = $1 AND i.kind = 'period' AND i.status <> 'void' "
			 "      AND i.period_start >= $2 "
			 "ORDER BY i.period_start LIMIT 1");
CB_STATEMENT(move_anchor, "uuid timestamptz",
			 "UPDATE charmbills.subscription_facts SET anchor = $2 WHERE id = $1");

/* What a subscription's next invoice depends on. */
typedef struct Terms
{
	CbDemand	demand;			/* all but the times */
	char	   *cycle;
	char	   *timezone;
	Interval	grace;
	TimestampTz anchor;
	bool		is_paid;		/* some period is */
	TimestampTz paid_through;
	bool		is_ended;		/* no period is to come */
	bool		is_merchant_active;
	bool		was_invoiced;
} Terms;

static void check_dust(const CbInvoicePlace *place);
static void insert(const pg_uuid_t *id, const CbDemand *demand, const CbInvoicePlace *place, TimestampTz now);
static void announce(const pg_uuid_t *id, const CbDemand *demand, const CbInvoicePlace *place,
					 TimestampTz now, CbEvents *events);
static void load_terms(const pg_uuid_t *subscription_id, Terms *terms);
static void check_terms(const Terms *terms);
static void set_times(Terms *terms, TimestampTz now);
static TimestampTz next_period_start(const Terms *terms, TimestampTz now);
static TimestampTz end_of_period(Terms *terms, TimestampTz start);

pg_uuid_t
cb_invoice_issue(const CbDemand *demand, TimestampTz now, CbEvents *events)
{
	pg_uuid_t	id = cb_uuid_v7();
	CbInvoicePlace place;

	cb_incarnation_check();
	cb_address_pool_issue(&demand->merchant_id, demand->amount, &place);
	if (place.amount > 0)
		check_dust(&place);
	insert(&id, demand, &place, now);
	announce(&id, demand, &place, now, events);
	if (place.amount == 0)
		cb_settle_invoices(&id, 1, now, events);
	return id;
}

static void
check_dust(const CbInvoicePlace *place)
{
	CbSpan		script = {place->script.data, place->script.len};
	int64		limit = cb_script_dust_limit(script);

	if (place->amount < limit)
		ereport(ERROR,
				(errcode(ERRCODE_CB_AMOUNT),
				 errmsg("an invoice for %lld sats could not be paid", (long long) place->amount),
				 errdetail("Nodes do not relay a payment of less than %lld sats to this kind of address.",
						   (long long) limit),
				 errhint("Raise the plan's price, or make it free.")));
}

static void
insert(const pg_uuid_t *id, const CbDemand *demand, const CbInvoicePlace *place, TimestampTz now)
{
	CbSpan		script = {place->script.data, place->script.len};
	bool		has_address = place->amount > 0;

	cb_execute_one(&insert_invoice,
				   CB_ARGS(cb_uuid(id), cb_text(place->series), cb_int8(place->number),
						   cb_uuid(&demand->merchant_id), cb_uuid(&demand->subscription_id),
						   cb_uuid(&demand->customer_id), cb_int8(place->amount), cb_int8(demand->tolerance),
						   cb_text(has_address ? place->address : NULL),
						   has_address ? cb_bytea(script) : cb_null(),
						   cb_uuid(place->is_derived ? &place->descriptor_id : NULL),
						   place->is_derived ? cb_int4(place->derivation_index) : cb_null(),
						   cb_int4(demand->confirmations),
						   cb_timestamptz(demand->due_at), cb_timestamptz(demand->expires_at),
						   cb_timestamptz(demand->period_start), cb_timestamptz(demand->period_end),
						   cb_timestamptz(now)));
	/* The worker has a payment to look out for. */
	if (has_address)
		cb_wake_on_commit();
}

static void
announce(const pg_uuid_t *id, const CbDemand *demand, const CbInvoicePlace *place,
		 TimestampTz now, CbEvents *events)
{
	CbJson		payload;

	cb_json_begin(&payload);
	cb_json_uuid(&payload, "invoice_id", id);
	cb_json_text(&payload, "number", cb_invoice_number(place->series, place->number));
	cb_json_uuid(&payload, "subscription_id", &demand->subscription_id);
	cb_json_int(&payload, "amount_sats", place->amount);
	cb_json_text(&payload, "address", place->amount > 0 ? place->address : NULL);
	cb_json_time(&payload, "due_at", demand->due_at);
	cb_json_time(&payload, "expires_at", demand->expires_at);
	cb_event_uuid(events, "invoice.issued", &demand->merchant_id, "invoice", id,
				  cb_json_end(&payload), now);
}

char *
cb_invoice_number(const char *series, int64 number)
{
	return psprintf("%s%s" INT64_FORMAT, series, series[0] != '\0' ? "-" : "", number);
}

pg_uuid_t
cb_invoice_issue_next(const pg_uuid_t *subscription_id, TimestampTz now, CbEvents *events)
{
	Terms		terms;

	load_terms(subscription_id, &terms);
	if (cb_execute(&find_standing,
				   CB_ARGS(cb_uuid(subscription_id),
						   cb_timestamptz(terms.is_paid ? terms.paid_through : DT_NOBEGIN))) == 1)
		return cb_column_uuid(0, 1);
	check_terms(&terms);
	set_times(&terms, now);
	return cb_invoice_issue(&terms.demand, now, events);
}

static void
load_terms(const pg_uuid_t *subscription_id, Terms *terms)
{
	bool		isnull;

	cb_execute_one(&read_terms, CB_ARGS(cb_uuid(subscription_id), cb_int4(cb_guc_confirmations)));
	memset(terms, 0, sizeof(*terms));
	terms->demand.subscription_id = *subscription_id;
	terms->demand.merchant_id = cb_column_uuid(0, 1);
	terms->demand.customer_id = cb_column_uuid(0, 2);
	terms->demand.amount = cb_column_int8(0, 3);
	terms->demand.tolerance = cb_column_int8(0, 4);
	terms->demand.confirmations = cb_column_int4(0, 5);
	terms->cycle = cb_column_text(0, 6);
	terms->timezone = cb_column_text(0, 7);
	terms->grace = *DatumGetIntervalP(cb_column(0, 8, &isnull));
	terms->anchor = cb_column_timestamptz(0, 9);
	terms->is_paid = !cb_column_is_null(0, 10);
	terms->paid_through = cb_column_timestamptz(0, 10);
	terms->is_ended = cb_column_bool(0, 11);
	terms->is_merchant_active = cb_column_bool(0, 12);
	terms->was_invoiced = cb_column_bool(0, 13);
}

static void
check_terms(const Terms *terms)
{
	if (terms->is_ended)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("subscription is canceled")));
	if (!terms->is_merchant_active)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("merchant is not active")));
	if (terms->is_paid && TIMESTAMP_IS_NOEND(terms->paid_through))
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("subscription is paid for life")));
}

static void
set_times(Terms *terms, TimestampTz now)
{
	CbDemand   *demand = &terms->demand;

	demand->period_start = next_period_start(terms, now);
	demand->period_end = end_of_period(terms, demand->period_start);
	demand->due_at = demand->period_start;
	if (terms->is_paid)
		demand->expires_at = cb_add_interval(demand->due_at, &terms->grace, terms->timezone);
	else
		demand->expires_at = demand->due_at + TIME_TO_PAY;
	/* Nobody could pay an invoice that is born expired. */
	if (demand->expires_at <= now)
		demand->expires_at = now + TIME_TO_PAY;
}

/* After a void first invoice another is for a period that begins now. */
static TimestampTz
next_period_start(const Terms *terms, TimestampTz now)
{
	if (terms->is_paid)
		return terms->paid_through;
	return terms->was_invoiced ? Max(terms->anchor, now) : terms->anchor;
}

/*
 * Where the period before did not end with one counted from the anchor, the
 * periods are counted from here.
 */
static TimestampTz
end_of_period(Terms *terms, TimestampTz start)
{
	int32		k = 0;

	if (start > terms->anchor)
		k = cb_period_index(terms->anchor, terms->cycle, terms->timezone, start);
	if (cb_period_start(terms->anchor, terms->cycle, terms->timezone, k) != start)
	{
		cb_execute_one(&move_anchor, CB_ARGS(cb_uuid(&terms->demand.subscription_id), cb_timestamptz(start)));
		terms->anchor = start;
		k = 0;
	}
	return cb_period_start(terms->anchor, terms->cycle, terms->timezone, k + 1);
}
