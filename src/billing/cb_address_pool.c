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
#include "billing/cb_address_pool_internal.h"
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
CB_STATEMENT(set_written, "uuid text",
			 "UPDATE charmbills.descriptors SET written = $2 WHERE id = $1 AND written IS DISTINCT FROM $2");
CB_STATEMENT(set_next_index, "uuid int4",
			 "UPDATE charmbills.descriptors SET next_index = $2 WHERE id = $1");
CB_STATEMENT(read_descriptors, "uuid",
			 "SELECT id, merchant_id, canonical, next_index FROM charmbills.descriptors "
			 "WHERE merchant_id = $1 ORDER BY id");

static void jump(const CbPool *source, CbEvents *events, TimestampTz now);
static void load_source(uint64 row, CbPool *source);
static void advance(const CbPool *source, int64 next_index, const char *reason, CbEvents *events, TimestampTz now);
static void announce_descriptor(const CbPool *source, CbEvents *events, TimestampTz now);

int64
cb_address_pool_catch_up(int64 max_rows)
{
	CbEvents	events = {NIL};
	TimestampTz now = cb_now();
	uint64		n = cb_execute(&lock_outdated, CB_ARGS(cb_int8(max_rows)));
	pg_uuid_t  *merchants = cb_column_uuids(n);

	for (uint64 i = 0; i < n; i++)
		cb_pool_catch_up(&merchants[i], &events, now);
	cb_events_write(&events);
	return (int64) n;
}

/*
 * Lock the counters and begin the series in force, unless it has begun.  What a
 * lost primary issued last is unknown: every index moves to where it cannot
 * have been.  The series is read after the lock: whoever held it may have begun
 * a later one.
 */
void
cb_pool_catch_up(const pg_uuid_t *merchant_id, CbEvents *events, TimestampTz now)
{
	CbChainState state;
	char	   *series;
	CbPool	   *sources;
	int			n;

	cb_execute_one(&lock_counters, CB_ARGS(cb_uuid(merchant_id)));
	series = cb_column_text(0, 1);
	cb_chain_state_read(&state);
	if (strcmp(series, state.series) == 0)
		return;
	cb_execute_one(&begin_series, CB_ARGS(cb_uuid(merchant_id), cb_text(state.series)));
	n = (int) cb_execute(&read_descriptors, CB_ARGS(cb_uuid(merchant_id)));
	sources = palloc(sizeof(CbPool) * Max(n, 1));
	for (int i = 0; i < n; i++)
		load_source(i, &sources[i]);
	for (int i = 0; i < n; i++)
		jump(&sources[i], events, now);
}

static void
jump(const CbPool *source, CbEvents *events, TimestampTz now)
{
	int64		target = (int64) source->next_index + cb_guc_index_jump;

	cb_pool_watch(source, (int64) source->next_index + CB_LOOKAHEAD, target);
	advance(source, target, "incarnation", events, now);
	cb_watch_since_series(&source->id, source->next_index);
}

void
cb_address_pool_hit(const pg_uuid_t *merchant_id, const pg_uuid_t *descriptor_id,
					int32 derivation_index, CbEvents *events, TimestampTz now)
{
	CbPool		source;

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
	CbPool		source;
	bool		is_new;

	if (!cached->descriptor.is_ranged)
		cb_raise(CB_ERR_DESCRIPTOR_RANGE, "descriptor");
	cb_execute_one(&lock_counters, CB_ARGS(cb_uuid(merchant_id)));
	is_new = cb_execute(&insert_descriptor,
						CB_ARGS(cb_text(canonical), cb_uuid(merchant_id), cb_int4(first_index),
								cb_timestamptz(now))) == 1;
	cb_pool_find(merchant_id, canonical, &source);
	cb_execute(&set_written, CB_ARGS(cb_uuid(&source.id), cb_text(descriptor)));
	if (is_new)
	{
		cb_pool_watch(&source, first_index, (int64) first_index + CB_LOOKAHEAD);
		announce_descriptor(&source, events, now);
	}
	else if (first_index > source.next_index)
		advance(&source, first_index, "asked for", events, now);
}

static void
load_source(uint64 row, CbPool *source)
{
	source->id = cb_column_uuid(row, 1);
	source->merchant_id = cb_column_uuid(row, 2);
	source->canonical = cb_column_text(row, 3);
	source->next_index = cb_column_int4(row, 4);
}

void
cb_pool_find(const pg_uuid_t *merchant_id, const char *canonical, CbPool *source)
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

void
cb_pool_set_next(const CbPool *source, int32 next_index)
{
	cb_execute(&set_next_index, CB_ARGS(cb_uuid(&source->id), cb_int4(next_index)));
}

/* The counters are locked.  What was skipped is watched only where it was. */
static void
advance(const CbPool *source, int64 next_index, const char *reason, CbEvents *events, TimestampTz now)
{
	int32		capped = (int32) Min(next_index, PG_INT32_MAX);
	CbJson		payload;

	cb_pool_set_next(source, capped);
	cb_pool_watch(source, Max((int64) source->next_index + CB_LOOKAHEAD, next_index), next_index + CB_LOOKAHEAD);
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
void
cb_pool_watch(const CbPool *source, int64 from, int64 to)
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
announce_descriptor(const CbPool *source, CbEvents *events, TimestampTz now)
{
	CbJson		payload;

	cb_json_begin(&payload);
	cb_json_uuid(&payload, "merchant_id", &source->merchant_id);
	cb_json_int(&payload, "first_index", source->next_index);
	cb_event_uuid(events, "descriptor.added", &source->merchant_id, "descriptor", &source->id,
				  cb_json_end(&payload), now);
}
