/*-------------------------------------------------------------------------
 *
 * cb_gather.c
 *	  The transactions that have certain outputs, asked of the node.
 *
 * A node without an index of transactions gives one that is in a block only
 * where it is told the block.  It is told by the output: that says how deep it
 * lies, and so names its block.  Spent outputs are not known to it, and not
 * wanted here.  The chain may change between two requests; then all is asked
 * anew.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_broadcast.h"
#include "cb_gather.h"
#include "cb_link.h"
#include "cb_node.h"
#include "cb_rpc.h"
#include "common/string.h"

#define TXID_DIGITS 64

/* Each is in one request with its transaction. */
#define MAX_ASKED (CB_NODE_BATCH / 2)
#define MAX_ROUNDS 5

/* A node that takes no block for a transaction says so in this way. */
#define RPC_INVALID_PARAMS (-32602)

typedef struct Output
{
	const char *outpoint;
	char		txid[TXID_DIGITS + 1];
	int			vout;
	bool		exists;			/* and is unspent */
	int			confirmations;	/* 0: in the mempool */
	CbBlockId	block;
	json_t	   *raw;			/* hex of the transaction; NULL while not known */
} Output;

/* The node's tip, as a round's answers have it. */
typedef struct View
{
	const char *tip;			/* hash; NULL while no output has told it */
	bool		changed;		/* from one answer to another */
} View;

static Output *parse_payload(const char *payload, int *n);
static void parse_outpoint(const char *text, Output *output);
static bool ask_for_outputs(Output *outputs, int n, View *view);
static bool read_output(Output *output, const CbRpcCall *call, View *view);
static const char *gather_some(Output *outputs, int n);
static const char *missing(const Output *outputs, int n);
static bool is_catching_up(void);
static int	take_confirmed(Output *outputs, int n, Output **confirmed);
static void find_blocks(Output **outputs, int n, const char *tip);
static int	height_of(const char *block);
static const char *ask_in_blocks(Output **outputs, int n);
static json_t *find_in_block(const Output *output);
static bool is_pruned(const CbRpcCall *call);
static const char *pruned(const Output *output);
static bool all_are_known(const Output *outputs, int n);
static const char *found(const Output *outputs, int n);
static bool is_repeated(const Output *outputs, int i);
static const char *outcome_missing(json_t *outpoints, const char *message);
static void append(json_t *array, json_t *value);

const char *
cb_gather(const char *payload)
{
	int			n;
	Output	   *outputs = parse_payload(payload, &n);

	for (int i = 0; i < n; i += MAX_ASKED)
	{
		const char *failure = gather_some(outputs + i, Min(n - i, MAX_ASKED));

		if (failure != NULL)
			return failure;
	}
	return found(outputs, n);
}

static Output *
parse_payload(const char *payload, int *n)
{
	const json_t *outpoints = json_object_get(cb_json_parse(payload), "outpoints");
	Output	   *outputs;

	if (!json_is_array(outpoints))
		elog(ERROR, "nothing to be gathered is named");
	*n = (int) json_array_size(outpoints);
	outputs = palloc0(sizeof(Output) * Max(*n, 1));
	for (int i = 0; i < *n; i++)
	{
		const char *text = json_string_value(json_array_get(outpoints, i));

		if (text == NULL)
			elog(ERROR, "what is to be gathered is no text");
		parse_outpoint(text, &outputs[i]);
	}
	return outputs;
}

static void
parse_outpoint(const char *text, Output *output)
{
	char	   *end;

	if (strspn(text, "0123456789abcdef") != TXID_DIGITS || text[TXID_DIGITS] != ':')
		elog(ERROR, "what is to be gathered is no outpoint");
	strlcpy(output->txid, text, sizeof(output->txid));
	output->vout = strtoint(text + TXID_DIGITS + 1, &end, 10);
	if (*end != '\0' || output->vout < 0)
		elog(ERROR, "what is to be gathered is no outpoint");
	output->outpoint = text;
}

/* NULL when all is known now, else the outcome. */
static const char *
gather_some(Output *outputs, int n)
{
	Output	   *confirmed[MAX_ASKED];

	for (int round = 0; round < MAX_ROUNDS; round++)
	{
		View		view = {0};
		const char *failure;
		int			n_confirmed;

		if (!ask_for_outputs(outputs, n, &view))
			return missing(outputs, n);
		n_confirmed = take_confirmed(outputs, n, confirmed);
		if (n_confirmed > 0 && !view.changed)
		{
			find_blocks(confirmed, n_confirmed, view.tip);
			failure = ask_in_blocks(confirmed, n_confirmed);
			if (failure != NULL)
				return failure;
		}
		if (all_are_known(outputs, n))
			return NULL;
	}
	return cb_outcome_failed("the node's chain changes all the time", true);
}

/* Transactions in the mempool, or in an index, come at once.  False: some are missing. */
static bool
ask_for_outputs(Output *outputs, int n, View *view)
{
	CbRpcCall  *calls = palloc0(sizeof(CbRpcCall) * n * 2);
	bool		complete = true;

	for (int i = 0; i < n; i++)
	{
		calls[i].method = "gettxout";
		calls[i].params = cb_json_own(json_pack("[sib]", outputs[i].txid, outputs[i].vout, 1));
		calls[n + i].method = "getrawtransaction";
		calls[n + i].params = cb_json_own(json_pack("[si]", outputs[i].txid, 0));
	}
	cb_rpc_send(calls, n * 2, CB_RPC_LARGE);
	for (int i = 0; i < n; i++)
	{
		complete &= read_output(&outputs[i], &calls[i], view);
		outputs[i].raw = NULL;
		if (calls[n + i].status != CB_RPC_ERROR)
			outputs[i].raw = cb_rpc_demand(&calls[n + i]);
	}
	return complete;
}

static bool
read_output(Output *output, const CbRpcCall *call, View *view)
{
	const json_t *result = cb_rpc_demand(call);
	const char *tip;

	output->exists = !json_is_null(result);
	if (!output->exists)
		return false;
	output->confirmations = cb_json_height(result, "confirmations");
	tip = cb_json_hash(json_object_get(result, "bestblock"));
	view->changed |= view->tip != NULL && strcmp(view->tip, tip) != 0;
	view->tip = tip;
	return true;
}

/* A node that lacks blocks lacks their outputs. */
static const char *
missing(const Output *outputs, int n)
{
	json_t	   *outpoints = cb_json_own(json_array());
	const char *first = NULL;

	if (is_catching_up())
		return cb_outcome_failed("the node has not caught up with the chain", true);
	for (int i = 0; i < n; i++)
	{
		if (outputs[i].exists)
			continue;
		append(outpoints, json_string(outputs[i].outpoint));
		first = first ? first : outputs[i].outpoint;
	}
	return outcome_missing(outpoints, psprintf("output %s does not exist or is spent", first));
}

static bool
is_catching_up(void)
{
	CbWorkerSettings settings;
	CbNodeView	view;

	cb_link_settings(&settings);
	cb_node_look(&view, settings.network_core_name);
	return view.initial_download && strcmp(settings.network, "regtest") != 0;
}

/* Those in blocks that are not known yet. */
static int
take_confirmed(Output *outputs, int n, Output **confirmed)
{
	int			taken = 0;

	for (int i = 0; i < n; i++)
	{
		if (outputs[i].raw == NULL && outputs[i].confirmations > 0)
			confirmed[taken++] = &outputs[i];
	}
	return taken;
}

/* Where the chain has become shorter, a block is left without a hash. */
static void
find_blocks(Output **outputs, int n, const char *tip)
{
	CbRpcCall  *calls = palloc0(sizeof(CbRpcCall) * n);
	int			height = height_of(tip);

	for (int i = 0; i < n; i++)
	{
		outputs[i]->block.height = height - outputs[i]->confirmations + 1;
		outputs[i]->block.hash[0] = '\0';
		calls[i].method = "getblockhash";
		calls[i].params = cb_json_own(json_pack("[i]", outputs[i]->block.height));
	}
	cb_rpc_send(calls, n, CB_RPC_SMALL);
	for (int i = 0; i < n; i++)
	{
		if (calls[i].status != CB_RPC_ERROR)
			strlcpy(outputs[i]->block.hash, cb_json_hash(cb_rpc_demand(&calls[i])),
					sizeof(outputs[i]->block.hash));
	}
}

static int
height_of(const char *block)
{
	const json_t *header = cb_rpc_ask("getblockheader", cb_json_own(json_pack("[sb]", block, 1)),
									  CB_RPC_SMALL);

	return cb_json_height(header, "height");
}

/* NULL, unless it is in vain to ask again: then the outcome. */
static const char *
ask_in_blocks(Output **outputs, int n)
{
	CbRpcCall  *calls = palloc0(sizeof(CbRpcCall) * n);

	for (int i = 0; i < n; i++)
	{
		calls[i].method = "getrawtransaction";
		calls[i].params = cb_json_own(json_pack("[sis]", outputs[i]->txid, 0, outputs[i]->block.hash));
	}
	cb_rpc_send(calls, n, CB_RPC_LARGE);
	for (int i = 0; i < n; i++)
	{
		if (calls[i].status != CB_RPC_ERROR)
			outputs[i]->raw = cb_rpc_demand(&calls[i]);
		else if (calls[i].code == RPC_INVALID_PARAMS)
			outputs[i]->raw = find_in_block(outputs[i]);
		else if (is_pruned(&calls[i]))
			return pruned(outputs[i]);
	}
	return NULL;
}

/* For btcd, which names the list otherwise than Bitcoin Core does. */
static json_t *
find_in_block(const Output *output)
{
	json_t	   *block;
	json_t	   *txs;
	size_t		i;
	const json_t *tx;

	if (output->block.hash[0] == '\0')
		return NULL;
	block = cb_rpc_ask("getblock", cb_json_own(json_pack("[si]", output->block.hash, 2)), CB_RPC_LARGE);
	txs = json_object_get(block, "rawtx");
	json_array_foreach(txs ? txs : json_object_get(block, "tx"), i, tx)
	{
		const char *txid = json_string_value(json_object_get(tx, "txid"));

		if (txid != NULL && strcmp(txid, output->txid) == 0)
			return json_object_get(tx, "hex");
	}
	return NULL;
}

static bool
is_pruned(const CbRpcCall *call)
{
	return strstr(call->message, "not available") != NULL || strstr(call->message, "pruned") != NULL;
}

static const char *
pruned(const Output *output)
{
	json_t	   *outpoints = cb_json_own(json_array());
	const char *message = psprintf("the node has pruned block %d, in which transaction %s is: "
								   "give the transaction along", output->block.height, output->txid);

	append(outpoints, json_string(output->outpoint));
	return outcome_missing(outpoints, message);
}

static bool
all_are_known(const Output *outputs, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (outputs[i].raw == NULL)
			return false;
	}
	return true;
}

/* Each transaction once, however many of its outputs were wanted. */
static const char *
found(const Output *outputs, int n)
{
	json_t	   *txs = cb_json_own(json_array());

	for (int i = 0; i < n; i++)
	{
		if (!json_is_string(outputs[i].raw))
			cb_json_malformed("hex");
		if (!is_repeated(outputs, i))
			append(txs, json_incref(outputs[i].raw));
	}
	return cb_json_dump(cb_json_own(json_pack("{s:O}", "txs", txs)));
}

static bool
is_repeated(const Output *outputs, int i)
{
	for (int before = 0; before < i; before++)
	{
		if (strcmp(outputs[before].txid, outputs[i].txid) == 0)
			return true;
	}
	return false;
}

static const char *
outcome_missing(json_t *outpoints, const char *message)
{
	return cb_json_dump(cb_json_own(json_pack("{s:O, s:s}", "missing", outpoints, "message", message)));
}

/* Takes the value over. */
static void
append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) != 0)
		elog(ERROR, "could not build an outcome");
}
