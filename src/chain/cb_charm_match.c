/*-------------------------------------------------------------------------
 *
 * cb_charm_match.c
 *	  Which transactions matter to which plan's charms.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "cb_compat.h"
#include "cb_sql.h"
#include "chain/cb_charm_match.h"

/*
 * tx is everywhere the position, from 1, in the array of transactions: that of
 * the apps that spells name; of the identities and beamed destinations that the
 * outpoints they spend would have; and of spends.
 */
CB_KEYS_STATEMENT(find_matches,
				  "txid[] bytea[] bytea[] int4[] bytea[] int4[] bytea[] int4[] outpoint[] int4[] int4",
				  "SELECT f.plan_id, f.merchant_id, f.tx, bool_and(f.only_names), bool_or(f.is_birth) "
				  "FROM (SELECT w.plan_id, w.merchant_id, a.tx, true, false "
				  "      FROM unnest($2, $3, $4) a(identity, vk, tx) "
				  "      JOIN charmbills.watched_apps w ON w.identity = a.identity AND w.vk = a.vk "
				  "      UNION ALL "
				  "      SELECT w.plan_id, w.merchant_id, i.tx, false, true "
				  "      FROM unnest($5, $6) i(identity, tx) "
				  "      JOIN charmbills.watched_apps w ON w.identity = i.identity "
				  "      UNION ALL "
				  "      SELECT c.plan_id, c.merchant_id, b.tx, false, false "
				  "      FROM unnest($7, $8) b(destination, tx) "
				  "      JOIN charmbills.charms c ON c.beamed_to = b.destination AND c.spent_height IS NULL "
				  "      JOIN charmbills.plans p ON p.id = c.plan_id AND p.accept_beamed "
				  "      UNION ALL "
				  "      SELECT c.plan_id, c.merchant_id, s.tx, false, false "
				  "      FROM unnest($9, $10) s(outpoint, tx) "
				  "      JOIN charmbills.charms c ON c.outpoint = s.outpoint AND c.beamed_to IS NULL) "
				  "     f(plan_id, merchant_id, tx, only_names, is_birth) "
				  "WHERE NOT EXISTS (SELECT FROM (SELECT t.* FROM charmbills.charm_transactions t "
				  "                               WHERE t.txid = ($1)[f.tx] OFFSET 0) t "
				  "                  WHERE t.plan_id = f.plan_id AND t.block_height <= $11) "
				  "GROUP BY f.plan_id, f.merchant_id, f.tx ORDER BY f.plan_id, f.tx");

/* What to look up, and the position of the transaction that it is of. */
typedef struct Key
{
	Datum		first;
	Datum		second;			/* or unused */
	int			position;
} Key;

typedef struct Keys
{
	Key		   *keys;
	int			n;
	int			capacity;
} Keys;

typedef struct Questions
{
	const CbBlockTx *txs;
	int		   *position_of;	/* each of txs; 0 for those not asked of */
	CbHash256  *txids;			/* of those that are, by position less one */
	int		   *indexes;		/* in txs */
	int			n;
	Keys		apps;
	Keys		identities;
	Keys		destinations;
	Keys		spends;
} Questions;

static void begin_questions(Questions *questions, const CbBlockTx *txs, int n);
static int	ask_of(Questions *questions, int tx);
static void add_key(Keys *keys, Datum first, Datum second, int position);
static NullableDatum first_column(const Keys *keys, Oid type);
static NullableDatum second_column(const Keys *keys, Oid type);
static NullableDatum positions(const Keys *keys);
static void ask_spell(Questions *questions, const CbTxSpell *spell);
static void ask_apps(Keys *apps, const CbSpell *spell, int position);
static void ask_app(Keys *apps, const CbApp *app, int position);
static void ask_spend(Questions *questions, const CbSpending *spend);
static void load_matches(const Questions *questions, int32 height, CbCharmMatches *found);

void
cb_charm_match(const CbBlockTx *txs, int n, const CbTxSpells *spells,
			   const CbSpending *spends, int n_spends, int32 height, CbCharmMatches *found)
{
	Questions	questions;

	memset(found, 0, sizeof(*found));
	if (spells->n == 0 && n_spends == 0)
		return;
	begin_questions(&questions, txs, n);
	for (int i = 0; i < spells->n; i++)
		ask_spell(&questions, &spells->spells[i]);
	for (int i = 0; i < n_spends; i++)
		ask_spend(&questions, &spends[i]);
	load_matches(&questions, height, found);
}

static void
begin_questions(Questions *questions, const CbBlockTx *txs, int n)
{
	memset(questions, 0, sizeof(*questions));
	questions->txs = txs;
	questions->position_of = palloc0(sizeof(int) * n);
	questions->txids = palloc_extended(sizeof(CbHash256) * n, MCXT_ALLOC_HUGE);
	questions->indexes = palloc(sizeof(int) * n);
}

/* Gives the position of a transaction's keys. */
static int
ask_of(Questions *questions, int tx)
{
	if (questions->position_of[tx] == 0)
	{
		questions->txids[questions->n] = questions->txs[tx].txid;
		questions->indexes[questions->n] = tx;
		questions->position_of[tx] = ++questions->n;
	}
	return questions->position_of[tx];
}

static void
add_key(Keys *keys, Datum first, Datum second, int position)
{
	if (keys->n == keys->capacity)
	{
		keys->capacity = Max(16, keys->capacity * 2);
		keys->keys = keys->keys ?
			repalloc_huge(keys->keys, sizeof(Key) * keys->capacity) :
			palloc(sizeof(Key) * keys->capacity);
	}
	keys->keys[keys->n].first = first;
	keys->keys[keys->n].second = second;
	keys->keys[keys->n].position = position;
	keys->n++;
}

static NullableDatum
first_column(const Keys *keys, Oid type)
{
	Datum	   *values = palloc_extended(sizeof(Datum) * Max(keys->n, 1), MCXT_ALLOC_HUGE);

	for (int i = 0; i < keys->n; i++)
		values[i] = keys->keys[i].first;
	return cb_array(values, NULL, keys->n, type);
}

static NullableDatum
second_column(const Keys *keys, Oid type)
{
	Datum	   *values = palloc_extended(sizeof(Datum) * Max(keys->n, 1), MCXT_ALLOC_HUGE);

	for (int i = 0; i < keys->n; i++)
		values[i] = keys->keys[i].second;
	return cb_array(values, NULL, keys->n, type);
}

static NullableDatum
positions(const Keys *keys)
{
	Datum	   *values = palloc_extended(sizeof(Datum) * Max(keys->n, 1), MCXT_ALLOC_HUGE);

	for (int i = 0; i < keys->n; i++)
		values[i] = Int32GetDatum(keys->keys[i].position);
	return cb_array(values, NULL, keys->n, INT4OID);
}

/*
 * Only where what a spell names cannot be read need beamed destinations be
 * looked for: otherwise the spell names the plan that it beams in.
 */
static void
ask_spell(Questions *questions, const CbTxSpell *spell)
{
	int			position = ask_of(questions, spell->tx);
	CbTxInIter	it = cb_tx_inputs(&questions->txs[spell->tx].tx);
	CbTxIn		in;

	ask_apps(&questions->apps, &spell->spell, position);
	while (cb_tx_next_input(&it, &in))
	{
		uint8		hash[32];
		CbSpan		key = {hash, sizeof(hash)};

		cb_app_identity(&in.prevout, hash);
		add_key(&questions->identities, cb_bytea(key).value, 0, position);
		if (spell->spell.state != CB_SPELL_UNSUPPORTED)
			continue;
		cb_beam_hash(&in.prevout, hash);
		add_key(&questions->destinations, cb_bytea(key).value, 0, position);
	}
}

/* A plan's NFT and its token have identity and key in common. */
static void
ask_apps(Keys *apps, const CbSpell *spell, int position)
{
	CbAppIter	it = cb_spell_apps(spell);
	CbApp		app;
	CbSpan		input;

	while (cb_spell_next_app(&it, &app, &input))
	{
		if (cb_app_is_of_plans(&app))
			ask_app(apps, &app, position);
	}
}

bool
cb_app_is_of_plans(const CbApp *app)
{
	return cb_app_is_token(app) || strcmp(app->tag, "n") == 0;
}

static void
ask_app(Keys *apps, const CbApp *app, int position)
{
	CbSpan		identity = {app->identity, sizeof(app->identity)};
	CbSpan		vk = {app->vk, sizeof(app->vk)};

	add_key(apps, cb_bytea(identity).value, cb_bytea(vk).value, position);
}

static void
ask_spend(Questions *questions, const CbSpending *spend)
{
	add_key(&questions->spends, cb_outpoint(&spend->outpoint).value, 0, ask_of(questions, spend->tx));
}

static void
load_matches(const Questions *questions, int32 height, CbCharmMatches *found)
{
	found->n = (int) cb_execute(&find_matches,
								CB_ARGS(cb_txid_array(questions->txids, questions->n),
										first_column(&questions->apps, BYTEAOID),
										second_column(&questions->apps, BYTEAOID),
										positions(&questions->apps),
										first_column(&questions->identities, BYTEAOID),
										positions(&questions->identities),
										first_column(&questions->destinations, BYTEAOID),
										positions(&questions->destinations),
										first_column(&questions->spends, cb_type_oid("outpoint")),
										positions(&questions->spends), cb_int4(height)));
	found->matches = palloc(sizeof(CbCharmMatch) * Max(found->n, 1));
	for (int i = 0; i < found->n; i++)
	{
		CbCharmMatch *match = &found->matches[i];

		match->plan_id = cb_column_uuid(i, 1);
		match->merchant_id = cb_column_uuid(i, 2);
		match->tx = questions->indexes[cb_column_int4(i, 3) - 1];
		match->only_names = cb_column_bool(i, 4);
		match->is_birth = cb_column_bool(i, 5);
	}
}
