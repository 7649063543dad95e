/*-------------------------------------------------------------------------
 *
 * cb_address_pool.c
 *	  A merchant's addresses: issuing fresh ones, watching the next ones.
 *
 * Of every descriptor, the scripts from its first index to CB_LOOKAHEAD beyond
 * the next one are watched.  An index is issued only if its script is watched
 * for that very index: where it is the merchant's fixed address too, it is
 * passed over, since a payment there would not tell whose it is.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_address_pool.h"
#include "billing/cb_address_text.h"
#include "billing/cb_descriptor_cache.h"
#include "cb_clock.h"
#include "cb_compat.h"
#include "cb_errors.h"
#include "cb_guc.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "chain/cb_chain_state.h"
#include "chain/cb_watch.h"

CB_STATEMENT(lock_counters, "uuid",
			 "SELECT series, next_invoice_number FROM charmbills.merchant_counters "
			 "WHERE merchant_id = $1 FOR NO KEY UPDATE");
CB_KEYS_STATEMENT(read_sources, "uuid[]",
				  "SELECT c.merchant_id, c.series, c.next_invoice_number, m.address, m.descriptor "
				  "FROM charmbills.merchant_counters c JOIN charmbills.merchants m ON m.id = c.merchant_id "
				  "WHERE c.merchant_id = ANY ($1) ORDER BY c.merchant_id");
CB_STATEMENT(take_numbers, "uuid int8",
			 "UPDATE charmbills.merchant_counters SET next_invoice_number = $2 WHERE merchant_id = $1");
CB_STATEMENT(begin_series, "uuid text",
			 "UPDATE charmbills.merchant_counters SET series = $2, next_invoice_number = 1 "
			 "WHERE merchant_id = $1");
CB_STATEMENT(lock_outdated, "int8",
			 "SELECT c.merchant_id FROM charmbills.merchant_counters c, charmbills.chain_state s "
			 "WHERE c.series <> s.series "
			 "ORDER BY c.merchant_id LIMIT $1 FOR NO KEY UPDATE OF c");
CB_STATEMENT(insert_descriptor, "text uuid int4 timestamptz",
			 "INSERT INTO charmbills.descriptors (canonical, merchant_id, next_index, first_index, created_at) "
			 "VALUES ($1, $2, $3, $3, $4) ON CONFLICT (canonical) DO NOTHING RETURNING id");
CB_STATEMENT(read_descriptor, "text",
			 "SELECT id, merchant_id, canonical, next_index FROM charmbills.descriptors WHERE canonical = $1");
CB_STATEMENT(read_descriptor_by_id, "uuid",
			 "SELECT id, merchant_id, canonical, next_index FROM charmbills.descriptors WHERE id = $1");
CB_STATEMENT(read_descriptors, "uuid",
			 "SELECT id, merchant_id, canonical, next_index FROM charmbills.descriptors "
			 "WHERE merchant_id = $1 ORDER BY id");
CB_STATEMENT(set_next_index, "uuid int4",
			 "UPDATE charmbills.descriptors SET next_index = $2 WHERE id = $1");
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

/* A row of descriptors. */
typedef struct Source
{
	pg_uuid_t	id;
	pg_uuid_t	merchant_id;
	char	   *canonical;
	int32		next_index;
} Source;

static void catch_up(const pg_uuid_t *merchant_id, CbEvents *events, TimestampTz now);
static void jump(const Source *source, CbEvents *events, TimestampTz now);
static void load_address_source(uint64 row, CbAddressSource *source);
static int64 dust_limit(const CbAddressSource *source);
static void issue_derived(CbAddressSource *source, CbInvoicePlace *const *places, int n);
static void take_scripts(const Source *pool, CbInvoicePlace *const *places, int n);
static void fill_derived(CbInvoicePlace *place, const pg_uuid_t *descriptor_id, int32 index, CbSpan script);
static void issue_fixed(CbAddressSource *source, CbInvoicePlace *const *places, int n);
static int64 unique_amount(const CbScriptBuf *buffer, int64 amount, const int64 *taken, int n);
cb_noreturn static void refuse_amount(int64 amount);
static void load_source(uint64 row, Source *source);
static void find_source(const pg_uuid_t *merchant_id, const char *canonical, Source *source);
static void advance(const Source *source, int64 next_index, const char *reason, CbEvents *events, TimestampTz now);
static void watch_range(const Source *source, int64 from, int64 to);
static void announce_descriptor(const Source *source, CbEvents *events, TimestampTz now);

void
cb_address_pool_open(const pg_uuid_t *merchant_ids, int n, CbAddressSource *sources)
{
	CbEvents	events = {NIL};

	for (int i = 0; i < n; i++)
		catch_up(&merchant_ids[i], &events, cb_now());
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

int64
cb_address_pool_catch_up(int64 max_rows)
{
	CbEvents	events = {NIL};
	TimestampTz now = cb_now();
	uint64		n = cb_execute(&lock_outdated, CB_ARGS(cb_int8(max_rows)));
	pg_uuid_t  *merchants = palloc(sizeof(pg_uuid_t) * Max(n, 1));

	for (uint64 i = 0; i < n; i++)
		merchants[i] = cb_column_uuid(i, 1);
	for (uint64 i = 0; i < n; i++)
		catch_up(&merchants[i], &events, now);
	cb_events_write(&events);
	return (int64) n;
}

/*
 * Lock the counters and begin the series in force, unless it has begun.  What a
 * lost primary issued last is unknown: every index moves to where it cannot
 * have been.  The series is read after the lock: whoever held it may have begun
 * a later one.
 */
static void
catch_up(const pg_uuid_t *merchant_id, CbEvents *events, TimestampTz now)
{
	CbChainState state;
	char	   *series;
	Source	   *sources;
	int			n;

	cb_execute_one(&lock_counters, CB_ARGS(cb_uuid(merchant_id)));
	series = cb_column_text(0, 1);
	cb_chain_state_read(&state);
	if (strcmp(series, state.series) == 0)
		return;
	cb_execute_one(&begin_series, CB_ARGS(cb_uuid(merchant_id), cb_text(state.series)));
	n = (int) cb_execute(&read_descriptors, CB_ARGS(cb_uuid(merchant_id)));
	sources = palloc(sizeof(Source) * Max(n, 1));
	for (int i = 0; i < n; i++)
		load_source(i, &sources[i]);
	for (int i = 0; i < n; i++)
		jump(&sources[i], events, now);
}

static void
jump(const Source *source, CbEvents *events, TimestampTz now)
{
	int64		target = (int64) source->next_index + cb_guc_index_jump;

	watch_range(source, (int64) source->next_index + CB_LOOKAHEAD, target);
	advance(source, target, "incarnation", events, now);
	cb_watch_since_series(&source->id, source->next_index);
}

static void
issue_derived(CbAddressSource *source, CbInvoicePlace *const *places, int n)
{
	Source		pool;
	int64		watched;		/* indexes below are */
	int64		next;

	if (n == 0)
		return;
	find_source(&source->merchant_id, source->descriptor, &pool);
	watched = (int64) pool.next_index + CB_LOOKAHEAD;
	watch_range(&pool, watched, watched + n);
	take_scripts(&pool, places, n);
	next = (int64) places[n - 1]->derivation_index + 1;
	watch_range(&pool, watched + n, next + CB_LOOKAHEAD);
	cb_execute(&set_next_index, CB_ARGS(cb_uuid(&pool.id), cb_int4((int32) Min(next, PG_INT32_MAX))));
}

/* Few indexes are ever passed over, far fewer than are watched ahead. */
static void
take_scripts(const Source *pool, CbInvoicePlace *const *places, int n)
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

void
cb_address_pool_hit(const pg_uuid_t *merchant_id, const pg_uuid_t *descriptor_id,
					int32 derivation_index, CbEvents *events, TimestampTz now)
{
	Source		source;

	/* An index once issued stays so: no need to wait for others' invoices. */
	cb_execute_one(&read_descriptor_by_id, CB_ARGS(cb_uuid(descriptor_id)));
	load_source(0, &source);
	if (derivation_index < source.next_index)
		return;
	cb_execute_one(&lock_counters, CB_ARGS(cb_uuid(merchant_id)));
	cb_execute_one(&read_descriptor_by_id, CB_ARGS(cb_uuid(descriptor_id)));
	load_source(0, &source);
	if (derivation_index >= source.next_index)
		advance(&source, (int64) derivation_index + 1, "paid before it was issued", events, now);
}

void
cb_address_pool_add(const pg_uuid_t *merchant_id, const char *descriptor, int32 first_index,
					CbEvents *events, TimestampTz now)
{
	const CbCachedDescriptor *cached = cb_descriptor_cached(descriptor);
	char	   *canonical = pstrdup(cached->canonical);
	Source		source;
	bool		is_new;

	if (!cached->descriptor.is_ranged)
		cb_raise(CB_ERR_DESCRIPTOR_RANGE, "descriptor");
	cb_execute_one(&lock_counters, CB_ARGS(cb_uuid(merchant_id)));
	is_new = cb_execute(&insert_descriptor,
						CB_ARGS(cb_text(canonical), cb_uuid(merchant_id), cb_int4(first_index),
								cb_timestamptz(now))) == 1;
	find_source(merchant_id, canonical, &source);
	if (is_new)
	{
		watch_range(&source, first_index, (int64) first_index + CB_LOOKAHEAD);
		announce_descriptor(&source, events, now);
	}
	else if (first_index > source.next_index)
		advance(&source, first_index, "asked for", events, now);
}

static void
load_source(uint64 row, Source *source)
{
	source->id = cb_column_uuid(row, 1);
	source->merchant_id = cb_column_uuid(row, 2);
	source->canonical = cb_column_text(row, 3);
	source->next_index = cb_column_int4(row, 4);
}

static void
find_source(const pg_uuid_t *merchant_id, const char *canonical, Source *source)
{
	if (cb_execute(&read_descriptor, CB_ARGS(cb_text(canonical))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("the merchant's descriptor has no entry in charmbills.descriptors"),
				 errhint("Give it again with charmbills.update_merchant().")));
	load_source(0, source);
	if (!cb_uuid_equal(&source->merchant_id, merchant_id))
		ereport(ERROR,
				(errcode(ERRCODE_CB_CONFLICT),
				 errmsg("the descriptor belongs to another merchant"),
				 errhint("Every address and every descriptor belongs to one merchant for ever.")));
}

/* The counters are locked.  What was skipped is watched only where it was. */
static void
advance(const Source *source, int64 next_index, const char *reason, CbEvents *events, TimestampTz now)
{
	int32		capped = (int32) Min(next_index, PG_INT32_MAX);
	CbJson		payload;

	cb_execute(&set_next_index, CB_ARGS(cb_uuid(&source->id), cb_int4(capped)));
	watch_range(source, Max((int64) source->next_index + CB_LOOKAHEAD, next_index), next_index + CB_LOOKAHEAD);
	cb_json_begin(&payload);
	cb_json_int(&payload, "previous_index", source->next_index);
	cb_json_int(&payload, "next_index", capped);
	cb_json_text(&payload, "reason", reason);
	cb_event_uuid(events, "descriptor.index_advanced", &source->merchant_id, "descriptor", &source->id,
				  cb_json_end(&payload), now);
}

/*
 * Watch the scripts of indexes from (included) to to (excluded).  Indexes end
 * below 2^31 - 1, so that the next one is always an integer.
 */
static void
watch_range(const Source *source, int64 from, int64 to)
{
	/* No statement below looks at the cache, so the entry stays. */
	const CbDescriptor *descriptor = &cb_descriptor_cached(source->canonical)->descriptor;
	int64		end = Min(to, PG_INT32_MAX);
	CbScriptBuf *buffers;
	int32	   *indexes;
	int			n = 0;

	if (from >= end)
		return;
	buffers = palloc(sizeof(CbScriptBuf) * (end - from));
	indexes = palloc(sizeof(int32) * (end - from));
	for (int64 index = from; index < end; index++)
	{
		CbResult	result = cb_descriptor_script(descriptor, (uint32) index, &buffers[n]);

		/* One index in 2^127 has no key. */
		if (result == CB_ERR_INDEX)
			continue;
		if (result != CB_OK)
			cb_raise(result, "descriptor");
		indexes[n++] = (int32) index;
	}
	cb_watch_derived(&source->merchant_id, &source->id, buffers, indexes, n);
}

static void
announce_descriptor(const Source *source, CbEvents *events, TimestampTz now)
{
	CbJson		payload;

	cb_json_begin(&payload);
	cb_json_uuid(&payload, "merchant_id", &source->merchant_id);
	cb_json_int(&payload, "first_index", source->next_index);
	cb_event_uuid(events, "descriptor.added", &source->merchant_id, "descriptor", &source->id,
				  cb_json_end(&payload), now);
}
