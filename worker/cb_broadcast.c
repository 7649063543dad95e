/*-------------------------------------------------------------------------
 *
 * cb_broadcast.c
 *	  Handing transactions to the node, and its word on each.
 *
 * A commit transaction and the spell that spends it go as a package, because the
 * commit alone may pay too little to be taken.  Nodes without packages get one
 * after the other.  What a verdict means is for the database to say.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_broadcast.h"
#include "cb_rpc.h"

static json_t *parse_request(const char *request);
static const char *send_package(const json_t *txs);
static const char *send_in_order(const json_t *txs);
static json_t *judge_package(const json_t *txs, const json_t *result);
static const json_t *find_entry(const json_t *result, const char *txid);
static void judge(json_t *results, const json_t *tx, const json_t *entry, const char *otherwise);
static void add_verdict(json_t *results, const json_t *tx, bool ok, int code, const char *message);
static const char *outcome(json_t *results);
static const char *printable(const char *text);

const char *
cb_broadcast(const char *request)
{
	const json_t *txs = parse_request(request);

	if (json_array_size(txs) == 2)
		return send_package(txs);
	return send_in_order(txs);
}

const char *
cb_outcome_failed(const char *message, bool uncharged)
{
	json_t	   *value = cb_json_own(json_pack("{s:s}", "message", printable(message)));

	if (uncharged && json_object_set(value, "unreachable", json_true()) != 0)
		elog(ERROR, "could not build an outcome");
	return cb_json_dump(value);
}

static json_t *
parse_request(const char *request)
{
	json_t	   *txs = json_object_get(cb_json_parse(request), "txs");
	size_t		i;
	json_t	   *tx;

	if (!json_is_array(txs))
		elog(ERROR, "broadcast_request() gave no transactions");
	json_array_foreach(txs, i, tx)
	{
		(void) cb_json_hash(json_object_get(tx, "txid"));
		(void) cb_json_text(tx, "hex");
	}
	return txs;
}

static const char *
send_package(const json_t *txs)
{
	const char *parent = cb_json_text(json_array_get(txs, 0), "hex");
	const char *child = cb_json_text(json_array_get(txs, 1), "hex");
	CbRpcCall	call = {.method = "submitpackage"};
	json_t	   *results;

	call.params = cb_json_own(json_pack("[[ss]]", parent, child));
	cb_rpc_send(&call, 1, CB_RPC_SMALL);
	if (cb_rpc_is_node_fault(call.status))
		return cb_outcome_failed(call.message, true);
	if (call.status == CB_RPC_OK)
		return outcome(judge_package(txs, call.result));
	if (call.code == CB_RPC_METHOD_NOT_FOUND || call.code == CB_RPC_MISC_ERROR)
		return send_in_order(txs);
	results = cb_json_own(json_array());
	for (size_t i = 0; i < json_array_size(txs); i++)
		add_verdict(results, json_array_get(txs, i), false, call.code, call.message);
	return outcome(results);
}

/* A refused one may be in a block already: the next is tried all the same. */
static const char *
send_in_order(const json_t *txs)
{
	json_t	   *results = cb_json_own(json_array());
	size_t		i;
	const json_t *tx;

	json_array_foreach(txs, i, tx)
	{
		CbRpcCall	call = {.method = "sendrawtransaction"};

		call.params = cb_json_own(json_pack("[s]", cb_json_text(tx, "hex")));
		cb_rpc_send(&call, 1, CB_RPC_SMALL);
		if (cb_rpc_is_node_fault(call.status))
			return cb_outcome_failed(call.message, true);
		add_verdict(results, tx, call.status == CB_RPC_OK, call.code, call.message);
	}
	return outcome(results);
}

/* Each transaction by its own entry, whatever the package's message. */
static json_t *
judge_package(const json_t *txs, const json_t *result)
{
	json_t	   *results = cb_json_own(json_array());
	const char *otherwise = json_string_value(json_object_get(result, "package_msg"));
	size_t		i;
	const json_t *tx;

	if (!json_is_object(json_object_get(result, "tx-results")))
		cb_json_malformed("tx-results");
	json_array_foreach(txs, i, tx)
		judge(results, tx, find_entry(result, cb_json_text(tx, "txid")),
			  otherwise ? otherwise : "the node said nothing of it");
	return results;
}

/* Entries are named by wtxid and hold the txid. */
static const json_t *
find_entry(const json_t *result, const char *txid)
{
	json_t	   *entries = json_object_get(result, "tx-results");
	const char *wtxid;
	json_t	   *entry;

	json_object_foreach(entries, wtxid, entry)
	{
		const char *found = json_string_value(json_object_get(entry, "txid"));

		if (found != NULL && strcmp(found, txid) == 0)
			return entry;
	}
	return NULL;
}

static void
judge(json_t *results, const json_t *tx, const json_t *entry, const char *otherwise)
{
	const char *error = json_string_value(json_object_get(entry, "error"));

	if (entry == NULL)
		add_verdict(results, tx, false, 0, otherwise);
	else if (error != NULL)
		add_verdict(results, tx, false, 0, error);
	else if (json_object_get(entry, "other-wtxid") != NULL)
		add_verdict(results, tx, false, 0, "same txid different witness");
	else
		add_verdict(results, tx, true, 0, "");
}

static void
add_verdict(json_t *results, const json_t *tx, bool ok, int code, const char *message)
{
	json_t	   *verdict;

	if (ok)
		verdict = json_pack("{s:s, s:b}", "txid", cb_json_text(tx, "txid"), "ok", 1);
	else
		verdict = json_pack("{s:s, s:b, s:i, s:s}", "txid", cb_json_text(tx, "txid"), "ok", 0,
							"code", code, "message", printable(message));
	if (json_array_append(results, cb_json_own(verdict)) != 0)
		elog(ERROR, "could not build an outcome");
}

static const char *
outcome(json_t *results)
{
	return cb_json_dump(cb_json_own(json_pack("{s:O}", "results", results)));
}

/* Of a bounded length. */
static const char *
printable(const char *text)
{
	return cb_make_printable(pnstrdup(text, CB_RPC_MESSAGE_SIZE - 1));
}
