/*-------------------------------------------------------------------------
 *
 * cb_charm_news.c
 *	  What a change does to plans' charms, told once everything is at rest.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_compat.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "chain/cb_charm_news.h"
#include "utils/hsearch.h"

/*
 * What a transaction does to a plan: everything but where it stands.  That
 * outputs hold something, or held, is said by their rows.
 */
#define EFFECT \
	"SELECT t.plan_id, t.txid, t.merchant_id, t.block_height, t.verdict, t.nft, t.minted::text, " \
	"       t.destroyed::text, t.counterfeit, " \
	"       (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(" \
	"               'vout', charmbills.outpoint_vout(c.outpoint), " \
	"               'address', charmbills.script_to_address(c.script), 'amount', c.amount, " \
	"               'nft', c.has_nft, 'remaining', c.remaining, 'beamed', c.beamed_to IS NOT NULL) " \
	"               ORDER BY c.outpoint)::text " \
	"        FROM (SELECT c.* FROM charmbills.charms c " \
	"              WHERE c.outpoint BETWEEN charmbills.outpoint(t.txid, 0) " \
	"                                   AND charmbills.outpoint(t.txid, 2147483647) OFFSET 0) c " \
	"        WHERE c.plan_id = t.plan_id), " \
	"       t.verdict = 'unsupported' AND " \
	"       EXISTS (SELECT FROM charmbills.charms c " \
	"               WHERE c.plan_id = t.plan_id AND c.spent_height = t.block_height " \
	"                 AND c.spent_by = t.txid AND c.is_unknown) "

CB_KEYS_STATEMENT(read_effects_above, "uuid[] int4[]",
				  EFFECT
				  "FROM unnest($1, $2) s(plan_id, height) "
				  "JOIN charmbills.charm_transactions t ON t.plan_id = s.plan_id AND t.block_height >= s.height "
				  "ORDER BY t.plan_id, t.block_height, t.block_index");
CB_KEYS_STATEMENT(read_effects, "uuid[] txid[]",
				  EFFECT
				  "FROM unnest($1, $2) k(plan_id, txid) "
				  "JOIN charmbills.charm_transactions t ON t.plan_id = k.plan_id AND t.txid = k.txid "
				  "ORDER BY t.plan_id, t.block_height, t.block_index");
CB_KEYS_STATEMENT(lock_plans, "uuid[]",
				  "SELECT p.id FROM charmbills.plans p WHERE p.id = ANY ($1) ORDER BY p.id FOR NO KEY UPDATE");

typedef struct Key
{
	pg_uuid_t	plan_id;
	CbTxid		txid;
} Key;

typedef struct Effect
{
	pg_uuid_t	merchant_id;
	int32		height;
	char	   *verdict;
	char	   *nft;
	char	   *minted;
	char	   *destroyed;
	char	   *counterfeit;	/* or NULL */
	char	   *outputs;		/* JSON, or NULL */
	bool		makes_unknown;
} Effect;

/* Of a transaction that was touched; NULL where it did not matter to the plan. */
typedef struct Entry
{
	Key			key;			/* hash key, first */
	const Effect *before;
	bool		is_told;
} Entry;

struct CbCharmNews
{
	HTAB	   *touched;
	CbCharmHolder *holders;
	int			n_holders;
	int			capacity;
};

static CbCharmNews *news_of(CbChange *change);
static Entry *touch(CbChange *change, const pg_uuid_t *plan_id, const CbHash256 *txid, bool *is_new);
static const Effect *load_effect(uint64 row);
static int	compare_holders(const void *a, const void *b);
static int	compare_uuids(const void *a, const void *b);
static int	touched_keys(CbChange *change, pg_uuid_t **plans, CbHash256 **txids);
static void announce_undone(CbChange *change, CbEvents *events);
static int	compare_undone(const void *a, const void *b);
static bool is_same(const Effect *a, const Effect *b);
static bool is_genuine(const Effect *effect);
static bool does_something(const Effect *effect);
static void announce_effect(const Key *key, const Effect *before, const Effect *after,
							TimestampTz now, CbEvents *events);
static void announce_reversal(const Key *key, const Effect *before, TimestampTz now, CbEvents *events);
static void begin_payload(CbJson *payload, const Key *key, const Effect *effect);

static CbCharmNews *
news_of(CbChange *change)
{
	HASHCTL		control;

	if (change->charm_news != NULL)
		return change->charm_news;
	memset(&control, 0, sizeof(control));
	control.keysize = sizeof(Key);
	control.entrysize = sizeof(Entry);
	control.hcxt = CurrentMemoryContext;
	change->charm_news = palloc0(sizeof(CbCharmNews));
	change->charm_news->touched = hash_create("charmbills charm news", 64, &control,
											  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return change->charm_news;
}

static Entry *
touch(CbChange *change, const pg_uuid_t *plan_id, const CbHash256 *txid, bool *is_new)
{
	Key			key;
	Entry	   *entry;
	bool		found;

	key.plan_id = *plan_id;
	memcpy(key.txid.bytes, txid->bytes, sizeof(key.txid.bytes));
	entry = hash_search(news_of(change)->touched, &key, HASH_ENTER, &found);
	*is_new = !found;
	if (!found)
	{
		entry->before = NULL;
		entry->is_told = false;
	}
	return entry;
}

void
cb_charm_news_before(CbChange *change, const CbCharmStart *starts, int n)
{
	NullableDatum ids;
	NullableDatum heights;
	uint64		rows;

	cb_charm_start_arrays(starts, n, &ids, &heights);
	rows = cb_execute(&read_effects_above, CB_ARGS(ids, heights));
	for (uint64 row = 0; row < rows; row++)
	{
		pg_uuid_t	plan_id = cb_column_uuid(row, 1);
		CbHash256	txid = cb_column_txid(row, 2);
		bool		is_new;
		Entry	   *entry = touch(change, &plan_id, &txid, &is_new);

		if (is_new)
			entry->before = load_effect(row);
	}
}

void
cb_charm_news_recorded(CbChange *change, const pg_uuid_t *plan_id, const CbHash256 *txid)
{
	bool		is_new;

	touch(change, plan_id, txid, &is_new);
}

static const Effect *
load_effect(uint64 row)
{
	Effect	   *effect = palloc(sizeof(Effect));

	effect->merchant_id = cb_column_uuid(row, 3);
	effect->height = cb_column_int4(row, 4);
	effect->verdict = cb_column_text(row, 5);
	effect->nft = cb_column_text(row, 6);
	effect->minted = cb_column_text(row, 7);
	effect->destroyed = cb_column_text(row, 8);
	effect->counterfeit = cb_column_text(row, 9);
	effect->outputs = cb_column_text(row, 10);
	effect->makes_unknown = cb_column_bool(row, 11);
	return effect;
}

void
cb_charm_news_holder(CbChange *change, const pg_uuid_t *plan_id, CbSpan script)
{
	CbCharmNews *news = news_of(change);

	if (news->n_holders == news->capacity)
	{
		news->capacity = Max(16, news->capacity * 2);
		news->holders = news->holders ?
			repalloc_huge(news->holders, sizeof(CbCharmHolder) * news->capacity) :
			palloc(sizeof(CbCharmHolder) * news->capacity);
	}
	news->holders[news->n_holders].plan_id = *plan_id;
	news->holders[news->n_holders].script = script;
	news->n_holders++;
}

void
cb_charm_news_settle(CbChange *change)
{
	CbCharmNews *news = change->charm_news;
	pg_uuid_t  *plans;
	CbHash256  *txids;
	int			n;

	if (news == NULL)
		return;
	n = touched_keys(change, &plans, &txids);
	qsort(plans, n, sizeof(pg_uuid_t), compare_uuids);
	change->charm_plans = plans;
	for (int i = 0; i < n; i++)
	{
		if (i == 0 || !cb_uuid_equal(&plans[i], &plans[change->n_charm_plans - 1]))
			plans[change->n_charm_plans++] = plans[i];
	}
	qsort(news->holders, news->n_holders, sizeof(CbCharmHolder), compare_holders);
	change->charm_holders = news->holders;
	for (int i = 0; i < news->n_holders; i++)
	{
		if (i == 0 || compare_holders(&news->holders[i], &news->holders[change->n_charm_holders - 1]) != 0)
			news->holders[change->n_charm_holders++] = news->holders[i];
	}
}

static int
compare_uuids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(pg_uuid_t));
}

static int
compare_holders(const void *a, const void *b)
{
	const CbCharmHolder *x = a;
	const CbCharmHolder *y = b;
	int			order = compare_uuids(&x->plan_id, &y->plan_id);

	if (order == 0)
		order = memcmp(x->script.data, y->script.data, Min(x->script.len, y->script.len));
	if (order != 0)
		return order;
	return x->script.len < y->script.len ? -1 : x->script.len > y->script.len;
}

static int
touched_keys(CbChange *change, pg_uuid_t **plans, CbHash256 **txids)
{
	HASH_SEQ_STATUS scan;
	const Entry *entry;
	HTAB	   *touched = change->charm_news->touched;
	long		n = hash_get_num_entries(touched);
	int			i = 0;

	*plans = palloc_extended(sizeof(pg_uuid_t) * Max(n, 1), MCXT_ALLOC_HUGE);
	*txids = palloc_extended(sizeof(CbHash256) * Max(n, 1), MCXT_ALLOC_HUGE);
	hash_seq_init(&scan, touched);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		(*plans)[i] = entry->key.plan_id;
		memcpy((*txids)[i].bytes, entry->key.txid.bytes, sizeof((*txids)[i].bytes));
		i++;
	}
	return i;
}

/* Plans are locked, so that their events are numbered without gaps. */
void
cb_charm_news_announce(CbChange *change, CbEvents *events)
{
	pg_uuid_t  *plans;
	CbHash256  *txids;
	uint64		rows;
	int			n;

	if (change->n_charm_plans == 0)
		return;
	cb_execute(&lock_plans, CB_ARGS(cb_uuid_array(change->charm_plans, change->n_charm_plans)));
	n = touched_keys(change, &plans, &txids);
	rows = cb_execute(&read_effects, CB_ARGS(cb_uuid_array(plans, n), cb_txid_array(txids, n)));
	for (uint64 row = 0; row < rows; row++)
	{
		pg_uuid_t	plan_id = cb_column_uuid(row, 1);
		CbHash256	txid = cb_column_txid(row, 2);
		bool		is_new;
		Entry	   *entry = touch(change, &plan_id, &txid, &is_new);

		entry->is_told = true;
		announce_effect(&entry->key, entry->before, load_effect(row), change->now, events);
	}
	announce_undone(change, events);
}

/* The transactions that no longer matter, the last of each plan first. */
static void
announce_undone(CbChange *change, CbEvents *events)
{
	HTAB	   *touched = change->charm_news->touched;
	Entry	  **undone = palloc(sizeof(Entry *) * hash_get_num_entries(touched));
	HASH_SEQ_STATUS scan;
	Entry	   *entry;
	int			n = 0;

	hash_seq_init(&scan, touched);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		if (!entry->is_told && entry->before != NULL && does_something(entry->before))
			undone[n++] = entry;
	}
	qsort(undone, n, sizeof(Entry *), compare_undone);
	for (int i = 0; i < n; i++)
		announce_reversal(&undone[i]->key, undone[i]->before, change->now, events);
}

static int
compare_undone(const void *a, const void *b)
{
	const Entry *x = *(Entry *const *) a;
	const Entry *y = *(Entry *const *) b;
	int			order = compare_uuids(&x->key.plan_id, &y->key.plan_id);

	if (order == 0 && x->before->height != y->before->height)
		order = x->before->height > y->before->height ? -1 : 1;
	return order != 0 ? order : memcmp(&x->key.txid, &y->key.txid, sizeof(x->key.txid));
}

static bool
is_same(const Effect *a, const Effect *b)
{
	return cb_text_equal(a->nft, b->nft) && cb_text_equal(a->minted, b->minted) &&
		cb_text_equal(a->destroyed, b->destroyed) && cb_text_equal(a->counterfeit, b->counterfeit) &&
		cb_text_equal(a->outputs, b->outputs) && a->makes_unknown == b->makes_unknown;
}

static bool
is_genuine(const Effect *effect)
{
	return strcmp(effect->nft, "elsewhere") != 0 || strcmp(effect->minted, "0") != 0 ||
		strcmp(effect->destroyed, "0") != 0 || effect->outputs != NULL || effect->makes_unknown;
}

static bool
does_something(const Effect *effect)
{
	return is_genuine(effect) || effect->counterfeit != NULL;
}

/* What is no more is taken back, and what is left of it told anew. */
static void
announce_effect(const Key *key, const Effect *before, const Effect *after, TimestampTz now, CbEvents *events)
{
	static const Effect nothing = {.verdict = "none", .nft = "elsewhere", .minted = "0", .destroyed = "0"};
	bool		makes_unknown = after->makes_unknown || strcmp(after->nft, "unknown") == 0;
	CbJson		payload;

	if (before == NULL)
		before = &nothing;
	if (is_same(before, after))
		return;
	if ((is_genuine(before) && !is_genuine(after)) ||
		(before->counterfeit != NULL && after->counterfeit == NULL))
	{
		announce_reversal(key, before, now, events);
		before = &nothing;
	}
	if (is_genuine(after))
	{
		begin_payload(&payload, key, after);
		cb_json_text(&payload, "verdict", after->verdict);
		cb_json_text(&payload, "nft", after->nft);
		cb_json_raw(&payload, "minted", after->minted);
		cb_json_raw(&payload, "destroyed", after->destroyed);
		cb_json_raw(&payload, "outputs", after->outputs ? after->outputs : "[]");
		cb_event_uuid(events, makes_unknown ? "charm.unknown" : "charm.moved", &after->merchant_id,
					  "plan", &key->plan_id, cb_json_end(&payload), now);
	}
	if (after->counterfeit == NULL || cb_text_equal(before->counterfeit, after->counterfeit))
		return;
	begin_payload(&payload, key, after);
	cb_json_text(&payload, "reason", after->counterfeit);
	cb_event_uuid(events, "charm.counterfeit", &after->merchant_id,
				  "plan", &key->plan_id, cb_json_end(&payload), now);
}

static void
announce_reversal(const Key *key, const Effect *before, TimestampTz now, CbEvents *events)
{
	CbJson		payload;

	begin_payload(&payload, key, before);
	cb_event_uuid(events, "charm.reversed", &before->merchant_id,
				  "plan", &key->plan_id, cb_json_end(&payload), now);
}

static void
begin_payload(CbJson *payload, const Key *key, const Effect *effect)
{
	CbHash256	txid;

	memcpy(txid.bytes, key->txid.bytes, sizeof(txid.bytes));
	cb_json_begin(payload);
	cb_json_txid(payload, "txid", &txid);
	cb_json_int(payload, "height", effect->height);
}
