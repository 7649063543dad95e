/*-------------------------------------------------------------------------
 *
 * cb_transfer.c
 *	  SQL function transfer_token(): tokens from one address to another.
 *
 * What is spent is what the chain layer has followed to the sender, and what
 * is too much goes back there.  A plan's NFT is never among it.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_idempotency.h"
#include "billing/cb_subscription_hold.h"
#include "catalog/pg_type.h"
#include "cb_args.h"
#include "cb_auth.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "proving/cb_prove_internal.h"
#include "utils/array.h"
#include "utils/builtins.h"

/* Arguments, in their order. */
enum
{
	ARG_TO,
	ARG_AMOUNT,
	ARG_FUNDING,
	ARG_PLAN,
	ARG_SUBSCRIPTION,
	ARG_FROM,
	ARG_INPUTS,
	ARG_TERMS,
	ARG_KEY = ARG_TERMS + 5
};

/* Spent together with the funding UTXO. */
#define MAX_INPUTS (CB_DRAFT_MAX_COINS - 1)

CB_STATEMENT(read_plan, "uuid",
			 "SELECT merchant_id FROM charmbills.plans WHERE id = $1");
CB_STATEMENT(read_subscription, "uuid",
			 "SELECT plan_id, subscriber_address FROM charmbills.subscription_facts WHERE id = $1");
CB_STATEMENT(check_followed, "uuid",
			 "SELECT app_id IS NOT NULL AND app_vk IS NOT NULL, nft_state = 'away' FROM charmbills.plans WHERE id = $1");
/*
 * The greatest first, so that few are spent.  What holds another app's charms
 * too, or is reserved for something alive, is left where it is.
 */
CB_STATEMENT(choose_tokens, "uuid bytea outpoint int4",
			 "SELECT c.outpoint, c.amount::text, c.script FROM charmbills.charms c "
			 "WHERE c.plan_id = $1 AND c.script = $2 AND octet_length(c.script) <= " CppAsString2(CB_MAX_ADDRESS_SCRIPT) " "
			 "  AND c.spent_height IS NULL AND c.beamed_to IS NULL "
			 "  AND c.amount > 0 AND NOT c.has_nft AND c.outpoint <> $3 "
			 "  AND NOT EXISTS (SELECT FROM charmbills.charms o "
			 "                  JOIN charmbills.watched_apps a ON a.plan_id = o.plan_id "
			 "                  JOIN charmbills.watched_apps m ON m.plan_id = c.plan_id "
			 "                  WHERE o.outpoint = c.outpoint AND o.plan_id <> c.plan_id AND o.beamed_to IS NULL "
			 "                    AND (a.identity, a.vk) <> (m.identity, m.vk)) "
			 "  AND NOT EXISTS (SELECT FROM charmbills.used_utxos u "
			 "                  LEFT JOIN charmbills.transactions t ON t.id = u.transaction_id "
			 "                  WHERE u.outpoint = c.outpoint "
			 "                    AND (u.confirmed OR u.merchant_id IS DISTINCT FROM c.merchant_id "
			 "                         OR t.status NOT IN ('failed', 'replaced'))) "
			 "ORDER BY c.amount DESC, c.outpoint LIMIT $4");
CB_STATEMENT(read_tokens, "uuid outpoint[]",
			 "SELECT i.outpoint, c.amount::text, c.script "
			 "FROM (SELECT o.outpoint, min(o.position) AS position "
			 "      FROM unnest($2) WITH ORDINALITY o(outpoint, position) GROUP BY o.outpoint) i "
			 "LEFT JOIN charmbills.charms c "
			 "     ON c.outpoint = i.outpoint AND c.plan_id = $1 AND c.spent_height IS NULL "
			 "        AND c.beamed_to IS NULL AND c.amount > 0 AND NOT c.has_nft "
			 "ORDER BY i.position");

/* What is sent, and from where. */
typedef struct Transfer
{
	pg_uuid_t	plan_id;
	const pg_uuid_t *subscription_id;	/* or NULL */
	const char *from;			/* an address, or NULL */
	uint64		amount;
	CbOutpoint *inputs;
	int			n_inputs;
	uint64		total;			/* of the inputs */
	CbSpan		sender;			/* where what is too much goes back to */
} Transfer;

static pg_uuid_t find_parties(FunctionCallInfo fcinfo, Transfer *transfer);
static void refuse_argument(const char *message, const char *hint);
static void ask(FunctionCallInfo fcinfo, Transfer *transfer, const CbProveTerms *terms, const pg_uuid_t *id);
static void check_plan(const pg_uuid_t *plan_id);
static void choose_inputs(Transfer *transfer, const CbProveTerms *terms);
static void take_inputs(Transfer *transfer, NullableDatum inputs);
static void add_input(Transfer *transfer, uint64 row);
static void check_enough(const Transfer *transfer);

/*
 * charmbills.transfer_token(to_address text, amount numeric,
 *		funding_utxo outpoint, plan_id uuid, subscription_id uuid,
 *		from_address text, inputs outpoint[], change_address text,
 *		fee_rate numeric, max_fee bigint, spell_version integer,
 *		previous_txs text[], idempotency_key text) -> transactions
 */
CB_FUNCTION(transfer_token, CB_MERCHANT)
{
	Transfer	transfer;
	CbProveTerms terms;
	pg_uuid_t	id = cb_uuid_v7();
	pg_uuid_t	merchant_id;

	cb_require_args(fcinfo, ARG_FUNDING + 1);
	merchant_id = find_parties(fcinfo, &transfer);
	if (cb_idempotency_claim_call(fcinfo, ARG_KEY, &merchant_id, cb_now(), &id))
	{
		cb_prove_require_prover();
		cb_prove_terms(fcinfo, ARG_FUNDING, ARG_TERMS, &terms);
		cb_prove_begin();
		ask(fcinfo, &transfer, &terms, &id);
	}
	return cb_prove_return(fcinfo, &id);
}

static pg_uuid_t
find_parties(FunctionCallInfo fcinfo, Transfer *transfer)
{
	pg_uuid_t	merchant_id;

	memset(transfer, 0, sizeof(*transfer));
	if (PG_ARGISNULL(ARG_PLAN) == PG_ARGISNULL(ARG_SUBSCRIPTION))
		refuse_argument("whose tokens are to be sent is not known", "Give plan_id or subscription_id.");
	if (PG_ARGISNULL(ARG_SUBSCRIPTION))
	{
		transfer->plan_id = *PG_GETARG_UUID_P(ARG_PLAN);
		if (cb_execute(&read_plan, CB_ARGS(cb_uuid(&transfer->plan_id))) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_CB_NOT_FOUND),
					 errmsg("plan does not exist")));
		merchant_id = cb_column_uuid(0, 1);
		cb_authorize(&merchant_id);
	}
	else
	{
		transfer->subscription_id = PG_GETARG_UUID_P(ARG_SUBSCRIPTION);
		merchant_id = cb_subscription_authorize(transfer->subscription_id);
		cb_execute_one(&read_subscription, CB_ARGS(cb_uuid(transfer->subscription_id)));
		transfer->plan_id = cb_column_uuid(0, 1);
		transfer->from = cb_column_text(0, 2);
	}
	if (!PG_ARGISNULL(ARG_FROM))
		transfer->from = text_to_cstring(PG_GETARG_TEXT_PP(ARG_FROM));
	return merchant_id;
}

static void
refuse_argument(const char *message, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_CB_INVALID_ARGUMENT),
			 errmsg("%s", message),
			 errhint("%s", hint)));
}

static void
ask(FunctionCallInfo fcinfo, Transfer *transfer, const CbProveTerms *terms, const pg_uuid_t *id)
{
	CbWantedOutput outputs[2] = {{.takes_nft = false}};
	CbWanted	wanted = {
		.id = *id,
		.type = "send",
		.plan_id = transfer->plan_id,
		.subscription_id = transfer->subscription_id,
		.outputs = outputs,
		.n_outputs = 1,
	};

	check_plan(&transfer->plan_id);
	transfer->amount = cb_prove_units_arg(fcinfo, ARG_AMOUNT);
	outputs[0].script = cb_prove_address_script(text_to_cstring(PG_GETARG_TEXT_PP(ARG_TO)));
	outputs[0].tokens = transfer->amount;
	if (transfer->from != NULL)
		transfer->sender = cb_prove_address_script(transfer->from);
	if (PG_ARGISNULL(ARG_INPUTS))
		choose_inputs(transfer, terms);
	else
		take_inputs(transfer, cb_arg(fcinfo, ARG_INPUTS));
	check_enough(transfer);
	if (transfer->total > transfer->amount)
		outputs[wanted.n_outputs++] = (CbWantedOutput) {
			.script = transfer->sender,
			.tokens = transfer->total - transfer->amount
		};
	wanted.inputs = transfer->inputs;
	wanted.n_inputs = transfer->n_inputs;
	cb_prove_ask(&wanted, terms);
}

/* Whoever names another merchant's app has a plan of it, but not the NFT. */
static void
check_plan(const pg_uuid_t *plan_id)
{
	cb_execute_one(&check_followed, CB_ARGS(cb_uuid(plan_id)));
	if (!cb_column_bool(0, 1))
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("the plan has no tokens")));
	if (cb_column_bool(0, 2))
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("the plan's merchant does not hold its NFT"),
				 errdetail("The NFT is on a script that is not the merchant's.")));
}

static void
choose_inputs(Transfer *transfer, const CbProveTerms *terms)
{
	uint64		n;

	if (transfer->from == NULL)
		refuse_argument("whose tokens are to be sent is not known", "Give from_address or inputs.");
	n = cb_execute(&choose_tokens,
				   CB_ARGS(cb_uuid(&transfer->plan_id), cb_bytea(transfer->sender),
						   cb_outpoint(&terms->funding), cb_int4(MAX_INPUTS)));
	transfer->inputs = palloc(sizeof(CbOutpoint) * Max(n, 1));
	for (uint64 row = 0; row < n && transfer->total < transfer->amount; row++)
		add_input(transfer, row);
}

static void
take_inputs(Transfer *transfer, NullableDatum inputs)
{
	uint64		n;

	if (array_contains_nulls(DatumGetArrayTypeP(inputs.value)))
		refuse_argument("an outpoint must not be null", "Leave it out.");
	n = cb_execute(&read_tokens, CB_ARGS(cb_uuid(&transfer->plan_id), inputs));
	if (n > MAX_INPUTS)
		refuse_argument("too many outpoints are given", "Send them in parts.");
	transfer->inputs = palloc(sizeof(CbOutpoint) * Max(n, 1));
	for (uint64 row = 0; row < n; row++)
	{
		bool		isnull;
		Datum		outpoint = cb_column(row, 1, &isnull);

		if (cb_column_is_null(row, 2))
			ereport(ERROR,
					(errcode(ERRCODE_CB_WRONG_STATE),
					 errmsg("there are no tokens of the plan at %s",
							cb_outpoint_cstring(DatumGetCbOutpoint(outpoint)))));
		add_input(transfer, row);
	}
}

static void
add_input(Transfer *transfer, uint64 row)
{
	uint64		amount = strtou64(cb_column_text(row, 2), NULL, 10);

	if (amount > PG_UINT64_MAX - transfer->total)
		refuse_argument("the tokens of the inputs exceed 64 bits", "Send them in parts.");
	if (transfer->sender.len == 0)
		transfer->sender = cb_column_bytea(row, 3);
	transfer->inputs[transfer->n_inputs++] = cb_column_outpoint(row, 1);
	transfer->total += amount;
}

static void
check_enough(const Transfer *transfer)
{
	if (transfer->total >= transfer->amount)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CB_EXHAUSTED),
			 errmsg("there are not enough tokens to send"),
			 errdetail("They are " UINT64_FORMAT " where " UINT64_FORMAT " are to be sent.",
					   transfer->total, transfer->amount),
			 errhint("What is reserved, or not yet in a block, is not counted.")));
}
