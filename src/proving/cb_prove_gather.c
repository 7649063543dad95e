/*-------------------------------------------------------------------------
 *
 * cb_prove_gather.c
 *	  The transactions whose outputs a request spends.
 *
 * Those that the chain layer knows are taken from there, the callers' own were
 * kept when they asked, and the node is asked for the rest.  Each goes by its
 * identifier, so that nobody need be believed.  When all are there, the spell
 * is built from them, and goes to the prover.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "bitcoin/cb_address.h"
#include "cb_clock.h"
#include "cb_guc.h"
#include "cb_sql.h"
#include "chain/cb_job_kind.h"
#include "chain/cb_job_queue.h"
#include "proving/cb_prove_internal.h"
#include "proving/cb_proving.h"
#include "sandbox/cb_sandbox.h"

#define FIRST_DELAY 10			/* s */
#define MAX_ATTEMPTS 8
/* A node that is away is asked again soon, and nothing is charged. */
#define UNREACHABLE_DELAY 15	/* s */
#define LONGEST_REASON "500"

/* What is known of the chain comes with its witnesses, in which spells may be. */
CB_STATEMENT(take_known, "uuid",
			 "INSERT INTO charmbills.previous_transactions (transaction_id, txid, merchant_id, raw) "
			 "SELECT r.transaction_id, k.txid, r.merchant_id, k.raw FROM charmbills.prove_requests r "
			 "JOIN charmbills.chain_transactions k "
			 "     ON k.txid = ANY (ARRAY(SELECT charmbills.outpoint_txid(o.outpoint) "
			 "                            FROM unnest(r.inputs || r.funding_utxo) o(outpoint))) "
			 "WHERE r.transaction_id = $1 AND k.status <> 'replaced' "
			 "ON CONFLICT (transaction_id, txid) DO UPDATE SET raw = EXCLUDED.raw");
CB_STATEMENT(insert_gathered, "uuid txid bytea",
			 "INSERT INTO charmbills.previous_transactions (transaction_id, txid, merchant_id, raw) "
			 "SELECT r.transaction_id, $2, r.merchant_id, $3 FROM charmbills.prove_requests r "
			 "WHERE r.transaction_id = $1 "
			 "  AND $2 = ANY (ARRAY(SELECT charmbills.outpoint_txid(o.outpoint) "
			 "                      FROM unnest(r.inputs || r.funding_utxo) o(outpoint))) "
			 "ON CONFLICT DO NOTHING");
CB_STATEMENT(write_spell, "uuid bytea bytea",
			 "UPDATE charmbills.prove_requests SET state = 'proving', spell = $2, change_script = $3 "
			 "WHERE transaction_id = $1");
CB_STATEMENT(read_payload, "jsonb",
			 "SELECT ($1->>'transaction_id')::uuid");
CB_STATEMENT(read_outcome, "jsonb",
			 "SELECT $1->'unreachable' = 'true', pg_catalog.jsonb_typeof($1->'txs') = 'array', "
			 "       CASE WHEN pg_catalog.jsonb_typeof($1->'missing') = 'array' THEN $1->'missing'->>0 END, "
			 "       pg_catalog.left($1->>'message', " LONGEST_REASON ")");
CB_STATEMENT(read_gathered, "jsonb",
			 "SELECT t.hex FROM pg_catalog.jsonb_array_elements_text($1->'txs') t(hex)");

static bool take_from_sandbox(const CbProveRequest *request);
static bool is_complete(const CbProveRequest *request);
static void queue_job(const CbProveRequest *request, TimestampTz now);
static void prove(const CbProveRequest *request);
static const char *choose_change(const CbProveRequest *request, CbSpan *script);
static const char *check_outputs(const CbProveRequest *request);
static bool pays_commit(CbSpan script);
static void *lock_request(const CbJob *job);
static const char *report(const CbJob *job, void *locked, NullableDatum outcome);
static void take_gathered(const pg_uuid_t *transaction_id, NullableDatum outcome);
static void take_one(const pg_uuid_t *transaction_id, const char *hex);
static const char *take_up(const CbJob *job, const pg_uuid_t *transaction_id);
static const char *fail(const CbJob *job, const CbProveRequest *request, const char *reason);
static const char *retry(const CbJob *job, const CbProveRequest *request, const char *reason);

static const CbJobKind gather = {
	.name = CB_JOB_GATHER,
	.lock = lock_request,
	.report = report,
};

void
cb_gather_register(void)
{
	cb_job_kind_register(&gather);
}

void
cb_prove_gather(const pg_uuid_t *transaction_id)
{
	CbProveRequest *request;

	cb_execute(&take_known, CB_ARGS(cb_uuid(transaction_id)));
	request = cb_prove_request_load(transaction_id, false);
	if (cb_is_sandbox())
	{
		if (!take_from_sandbox(request))
			return;
		request = cb_prove_request_load(transaction_id, false);
	}
	if (is_complete(request))
		prove(request);
	else
		queue_job(request, cb_now());
}

/* False when something is not there, and the request has failed. */
static bool
take_from_sandbox(const CbProveRequest *request)
{
	for (int i = 0; i < request->n_inputs; i++)
	{
		const CbProveInput *input = &request->inputs[i];
		CbSpan		raw = cb_sandbox_unspent(&input->outpoint);

		if (raw.len == 0)
		{
			CbOutpointValue value;

			cb_outpoint_value(&input->outpoint, &value);
			(void) cb_prove_failed(request, psprintf("output %s does not exist or is spent",
													 cb_outpoint_cstring(&value)));
			return false;
		}
		cb_execute(&insert_gathered, CB_ARGS(cb_uuid(&request->transaction_id),
											 cb_txid(&input->outpoint.txid), cb_bytea(raw)));
	}
	return true;
}

static bool
is_complete(const CbProveRequest *request)
{
	for (int i = 0; i < request->n_inputs; i++)
		if (request->inputs[i].raw.len == 0)
			return false;
	return true;
}

static void
queue_job(const CbProveRequest *request, TimestampTz now)
{
	CbOutpoint *missing = palloc(sizeof(CbOutpoint) * request->n_inputs);
	int			n = 0;

	for (int i = 0; i < request->n_inputs; i++)
		if (request->inputs[i].raw.len == 0)
			missing[n++] = request->inputs[i].outpoint;
	cb_job_queue_gather(&request->transaction_id, missing, n, now);
}

/* All that is spent is known. */
static void
prove(const CbProveRequest *request)
{
	CbSpan		change;
	CbSpan		spell;
	const char *reason = check_outputs(request);

	if (reason == NULL)
		reason = choose_change(request, &change);
	if (reason == NULL)
		reason = cb_prove_build(request, &spell);
	if (reason != NULL)
	{
		(void) cb_prove_failed(request, reason);
		return;
	}
	cb_execute(&write_spell, CB_ARGS(cb_uuid(&request->transaction_id), cb_bytea(spell), cb_bytea(change)));
	if (cb_is_sandbox_prover())
		cb_prove_in_sandbox(cb_prove_request_load(&request->transaction_id, false));
	else
		cb_job_queue_prove(&request->transaction_id, cb_now());
}

/* A prover is told where change goes by an address. */
static const char *
choose_change(const CbProveRequest *request, CbSpan *script)
{
	char		address[CB_ADDRESS_SIZE];

	*script = request->change_script;
	if (script->len > 0)
		return NULL;
	*script = request->inputs[request->n_inputs - 1].script;
	if (cb_script_to_address(*script, cb_current_network(), address) != CB_OK)
		return "the funding UTXO has no address for the change to go back to";
	return NULL;
}

static const char *
check_outputs(const CbProveRequest *request)
{
	for (int i = 0; i < request->n_inputs; i++)
		if (request->inputs[i].script.data == NULL)
			return "the transaction of an input has no such output";
	if (request->version == CB_DRAFT_OLD_VERSION && !pays_commit(request->inputs[request->n_inputs - 1].script))
		return "the funding UTXO has no witness program, and nothing else can pay for a commit transaction";
	return NULL;
}

/* Signing anything else would change the identifier that the spell spends. */
static bool
pays_commit(CbSpan script)
{
	int			version;
	CbSpan		program;

	return cb_script_witness_program(script, &version, &program);
}

static void *
lock_request(const CbJob *job)
{
	pg_uuid_t	id;

	cb_execute_one(&read_payload, CB_ARGS(job->payload));
	id = cb_column_uuid(0, 1);
	return cb_prove_request_load(&id, true);
}

static const char *
report(const CbJob *job, void *locked, NullableDatum outcome)
{
	const CbProveRequest *request = locked;
	const char *missing;
	const char *message;
	bool		has_txs;

	if (request == NULL || !request->is_open || request->state != CB_PROVE_GATHERING)
		return cb_job_done(job);
	cb_execute_one(&read_outcome, CB_ARGS(outcome));
	has_txs = cb_column_bool(0, 2);
	missing = cb_column_text(0, 3);
	message = cb_column_text(0, 4);
	if (cb_column_bool(0, 1))
		return cb_job_retry(job, cb_job_after(job, UNREACHABLE_DELAY), false, message);
	if (missing != NULL)
		return fail(job, request, message ? message : psprintf("output %s does not exist or is spent", missing));
	if (has_txs)
	{
		take_gathered(&request->transaction_id, outcome);
		return take_up(job, &request->transaction_id);
	}
	if (message == NULL)
		cb_job_outcome_unknown("\"txs\", \"missing\", \"unreachable\" and \"message\"");
	return retry(job, request, message);
}

static void
take_gathered(const pg_uuid_t *transaction_id, NullableDatum outcome)
{
	uint64		n = cb_execute(&read_gathered, CB_ARGS(outcome));
	char	  **texts = palloc(sizeof(char *) * Max(n, 1));

	for (uint64 i = 0; i < n; i++)
		texts[i] = cb_column_text(i, 1);
	for (uint64 i = 0; i < n; i++)
		if (texts[i] != NULL)
			take_one(transaction_id, texts[i]);
}

/* What is no transaction, or none that is spent, is as good as nothing. */
static void
take_one(const pg_uuid_t *transaction_id, const char *hex)
{
	size_t		length = strlen(hex);
	uint8	   *raw = palloc(length / 2 + 1);
	size_t		n;
	CbHash256	txid;
	CbTx		tx;

	if (cb_hex_decode(hex, length, raw, length / 2, &n) != CB_OK || cb_tx_parse(raw, n, &tx) != CB_OK)
		return;
	cb_tx_txid(&tx, &txid);
	cb_execute(&insert_gathered, CB_ARGS(cb_uuid(transaction_id), cb_txid(&txid), cb_bytea(tx.raw)));
}

static const char *
take_up(const CbJob *job, const pg_uuid_t *transaction_id)
{
	const CbProveRequest *request = cb_prove_request_load(transaction_id, false);
	const char *state;

	if (!is_complete(request))
		return retry(job, request, "the node did not give what was asked for");
	state = cb_job_done(job);
	prove(request);
	return state;
}

static const char *
fail(const CbJob *job, const CbProveRequest *request, const char *reason)
{
	const char *state = cb_job_failed(job, reason);

	(void) cb_prove_failed(request, reason);
	return state;
}

static const char *
retry(const CbJob *job, const CbProveRequest *request, const char *reason)
{
	if (job->attempts + 1 >= MAX_ATTEMPTS)
		return fail(job, request, reason);
	return cb_job_retry(job, cb_job_after(job, FIRST_DELAY * (double) (1 << job->attempts)), true, reason);
}
