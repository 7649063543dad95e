/*-------------------------------------------------------------------------
 *
 * cb_psbt_make.c
 *	  PSBTs of transactions of ours that wait for their signatures.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_args.h"
#include "cb_call.h"
#include "cb_errors.h"
#include "cb_sql.h"
#include "chain/cb_script_origin.h"
#include "chain/cb_unsigned.h"
#include "types/cb_psbt_text.h"
#include "utils/builtins.h"

/* Enough for most; doubled until it suffices. */
#define FIRST_CAPACITY 16384

/* A transaction, and what its signers must know. */
typedef struct Draft
{
	const CbTx *tx;
	CbPrevious *previous;		/* of each input */
	CbScriptOrigin **spent;		/* of each input, NULL where unknown */
	CbScriptOrigin **created;	/* of each output, likewise */
} Draft;

static void read_waiting(const pg_uuid_t *id, CbUnsigned *row);
static const CbBlockTx *find_part(const CbPackage *package, const char *part);
static CbScriptOrigin **find_spent(const CbUnsigned *row, const Draft *draft);
static CbScriptOrigin **find_created(const CbUnsigned *row, const Draft *draft);
static CbSpan make_psbt(const Draft *draft);
static void write_psbt(CbWriter *w, const Draft *draft);
static bool is_spent_by_witness(CbSpan script, const CbScriptOrigin *origin);
static void write_input(CbWriter *w, const CbTxIn *in, const CbPrevious *previous, const CbScriptOrigin *origin);

/* charmbills.transaction_psbt(transaction_id uuid, part text) -> text */
CB_FUNCTION(transaction_psbt, CB_MERCHANT)
{
	CbUnsigned	row;
	const CbBlockTx *tx;
	Draft		draft;

	cb_require_args(fcinfo, 1);
	read_waiting(PG_GETARG_UUID_P(0), &row);
	tx = find_part(&row.package, PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1)));
	draft.tx = &tx->tx;
	draft.previous = cb_previous_outputs(&row.id, &row.package, tx);
	draft.spent = find_spent(&row, &draft);
	draft.created = find_created(&row, &draft);
	PG_RETURN_TEXT_P(cb_psbt_base64(make_psbt(&draft)));
}

static void
read_waiting(const pg_uuid_t *id, CbUnsigned *row)
{
	cb_unsigned_read(id, row);
	if (strcmp(row->status, "pending_signature") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("transaction is %s", row->status),
				 errdetail("Only one that waits for its signature can be signed.")));
	cb_refuse_changing_commit(row);
}

static const CbBlockTx *
find_part(const CbPackage *package, const char *part)
{
	if (part == NULL || strcmp(part, "spell") == 0)
		return cb_package_final(package);
	if (strcmp(part, "commit") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("\"%s\" is not a part of a transaction", part),
				 errhint("Use spell or commit.")));
	if (!package->has_commit)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("there is no commit transaction"),
				 errhint("The spell is the only one to be signed.")));
	return &package->commit;
}

static CbScriptOrigin **
find_spent(const CbUnsigned *row, const Draft *draft)
{
	int			n = (int) draft->tx->n_inputs;
	CbSpan	   *scripts = palloc(sizeof(CbSpan) * n);

	for (int i = 0; i < n; i++)
		scripts[i] = draft->previous[i].out.script;
	return cb_script_origins(&row->merchant_id, scripts, n);
}

static CbScriptOrigin **
find_created(const CbUnsigned *row, const Draft *draft)
{
	CbSpan	   *scripts = palloc(sizeof(CbSpan) * draft->tx->n_outputs);
	CbTxOutIter it = cb_tx_outputs(draft->tx);
	CbTxOut		out;
	int			n = 0;

	while (cb_tx_next_output(&it, &out))
		scripts[n++] = out.script;
	return cb_script_origins(&row->merchant_id, scripts, n);
}

static CbSpan
make_psbt(const Draft *draft)
{
	for (size_t capacity = FIRST_CAPACITY;; capacity *= 2)
	{
		CbWriter	w = cb_writer(palloc_extended(capacity, MCXT_ALLOC_HUGE), capacity);

		write_psbt(&w, draft);
		if (w.error == CB_OK)
			return (CbSpan) {w.data, w.len};
		if (w.error != CB_ERR_CAPACITY)
			cb_raise(w.error, "PSBT");
		pfree(w.data);
	}
}

static void
write_psbt(CbWriter *w, const Draft *draft)
{
	CbTxInIter	inputs = cb_tx_inputs(draft->tx);
	CbWitnessIter witnesses = cb_tx_witnesses(draft->tx);
	CbTxIn		in;

	cb_psbt_write_start(w, draft->tx);
	cb_psbt_write_end(w);
	for (uint32 i = 0; cb_tx_next_input(&inputs, &in); i++)
	{
		uint64_t	n_items;
		CbReader	items;

		write_input(w, &in, &draft->previous[i], draft->spent[i]);
		if (cb_tx_next_witness(&witnesses, &n_items, &items) && n_items > 0)
			cb_psbt_write_final_witness(w, n_items, items);
		cb_psbt_write_end(w);
	}
	for (uint32 i = 0; i < draft->tx->n_outputs; i++)
	{
		if (draft->created[i] != NULL)
			cb_write_output_origin(w, draft->created[i]);
		cb_psbt_write_end(w);
	}
}

/* Of a script hash only its descriptor tells. */
static bool
is_spent_by_witness(CbSpan script, const CbScriptOrigin *origin)
{
	int			version;
	CbSpan		program;

	return cb_script_witness_program(script, &version, &program) ||
		(origin != NULL && origin->spend.redeem_script.len > 0);
}

/*
 * The whole previous transaction too, also for a witness output: its amount
 * alone, which an old signature does not cover for other inputs, some signers
 * do not believe.
 */
static void
write_input(CbWriter *w, const CbTxIn *in, const CbPrevious *previous, const CbScriptOrigin *origin)
{
	cb_psbt_write_field(w, CB_PSBT_IN_NON_WITNESS_UTXO, previous->raw);
	if (is_spent_by_witness(previous->out.script, origin))
		cb_psbt_write_witness_utxo(w, &previous->out);
	if (origin != NULL)
		cb_write_input_origin(w, origin);
	if (in->script_sig.len > 0)
		cb_psbt_write_field(w, CB_PSBT_IN_FINAL_SCRIPTSIG, in->script_sig);
}
