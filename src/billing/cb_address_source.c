/*-------------------------------------------------------------------------
 *
 * cb_address_source.c
 *	  Giving invoices their numbers and addresses.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_address_pool.h"
#include "billing/cb_address_pool_internal.h"
#include "billing/cb_address_text.h"
#include "billing/cb_descriptor_cache.h"
#include "cb_clock.h"
#include "cb_compat.h"
#include "cb_errors.h"
#include "cb_guc.h"
#include "cb_sql.h"

CB_KEYS_STATEMENT(read_sources, "uuid[]",
				  "SELECT c.merchant_id, c.series, c.next_invoice_number, m.address, m.descriptor "
				  "FROM charmbills.merchant_counters c JOIN charmbills.merchants m ON m.id = c.merchant_id "
				  "WHERE c.merchant_id = ANY ($1) ORDER BY c.merchant_id");
CB_STATEMENT(take_numbers, "uuid int8",
			 "UPDATE charmbills.merchant_counters SET next_invoice_number = $2 WHERE merchant_id = $1");
/* How many are wanted makes another plan look cheaper, as keys in an array do. */
CB_KEYS_STATEMENT(read_free_scripts, "uuid int4 int4",
				  "SELECT derivation_index, script FROM charmbills.watched_scripts "
				  "WHERE descriptor_id = $1 AND derivation_index >= $2 "
				  "ORDER BY derivation_index LIMIT $3");

/*
 * An invoice keeps its amount to itself for as long as somebody may still pay
 * it, also by mistake a second time.
 */
CB_STATEMENT(read_taken, "bytea int8 int8 timestamptz",
			 "SELECT i.amount_sats FROM charmbills.invoices i "
			 "WHERE i.script = $1 AND i.descriptor_id IS NULL AND i.amount_sats BETWEEN $2 AND $3 "
			 "      AND (i.status IN ('open', 'processing') "
			 "           OR i.status = 'expired' AND i.expires_at > $4 - interval '30 days' "
			 "           OR i.status = 'paid' AND i.paid_at > $4 - interval '1 day')");

#define SUFFIXES 1000			/* sats that may be added to tell amounts apart */

static void load_address_source(uint64 row, CbAddressSource *source);
static int64 dust_limit(const CbAddressSource *source);
static void issue_derived(CbAddressSource *source, CbInvoicePlace *const *places, int n);
static void take_scripts(const CbPool *pool, CbInvoicePlace *const *places, int n);
static void fill_derived(CbInvoicePlace *place, const pg_uuid_t *descriptor_id, int32 index, CbSpan script);
static void issue_fixed(CbAddressSource *source, CbInvoicePlace *const *places, int n);
static int64 unique_amount(const CbScriptBuf *buffer, int64 amount, const int64 *taken, int n);
cb_noreturn static void refuse_amount(int64 amount);

void
cb_address_pool_open(const pg_uuid_t *merchant_ids, int n, CbAddressSource *sources)
{
	CbEvents	events = {NIL};

	for (int i = 0; i < n; i++)
		cb_pool_catch_up(&merchant_ids[i], &events, cb_now());
	cb_events_write(&events);
	if (cb_execute(&read_sources, CB_ARGS(cb_uuid_array(merchant_ids, n))) != (uint64) n)
		elog(ERROR, "a merchant has no counters");
	for (int i = 0; i < n; i++)
		load_address_source(i, &sources[i]);
	for (int i = 0; i < n; i++)
		sources[i].dust_limit = dust_limit(&sources[i]);
}

void
cb_address_pool_peek(const pg_uuid_t *merchant_id, CbAddressSource *source)
{
	cb_execute_one(&read_sources, CB_ARGS(cb_uuid_array(merchant_id, 1)));
	load_address_source(0, source);
	source->dust_limit = dust_limit(source);
}

static void
load_address_source(uint64 row, CbAddressSource *source)
{
	source->merchant_id = cb_column_uuid(row, 1);
	source->series = cb_column_text(row, 2);
	source->next_number = cb_column_int8(row, 3);
	source->address = cb_column_text(row, 4);
	source->descriptor = cb_column_text(row, 5);
	if (source->descriptor != NULL)
		source->descriptor = pstrdup(cb_descriptor_cached(source->descriptor)->canonical);
}

static int64
dust_limit(const CbAddressSource *source)
{
	CbScriptBuf script;
	CbSpan		span = {script.data, 0};

	if (source->descriptor != NULL)
		return cb_descriptor_cached(source->descriptor)->dust_limit;
	(void) cb_address_checked(source->address, &script);
	span.len = script.len;
	return cb_script_dust_limit(span);
}

void
cb_address_pool_take(CbAddressSource *source, CbInvoicePlace *const *places, int n)
{
	CbInvoicePlace **paid_for = palloc(sizeof(CbInvoicePlace *) * Max(n, 1));
	int			n_paid_for = 0;

	for (int i = 0; i < n; i++)
	{
		places[i]->series = source->series;
		places[i]->number = source->next_number++;
		if (places[i]->needs_address)
			paid_for[n_paid_for++] = places[i];
	}
	cb_execute_one(&take_numbers, CB_ARGS(cb_uuid(&source->merchant_id), cb_int8(source->next_number)));
	if (source->descriptor != NULL)
		issue_derived(source, paid_for, n_paid_for);
	else
		issue_fixed(source, paid_for, n_paid_for);
}

static void
issue_derived(CbAddressSource *source, CbInvoicePlace *const *places, int n)
{
	CbPool		pool;
	int64		watched;		/* indexes below are */
	int64		next;

	if (n == 0)
		return;
	cb_pool_find(&source->merchant_id, source->descriptor, &pool);
	watched = (int64) pool.next_index + CB_LOOKAHEAD;
	cb_pool_watch(&pool, watched, watched + n);
	take_scripts(&pool, places, n);
	next = (int64) places[n - 1]->derivation_index + 1;
	cb_pool_watch(&pool, watched + n, next + CB_LOOKAHEAD);
	cb_pool_set_next(&pool, (int32) Min(next, PG_INT32_MAX));
}

/* Few indexes are ever passed over, far fewer than are watched ahead. */
static void
take_scripts(const CbPool *pool, CbInvoicePlace *const *places, int n)
{
	if (cb_execute(&read_free_scripts,
				   CB_ARGS(cb_uuid(&pool->id), cb_int4(pool->next_index), cb_int4(n))) < (uint64) n)
		ereport(ERROR,
				(errcode(ERRCODE_CB_EXHAUSTED),
				 errmsg("the merchant's descriptor has no address left"),
				 errhint("Give the merchant another descriptor with charmbills.update_merchant().")));
	for (int i = 0; i < n; i++)
		fill_derived(places[i], &pool->id, cb_column_int4(i, 1), cb_column_bytea(i, 2));
}

static void
fill_derived(CbInvoicePlace *place, const pg_uuid_t *descriptor_id, int32 index, CbSpan script)
{
	if (script.len > sizeof(place->script.data) ||
		cb_script_to_address(script, cb_current_network(), place->address) != CB_OK)
		elog(ERROR, "a watched script has no address");
	memcpy(place->script.data, script.data, script.len);
	place->script.len = script.len;
	place->is_derived = true;
	place->descriptor_id = *descriptor_id;
	place->derivation_index = index;
}

/* Those taken here are not in the table yet. */
static void
issue_fixed(CbAddressSource *source, CbInvoicePlace *const *places, int n)
{
	int64	   *taken = palloc(sizeof(int64) * Max(n, 1));

	for (int i = 0; i < n; i++)
	{
		CbInvoicePlace *place = places[i];

		strlcpy(place->address, cb_address_checked(source->address, &place->script), sizeof(place->address));
		place->amount = unique_amount(&place->script, place->amount, taken, i);
		taken[i] = place->amount;
	}
}

static int64
unique_amount(const CbScriptBuf *buffer, int64 amount, const int64 *taken, int n)
{
	CbSpan		script = {buffer->data, buffer->len};
	bool		used[SUFFIXES] = {false};
	uint64		rows = cb_execute(&read_taken,
								  CB_ARGS(cb_bytea(script), cb_int8(amount), cb_int8(amount + SUFFIXES - 1),
										  cb_timestamptz(cb_now())));

	for (uint64 row = 0; row < rows; row++)
		used[cb_column_int8(row, 1) - amount] = true;
	for (int i = 0; i < n; i++)
		if (taken[i] >= amount && taken[i] < amount + SUFFIXES)
			used[taken[i] - amount] = true;
	for (int suffix = 0; suffix < SUFFIXES; suffix++)
		if (!used[suffix])
			return amount + suffix;
	refuse_amount(amount);
}

int64
cb_address_pool_unique_amount(const CbAddressSource *source, int64 amount)
{
	CbScriptBuf script;

	(void) cb_address_checked(source->address, &script);
	return unique_amount(&script, amount, NULL, 0);
}

static void
refuse_amount(int64 amount)
{
	ereport(ERROR,
			(errcode(ERRCODE_CB_EXHAUSTED),
			 errmsg("no amount is left that tells an invoice apart at the merchant's fixed address"),
			 errdetail("All from %lld to %lld sats belong to invoices that may still be paid.",
					   (long long) amount, (long long) amount + SUFFIXES - 1),
			 errhint("Give the merchant a descriptor with charmbills.update_merchant(): "
					 "every invoice then gets an address of its own.")));
}
