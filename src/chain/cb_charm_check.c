/*-------------------------------------------------------------------------
 *
 * cb_charm_check.c
 *	  Judging again what is recorded of plans' charms.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "cb_clock.h"
#include "cb_compat.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "chain/cb_chain_state.h"
#include "chain/cb_charm_check.h"
#include "chain/cb_charm_walk.h"

#define RECORD "SELECT t.plan_id, t.txid, t.block_height, k.raw "
CB_STATEMENT(read_unsupported, "int4",
			 RECORD
			 "FROM charmbills.charm_transactions t JOIN charmbills.chain_transactions k ON k.txid = t.txid "
			 "WHERE t.verdict = 'unsupported' AND t.judged_by < $1 ORDER BY t.plan_id, t.block_height");
CB_STATEMENT(read_all, "uuid",
			 RECORD
			 "FROM charmbills.charm_transactions t JOIN charmbills.chain_transactions k ON k.txid = t.txid "
			 "WHERE t.plan_id = $1 ORDER BY t.block_height");
/* Those that are still where they were: a reorganisation judges for itself. */
CB_KEYS_STATEMENT(write_judgements, "uuid[] txid[] int4[] text[] text[] int8[] bool[] int4 timestamptz",
				  "UPDATE charmbills.charm_transactions t "
				  "SET verdict = j.verdict, reason = j.reason, spell_version = j.spell_version, "
				  "    is_accepted = j.is_accepted, judged_by = $8, judged_at = $9 "
				  "FROM unnest($1, $2, $3, $4, $5, $6, $7) "
				  "     j(plan_id, txid, height, verdict, reason, spell_version, is_accepted) "
				  "WHERE t.plan_id = j.plan_id AND t.txid = j.txid AND t.block_height = j.height");
CB_STATEMENT(read_recorded, "uuid txid",
			 "SELECT t.verdict, k.raw, "
			 "       k.status = 'confirmed' AND k.block_height = t.block_height "
			 "       AND EXISTS (SELECT FROM charmbills.blocks b "
			 "                   WHERE b.height = t.block_height AND b.hash = k.block_hash), "
			 "       t.nft, t.minted::text, t.destroyed::text, t.counterfeit "
			 "FROM charmbills.charm_transactions t JOIN charmbills.chain_transactions k ON k.txid = t.txid "
			 "WHERE t.plan_id = $1 AND t.txid = $2");
CB_STATEMENT(read_outputs, "uuid txid",
			 "SELECT c.outpoint, c.script, c.has_nft, coalesce(c.remaining, 0)::text, c.amount::text, c.beamed_to, "
			 "       c.block_height, c.minted_at, "
			 "       c.spent_height IS NULL AND c.beamed_to IS NULL "
			 "       AND EXISTS (SELECT FROM charmbills.watched_outpoints w "
			 "                   JOIN charmbills.chain_transactions k ON k.txid = w.spender "
			 "                   WHERE w.outpoint = c.outpoint AND k.status = 'confirmed') "
			 "FROM charmbills.charms c "
			 "WHERE c.plan_id = $1 AND c.outpoint BETWEEN charmbills.outpoint($2, 0) "
			 "                                        AND charmbills.outpoint($2, 2147483647) "
			 "ORDER BY c.outpoint");
CB_KEYS_STATEMENT(write_checked, "uuid[] txid[] timestamptz",
				  "UPDATE charmbills.charm_transactions t SET judged_at = $3 "
				  "FROM unnest($1, $2) c(plan_id, txid) "
				  "CROSS JOIN LATERAL (SELECT k.plan_id, k.txid FROM charmbills.charm_transactions k "
				  "                    WHERE k.plan_id = c.plan_id AND k.txid = c.txid "
				  "                    FOR NO KEY UPDATE SKIP LOCKED) k "
				  "WHERE t.plan_id = k.plan_id AND t.txid = k.txid");

/* A transaction of a plan's, and its verdict as it is found now. */
typedef struct Record
{
	pg_uuid_t	plan_id;
	CbHash256	txid;
	int32		height;
	bool		has_version;
	uint32		version;
	CbJudgement judgement;
} Record;

struct CbCharmVerdicts
{
	Record	   *records;
	int			n;
};

static int	judge_last_result(uint64 n, Record **records);
static void judge_raw(CbSpan raw, Record *record);
static void write_records(const Record *records, int n, TimestampTz now);
static int	choose_starts(const Record *records, int n, CbCharmStart **starts);
static const char *check_record(const pg_uuid_t *plan_id, const CbHash256 *txid);
static const char *check_outcome(CbCharmWalk *walk);
static const char *check_outputs(const CbCharmWalk *walk, uint64 n);
static bool is_recorded_so(const CbCharmRow *row, uint64 i);

int64
cb_charm_rejudge(void)
{
	uint64		rows = cb_execute(&read_unsupported, CB_ARGS(cb_int4(CB_SPELL_MAX_VERSION)));
	CbChainState state;
	CbChange	change;
	CbCharmStart *starts;
	Record	   *records;
	int			n;

	if (rows == 0)
		return 0;
	n = judge_last_result(rows, &records);
	cb_chain_lock(&state);
	cb_change_begin(&change, state.height);
	write_records(records, n, change.now);
	rows = choose_starts(records, n, &starts);
	cb_charm_follow(&change, starts, (int) rows, state.height, NULL, NULL);
	cb_change_finish(&change);
	return n;
}

CbCharmVerdicts *
cb_charm_judge_again(const pg_uuid_t *plan_id)
{
	CbCharmVerdicts *verdicts = palloc(sizeof(CbCharmVerdicts));

	verdicts->n = judge_last_result(cb_execute(&read_all, CB_ARGS(cb_uuid(plan_id))), &verdicts->records);
	return verdicts;
}

void
cb_charm_follow_again(const pg_uuid_t *plan_id, const CbCharmVerdicts *verdicts)
{
	CbCharmStart start = {*plan_id, 0};
	CbChainState state;
	CbChange	change;

	cb_chain_lock(&state);
	cb_change_begin(&change, state.height);
	write_records(verdicts->records, verdicts->n, change.now);
	cb_charm_follow(&change, &start, 1, state.height, NULL, NULL);
	cb_change_finish(&change);
}

static int
judge_last_result(uint64 n, Record **records)
{
	*records = palloc0(sizeof(Record) * Max(n, 1));
	for (uint64 i = 0; i < n; i++)
	{
		(*records)[i].plan_id = cb_column_uuid(i, 1);
		(*records)[i].txid = cb_column_txid(i, 2);
		(*records)[i].height = cb_column_int4(i, 3);
		judge_raw(cb_column_bytea(i, 4), &(*records)[i]);
	}
	return (int) n;
}

static void
judge_raw(CbSpan raw, Record *record)
{
	CbBlockTx	tx;
	CbTxSpell	spell;

	memset(&tx, 0, sizeof(tx));
	memset(&spell, 0, sizeof(spell));
	if (cb_tx_parse(raw.data, raw.len, &tx.tx) != CB_OK)
		elog(ERROR, "stored transaction is damaged");
	cb_tx_spell_read(&tx.tx, &spell.spell);
	record->has_version = spell.spell.has_version;
	record->version = spell.spell.version;
	record->judgement = *cb_tx_spell_judge(&tx, &spell);
}

static void
write_records(const Record *records, int n, TimestampTz now)
{
	pg_uuid_t  *plans = palloc(sizeof(pg_uuid_t) * Max(n, 1));
	CbHash256  *txids = palloc(sizeof(CbHash256) * Max(n, 1));
	Datum	   *columns = palloc(sizeof(Datum) * 5 * Max(n, 1));
	bool	   *nulls = palloc(sizeof(bool) * 2 * Max(n, 1));

	for (int i = 0; i < n; i++)
	{
		const CbJudgement *judgement = &records[i].judgement;

		plans[i] = records[i].plan_id;
		txids[i] = records[i].txid;
		columns[i] = Int32GetDatum(records[i].height);
		columns[n + i] = cb_text(cb_verdict_name(judgement->verdict)).value;
		columns[2 * n + i] = cb_text(judgement->reason).value;
		nulls[i] = judgement->reason == NULL;
		columns[3 * n + i] = Int64GetDatum((int64) records[i].version);
		nulls[n + i] = !records[i].has_version;
		columns[4 * n + i] = BoolGetDatum(cb_verdict_is_accepted(judgement->verdict));
	}
	cb_execute(&write_judgements,
			   CB_ARGS(cb_uuid_array(plans, n), cb_txid_array(txids, n),
					   cb_array(columns, NULL, n, INT4OID), cb_array(columns + n, NULL, n, TEXTOID),
					   cb_array(columns + 2 * n, nulls, n, TEXTOID),
					   cb_array(columns + 3 * n, nulls + n, n, INT8OID),
					   cb_array(columns + 4 * n, NULL, n, BOOLOID),
					   cb_int4(CB_SPELL_MAX_VERSION), cb_timestamptz(now)));
}

/* Each plan once, from the first of its transactions that is known for more now. */
static int
choose_starts(const Record *records, int n, CbCharmStart **starts)
{
	int			chosen = 0;

	*starts = palloc(sizeof(CbCharmStart) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		if (records[i].judgement.verdict == CB_VERDICT_UNSUPPORTED ||
			(chosen > 0 && cb_uuid_equal(&(*starts)[chosen - 1].plan_id, &records[i].plan_id)))
			continue;
		(*starts)[chosen].plan_id = records[i].plan_id;
		(*starts)[chosen++].height = records[i].height;
	}
	return chosen;
}

const char *
cb_charm_reverify(const pg_uuid_t *plan_id, const CbHash256 *txid)
{
	const char *difference = check_record(plan_id, txid);
	CbCharmWalk walk;

	if (difference != NULL || !cb_charm_walk_load_one(&walk, plan_id, txid))
		return difference;
	cb_charm_walk_step(&walk, &walk.steps[0]);
	cb_execute(&read_recorded, CB_ARGS(cb_uuid(plan_id), cb_txid(txid)));
	difference = check_outcome(&walk);
	if (difference != NULL)
		return difference;
	return check_outputs(&walk, cb_execute(&read_outputs, CB_ARGS(cb_uuid(plan_id), cb_txid(txid))));
}

void
cb_charm_checked(const pg_uuid_t *plan_ids, const CbHash256 *txids, int n)
{
	if (n > 0)
		cb_execute(&write_checked,
				   CB_ARGS(cb_uuid_array(plan_ids, n), cb_txid_array(txids, n), cb_timestamptz(cb_now())));
}

static const char *
check_record(const pg_uuid_t *plan_id, const CbHash256 *txid)
{
	Record		record;
	CbSpan		raw;
	CbTx		tx;
	CbHash256	found;

	memset(&record, 0, sizeof(record));
	if (cb_execute(&read_recorded, CB_ARGS(cb_uuid(plan_id), cb_txid(txid))) == 0)
		return "the transaction is not one of the plan's";
	if (!cb_column_bool(0, 3))
		return "the transaction is not in the block that it is recorded in";
	raw = cb_column_bytea(0, 2);
	if (cb_tx_parse(raw.data, raw.len, &tx) != CB_OK)
		return "the stored transaction is damaged";
	cb_tx_txid(&tx, &found);
	if (memcmp(&found, txid, sizeof(found)) != 0)
		return "the stored transaction is another one";
	judge_raw(raw, &record);
	if (strcmp(cb_column_text(0, 1), cb_verdict_name(record.judgement.verdict)) != 0)
		return "the verdict on its spell is another one";
	return NULL;
}

/* Against the last result. */
static const char *
check_outcome(CbCharmWalk *walk)
{
	const CbCharmStep *step = &walk->steps[0];
	const char *counterfeit = cb_column_text(0, 7);

	if (strcmp(cb_column_text(0, 4), step->nft) != 0)
		return "what became of the plan's NFT is recorded otherwise";
	if (strcmp(cb_column_text(0, 5), psprintf(UINT64_FORMAT, step->minted)) != 0 ||
		strcmp(cb_column_text(0, 6), psprintf(UINT64_FORMAT, step->destroyed)) != 0)
		return "what was minted or destroyed is recorded otherwise";
	if (!cb_text_equal(counterfeit, step->counterfeit))
		return "what is counterfeit is recorded otherwise";
	return NULL;
}

/* Likewise; both are in the order of the outputs. */
static const char *
check_outputs(const CbCharmWalk *walk, uint64 n)
{
	uint64		found = 0;

	for (int i = 0; i < walk->n_rows; i++)
	{
		if (walk->rows[i]->is_stored)
			continue;
		if (found == n || !is_recorded_so(walk->rows[i], found))
			return "what its outputs hold is recorded otherwise";
		if (cb_column_bool(found, 9))
			return "an output is recorded as unspent and is spent";
		found++;
	}
	return found == n ? NULL : "what its outputs hold is recorded otherwise";
}

static bool
is_recorded_so(const CbCharmRow *row, uint64 i)
{
	CbOutpoint	outpoint = cb_column_outpoint(i, 1);
	CbSpan		script = cb_column_bytea(i, 2);
	bool		is_beamed = !cb_column_is_null(i, 6);
	uint64		amount = row->held.beamed > 0 ? row->held.beamed : row->held.amount;

	if (!cb_outpoint_equal(&outpoint, &row->outpoint) || !cb_span_equal(script, row->script) ||
		is_beamed != (row->held.beamed > 0))
		return false;
	if (is_beamed && memcmp(cb_column_bytea(i, 6).data, row->beamed_to, sizeof(row->beamed_to)) != 0)
		return false;
	return cb_column_bool(i, 3) == row->held.has_nft &&
		strcmp(cb_column_text(i, 4), psprintf(UINT64_FORMAT, row->held.remaining)) == 0 &&
		strcmp(cb_column_text(i, 5), psprintf(UINT64_FORMAT, amount)) == 0 &&
		cb_column_int4(i, 7) == row->height &&
		cb_column_timestamptz_or(i, 8, DT_NOEND) == row->minted_at;
}
