/*-------------------------------------------------------------------------
 *
 * cb_node.c
 *	  Questions to the Bitcoin node, with answers checked for form.
 *
 * Nodes differ: Bitcoin Core has all that is asked here, others lack parts.
 * What is not needed to follow the chain may be missing.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "../src/cb_compat.h"
#include "cb_hex.h"
#include "cb_node.h"
#include "cb_worker_tx.h"

#define MAX_VERSION_LENGTH 64

/* Raw transactions fill a few hundred bytes each, but one may fill a block. */
#define MAX_TRANSACTIONS_ANSWER CB_RPC_LARGE

static void check_network(const char *chain, const char *expected);
static int	read_prune_height(const json_t *info);
static const char *read_version(const CbRpcCall *call);
static bool is_off_chain(const CbRpcCall *call);

void
cb_node_look(CbNodeView *view, const char *network_core_name)
{
	CbRpcCall	calls[] = {
		{.method = "getblockchaininfo"},
		{.method = "getblockhash",.params = cb_json_own(json_pack("[i]", 0))},
		{.method = "getmempoolinfo"},
		{.method = "getnetworkinfo"},
	};
	const json_t *info;

	cb_rpc_send(calls, lengthof(calls), CB_RPC_SMALL);
	info = cb_rpc_demand(&calls[0]);
	check_network(cb_json_text(info, "chain"), network_core_name);
	view->tip.height = cb_json_height(info, "blocks");
	strlcpy(view->tip.hash, cb_json_hash(json_object_get(info, "bestblockhash")),
			sizeof(view->tip.hash));
	view->headers = cb_json_height(info, "headers");
	view->initial_download = cb_json_bool(info, "initialblockdownload", false);
	view->prune_height = read_prune_height(info);
	view->genesis = cb_json_hash(cb_rpc_demand(&calls[1]));
	view->mempool_loaded = cb_json_bool(cb_rpc_demand(&calls[2]), "loaded", true);
	view->version = read_version(&calls[3]);
}

static void
check_network(const char *chain, const char *expected)
{
	if (strcmp(chain, expected) == 0)
		return;
	ereport(ERROR,
			(errcode(CB_SQLSTATE_WRONG_NETWORK),
			 errmsg("the node follows another network than %s", expected),
			 errhint("Check charmbills.network and charmbills.rpc_url.")));
}

static int
read_prune_height(const json_t *info)
{
	if (!cb_json_bool(info, "pruned", false) || json_object_get(info, "pruneheight") == NULL)
		return -1;
	return cb_json_height(info, "pruneheight");
}

/* Only shown, so anything printable will do. */
static const char *
read_version(const CbRpcCall *call)
{
	const char *text = json_string_value(json_object_get(call->result, "subversion"));
	char	   *version = pstrdup(text != NULL ? text : "");

	if (strlen(version) > MAX_VERSION_LENGTH)
		version[MAX_VERSION_LENGTH] = '\0';
	for (char *c = version; *c != '\0'; c++)
	{
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
	return version;
}

bytea *
cb_node_block(const char *hash)
{
	return cb_node_bytes(cb_rpc_ask("getblock", cb_json_own(json_pack("[si]", hash, 0)),
									CB_RPC_BLOCK));
}

void
cb_node_block_hash(int height, CbBlockId *block)
{
	const json_t *hash = cb_rpc_ask("getblockhash", cb_json_own(json_pack("[i]", height)),
									CB_RPC_SMALL);

	block->height = height;
	strlcpy(block->hash, cb_json_hash(hash), sizeof(block->hash));
}

/* The node's chain may become shorter between two requests. */
int
cb_node_block_hashes(int height, int n, CbBlockId *blocks)
{
	CbRpcCall  *calls = palloc0(sizeof(CbRpcCall) * n);

	for (int i = 0; i < n; i++)
	{
		calls[i].method = "getblockhash";
		calls[i].params = cb_json_own(json_pack("[i]", height + i));
	}
	cb_rpc_send(calls, n, CB_RPC_SMALL);
	for (int i = 0; i < n; i++)
	{
		if (calls[i].status == CB_RPC_ERROR)
			return i;
		blocks[i].height = height + i;
		strlcpy(blocks[i].hash, cb_json_hash(cb_rpc_demand(&calls[i])), sizeof(blocks[i].hash));
	}
	return n;
}

void
cb_node_headers(const CbBlockId *blocks, int n, uint8 *headers)
{
	CbRpcCall  *calls = palloc0(sizeof(CbRpcCall) * n);

	for (int i = 0; i < n; i++)
	{
		calls[i].method = "getblockheader";
		calls[i].params = cb_json_own(json_pack("[sb]", blocks[i].hash, 0));
	}
	cb_rpc_send(calls, n, CB_RPC_SMALL);
	for (int i = 0; i < n; i++)
	{
		bytea	   *header = cb_node_bytes(cb_rpc_demand(&calls[i]));

		if (VARSIZE(header) - VARHDRSZ != CB_HEADER_SIZE)
			cb_json_malformed("header");
		memcpy(headers + (Size) i * CB_HEADER_SIZE, VARDATA(header), CB_HEADER_SIZE);
	}
}

/* A block on a side branch has -1 confirmations; an unknown one is an error. */
void
cb_node_on_chain(const CbBlockId *blocks, int n, bool *on_chain)
{
	CbRpcCall  *calls = palloc0(sizeof(CbRpcCall) * n);

	for (int i = 0; i < n; i++)
	{
		calls[i].method = "getblockheader";
		calls[i].params = cb_json_own(json_pack("[sb]", blocks[i].hash, 1));
	}
	cb_rpc_send(calls, n, CB_RPC_SMALL);
	for (int i = 0; i < n; i++)
	{
		const json_t *confirmations;

		on_chain[i] = false;
		if (is_off_chain(&calls[i]))
			continue;
		confirmations = json_object_get(cb_rpc_demand(&calls[i]), "confirmations");
		if (!json_is_integer(confirmations))
			cb_json_malformed("confirmations");
		on_chain[i] = json_integer_value(confirmations) >= 0;
	}
}

/* btcd refuses what Bitcoin Core gives -1 confirmations. */
static bool
is_off_chain(const CbRpcCall *call)
{
	return call->status == CB_RPC_ERROR &&
		(call->code == CB_RPC_NOT_FOUND || strstr(call->message, "not in the main chain") != NULL);
}

int
cb_node_transactions(const char *const *txids, int n, Datum *txs)
{
	CbRpcCall  *calls = palloc0(sizeof(CbRpcCall) * n);
	int			found = 0;

	for (int i = 0; i < n; i++)
	{
		calls[i].method = "getrawtransaction";
		calls[i].params = cb_json_own(json_pack("[s]", txids[i]));
	}
	cb_rpc_send(calls, n, MAX_TRANSACTIONS_ANSWER);
	for (int i = 0; i < n; i++)
	{
		if (calls[i].status != CB_RPC_ERROR)
			txs[found++] = PointerGetDatum(cb_node_bytes(cb_rpc_demand(&calls[i])));
	}
	return found;
}

bytea *
cb_node_bytes(const json_t *hex)
{
	const char *digits = json_string_value(hex);
	bytea	   *bytes = digits ? cb_hex_bytes(digits, json_string_length(hex)) : NULL;

	if (bytes == NULL)
		cb_json_malformed("hex");
	return bytes;
}
