/*-------------------------------------------------------------------------
 *
 * cb_charm_hits.c
 *	  Outputs to watched scripts that are no payments.
 *
 * Whoever writes a spell decides how many apps, outputs and charms it has: each
 * is walked through once, however many of its outputs are hits.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "cb_compat.h"
#include "cb_sql.h"
#include "chain/cb_charm_hits.h"
#include "chain/cb_charm_match.h"

CB_KEYS_STATEMENT(find_watched, "bytea[] bytea[] int4[]",
				  "SELECT a.position FROM unnest($1, $2, $3) a(identity, vk, position) "
				  "JOIN charmbills.watched_apps w ON w.identity = a.identity AND w.vk = a.vk");
CB_KEYS_STATEMENT(find_asked_for, "txid[] uuid[] bytea[] int4[]",
				  "SELECT o.position FROM unnest($1, $2, $3, $4) o(txid, merchant_id, script, position) "
				  "WHERE EXISTS (SELECT FROM charmbills.transactions t "
				  "              JOIN charmbills.prove_requests r ON r.transaction_id = t.id "
				  "              WHERE t.spell_txid = o.txid AND r.merchant_id = o.merchant_id "
				  "                    AND o.script = ANY (r.change_script || r.scripts))");

/* Hits on the outputs of one transaction with a spell, in their order. */
typedef struct SpellHits
{
	const CbSpell *spell;
	const CbHit **hits;
	bool	   *charmed;		/* for each */
	int			n;
	int			first_app;		/* of all spells' apps */
} SpellHits;

/* All apps of all spells with hits. */
typedef struct Apps
{
	Datum	   *identities;
	Datum	   *vks;
	Datum	   *positions;
	bool	   *is_token;
	bool	   *is_watched;
	int			n;
} Apps;

static int	compare_hits(const void *a, const void *b);
static SpellHits *group_hits(const CbTxSpells *spells, const CbMatches *matches, int *n_groups);
static void find_charmed(SpellHits *groups, int n);
static void begin_apps(Apps *apps, const SpellHits *groups, int n);
static void add_apps(Apps *apps, SpellHits *group);
static void look_up_apps(Apps *apps);
static void walk_charms(const Apps *apps, SpellHits *group);
static bool holds_plans(const Apps *apps, int app, const CbCharm *charm);
static void find_own(SpellHits *groups, int n, CbMatches *matches, bool *dropped);

void
cb_charm_drop_hits(const CbBlockTx *txs, const CbTxSpells *spells, bool in_block, CbMatches *matches)
{
	SpellHits  *groups;
	bool	   *dropped;
	int			n_groups;
	int			kept = 0;

	if (matches->n_hits == 0 || spells->n == 0)
		return;
	groups = group_hits(spells, matches, &n_groups);
	if (n_groups == 0)
		return;
	dropped = palloc0(sizeof(bool) * matches->n_hits);
	find_charmed(groups, n_groups);
	for (int g = 0; g < n_groups; g++)
	{
		for (int i = 0; i < groups[g].n; i++)
		{
			const CbHit *hit = groups[g].hits[i];
			CbTxSpell  *spell = cb_tx_spell_of(spells, hit->tx);

			dropped[hit - matches->hits] = groups[g].charmed[i] &&
				(!in_block || cb_verdict_is_accepted(cb_tx_spell_judge(txs, spell)->verdict));
		}
	}
	find_own(groups, n_groups, matches, dropped);
	for (int i = 0; i < matches->n_hits; i++)
		if (!dropped[i])
			matches->hits[kept++] = matches->hits[i];
	matches->n_hits = kept;
}

static int
compare_hits(const void *a, const void *b)
{
	const CbHit *x = *(const CbHit *const *) a;
	const CbHit *y = *(const CbHit *const *) b;

	if (x->tx != y->tx)
		return x->tx < y->tx ? -1 : 1;
	return x->outpoint.vout < y->outpoint.vout ? -1 : x->outpoint.vout > y->outpoint.vout;
}

/* Those of transactions with spells. */
static SpellHits *
group_hits(const CbTxSpells *spells, const CbMatches *matches, int *n_groups)
{
	const CbHit **hits = palloc_extended(sizeof(CbHit *) * matches->n_hits, MCXT_ALLOC_HUGE);
	bool	   *charmed = palloc0(sizeof(bool) * matches->n_hits);
	SpellHits  *groups = palloc(sizeof(SpellHits) * Min(spells->n, matches->n_hits));
	int			n = 0;

	for (int i = 0; i < matches->n_hits; i++)
		if (cb_tx_spell_of(spells, matches->hits[i].tx) != NULL)
			hits[n++] = &matches->hits[i];
	qsort(hits, n, sizeof(CbHit *), compare_hits);
	*n_groups = 0;
	for (int i = 0; i < n; i++)
	{
		SpellHits  *group;

		if (i == 0 || hits[i]->tx != hits[i - 1]->tx)
		{
			group = &groups[(*n_groups)++];
			group->spell = &cb_tx_spell_of(spells, hits[i]->tx)->spell;
			group->hits = &hits[i];
			group->charmed = &charmed[i];
			group->n = 0;
		}
		groups[*n_groups - 1].n++;
	}
	return groups;
}

/* Which hits are on outputs that hold a plan's charms, as their spells say. */
static void
find_charmed(SpellHits *groups, int n)
{
	Apps		apps;

	begin_apps(&apps, groups, n);
	for (int g = 0; g < n; g++)
		add_apps(&apps, &groups[g]);
	if (apps.n == 0)
		return;
	look_up_apps(&apps);
	for (int g = 0; g < n; g++)
		walk_charms(&apps, &groups[g]);
}

/* A spell that could not be read has none. */
static void
begin_apps(Apps *apps, const SpellHits *groups, int n)
{
	int			capacity = 0;

	for (int g = 0; g < n; g++)
		capacity += groups[g].spell->n_apps;
	capacity = Max(capacity, 1);
	apps->identities = palloc(sizeof(Datum) * capacity);
	apps->vks = palloc(sizeof(Datum) * capacity);
	apps->positions = palloc(sizeof(Datum) * capacity);
	apps->is_token = palloc(sizeof(bool) * capacity);
	apps->is_watched = palloc0(sizeof(bool) * capacity);
	apps->n = 0;
}

static void
add_apps(Apps *apps, SpellHits *group)
{
	CbAppIter	it = cb_spell_apps(group->spell);
	CbApp		app;
	CbSpan		input;

	group->first_app = apps->n;
	while (cb_spell_next_app(&it, &app, &input))
	{
		CbSpan		identity = {app.identity, sizeof(app.identity)};
		CbSpan		vk = {app.vk, sizeof(app.vk)};

		apps->identities[apps->n] = cb_bytea(identity).value;
		apps->vks[apps->n] = cb_bytea(vk).value;
		/* None where it is no plan's, whatever its identity and key. */
		apps->positions[apps->n] = Int32GetDatum(cb_app_is_of_plans(&app) ? apps->n + 1 : 0);
		apps->is_token[apps->n++] = cb_app_is_token(&app);
	}
}

static void
look_up_apps(Apps *apps)
{
	uint64		n = cb_execute(&find_watched,
							   CB_ARGS(cb_array(apps->identities, NULL, apps->n, BYTEAOID),
									   cb_array(apps->vks, NULL, apps->n, BYTEAOID),
									   cb_array(apps->positions, NULL, apps->n, INT4OID)));

	for (uint64 row = 0; row < n; row++)
		if (cb_column_int4(row, 1) > 0)
			apps->is_watched[cb_column_int4(row, 1) - 1] = true;
}

/* Charms, beams and hits are all in the order of the outputs. */
static void
walk_charms(const Apps *apps, SpellHits *group)
{
	CbCharmIter it = cb_spell_charms(group->spell);
	CbBeamIter	beams = cb_spell_beams(group->spell);
	CbCharm		charm;
	uint32		beamed;
	uint8		hash[32];
	bool		has_beam = cb_spell_next_beam(&beams, &beamed, hash);
	int			i = 0;

	while (cb_spell_next_charm(&it, &charm))
	{
		while (i < group->n && group->hits[i]->outpoint.vout < charm.vout)
			i++;
		if (i == group->n)
			return;
		while (has_beam && beamed < charm.vout)
			has_beam = cb_spell_next_beam(&beams, &beamed, hash);
		if (group->hits[i]->outpoint.vout == charm.vout && !(has_beam && beamed == charm.vout) &&
			holds_plans(apps, group->first_app + (int) charm.app, &charm))
			group->charmed[i] = true;
	}
}

static bool
holds_plans(const Apps *apps, int app, const CbCharm *charm)
{
	static const CbApp token = {"t", {0}, {0}};
	uint64		amount;

	return apps->is_watched[app] &&
		(!apps->is_token[app] || (cb_charm_amount(&token, charm, &amount) && amount > 0));
}

/* What a prover was asked for by the merchant whom it pays. */
static void
find_own(SpellHits *groups, int n, CbMatches *matches, bool *dropped)
{
	CbHash256  *txids = palloc_extended(sizeof(CbHash256) * matches->n_hits, MCXT_ALLOC_HUGE);
	pg_uuid_t  *merchants = palloc(sizeof(pg_uuid_t) * matches->n_hits);
	Datum	   *columns = palloc_extended(sizeof(Datum) * 2 * matches->n_hits, MCXT_ALLOC_HUGE);
	Datum	   *positions = columns + matches->n_hits;
	int			n_hits = 0;

	for (int g = 0; g < n; g++)
	{
		for (int i = 0; i < groups[g].n; i++)
		{
			const CbHit *hit = groups[g].hits[i];

			txids[n_hits] = hit->outpoint.txid;
			merchants[n_hits] = hit->merchant_id;
			columns[n_hits] = cb_bytea(hit->script).value;
			positions[n_hits++] = Int32GetDatum((int32) (hit - matches->hits));
		}
	}
	n = (int) cb_execute(&find_asked_for,
						 CB_ARGS(cb_txid_array(txids, n_hits), cb_uuid_array(merchants, n_hits),
								 cb_array(columns, NULL, n_hits, BYTEAOID),
								 cb_array(positions, NULL, n_hits, INT4OID)));
	for (int row = 0; row < n; row++)
		dropped[cb_column_int4(row, 1)] = true;
}
