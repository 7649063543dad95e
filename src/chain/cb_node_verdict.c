/*-------------------------------------------------------------------------
 *
 * cb_node_verdict.c
 *	  What a node's refusal means for a job.
 *
 * Nodes put the reason into words that differ between versions: a number or
 * "TX rejected:" before, details behind.  So a reason is looked for anywhere in
 * the message, and the first row that fits decides.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "bitcoin/cb_script.h"
#include "chain/cb_job_queue.h"
#include "chain/cb_node_verdict.h"

/* Longest data output, script and all, that every node relays. */
#define RELAYED_DATA 83

/* Error codes of Bitcoin Core's RPC. */
#define RPC_DESERIALIZATION_ERROR (-22)
#define RPC_VERIFY_ALREADY_IN_CHAIN (-27)
#define RPC_IN_WARMUP (-28)

typedef struct Rule
{
	const char *kind;
	int32		code;			/* 0: any */
	const char *reason;			/* part of the message; NULL: any */
	CbNodeVerdict verdict;
} Rule;

static const Rule rules[] = {
	{CB_JOB_BROADCAST, RPC_IN_WARMUP, NULL, CB_NODE_RETRY},
	{CB_JOB_BROADCAST, RPC_VERIFY_ALREADY_IN_CHAIN, NULL, CB_NODE_SUCCESS},
	{CB_JOB_BROADCAST, 0, "txn-already-known", CB_NODE_SUCCESS},
	{CB_JOB_BROADCAST, 0, "txn-already-in-mempool", CB_NODE_SUCCESS},
	{CB_JOB_BROADCAST, 0, "txn-same-nonwitness-data-in-mempool", CB_NODE_SUCCESS},
	{CB_JOB_BROADCAST, 0, "same txid different witness", CB_NODE_SUCCESS},
	{CB_JOB_BROADCAST, 0, "already have transaction", CB_NODE_SUCCESS},
	{CB_JOB_BROADCAST, 0, "transaction already exists", CB_NODE_SUCCESS},

	/* Its inputs are spent: by itself, perhaps. */
	{CB_JOB_BROADCAST, 0, "missingorspent", CB_NODE_LOOK},
	{CB_JOB_BROADCAST, 0, "missing-inputs", CB_NODE_LOOK},
	{CB_JOB_BROADCAST, 0, "orphan transaction", CB_NODE_LOOK},

	{CB_JOB_BROADCAST, 0, "min relay fee not met", CB_NODE_RETRY},
	{CB_JOB_BROADCAST, 0, "mempool min fee not met", CB_NODE_RETRY},
	{CB_JOB_BROADCAST, 0, "insufficient fee", CB_NODE_RETRY},
	{CB_JOB_BROADCAST, 0, "mempool full", CB_NODE_RETRY},
	{CB_JOB_BROADCAST, 0, "too-long-mempool-chain", CB_NODE_RETRY},
	{CB_JOB_BROADCAST, 0, "package-mempool-limits", CB_NODE_RETRY},
	{CB_JOB_BROADCAST, 0, "txn-mempool-conflict", CB_NODE_RETRY},
	{CB_JOB_BROADCAST, 0, "bad-txns-spends-conflicting-tx", CB_NODE_RETRY},
	{CB_JOB_BROADCAST, 0, "bad-txns-premature-spend-of-coinbase", CB_NODE_RETRY},
	{CB_JOB_BROADCAST, 0, "non-final", CB_NODE_RETRY},
	{CB_JOB_BROADCAST, 0, "non-BIP68-final", CB_NODE_RETRY},

	{CB_JOB_BROADCAST, RPC_DESERIALIZATION_ERROR, NULL, CB_NODE_FINAL},
	{CB_JOB_BROADCAST, 0, "script-verify-flag", CB_NODE_FINAL},
	{CB_JOB_BROADCAST, 0, "failed to validate input", CB_NODE_FINAL},
	{CB_JOB_BROADCAST, 0, "bad-witness-nonstandard", CB_NODE_FINAL},
	{CB_JOB_BROADCAST, 0, "bad-txns-", CB_NODE_FINAL},
	{CB_JOB_BROADCAST, 0, "scriptsig-", CB_NODE_FINAL},
	{CB_JOB_BROADCAST, 0, "scriptpubkey", CB_NODE_NOT_RELAYED},
	{CB_JOB_BROADCAST, 0, "datacarrier", CB_NODE_NOT_RELAYED},
	{CB_JOB_BROADCAST, 0, "non-standard script form", CB_NODE_NOT_RELAYED},
	{CB_JOB_BROADCAST, 0, "bare-multisig", CB_NODE_FINAL},
	{CB_JOB_BROADCAST, 0, "multi-op-return", CB_NODE_FINAL},
	{CB_JOB_BROADCAST, 0, "dust", CB_NODE_FINAL},
	{CB_JOB_BROADCAST, 0, "tx-size", CB_NODE_FINAL},
	{CB_JOB_BROADCAST, 0, "max-fee-exceeded", CB_NODE_FINAL},
	{CB_JOB_BROADCAST, 0, "max feerate exceeded", CB_NODE_FINAL},
	{CB_JOB_BROADCAST, 0, "Fee exceeds maximum", CB_NODE_FINAL},
	{CB_JOB_BROADCAST, 0, "Unspendable output exceeds", CB_NODE_FINAL},

	{CB_JOB_RESCAN, 0, "pruned", CB_NODE_FINAL},
};

CbNodeVerdict
cb_node_verdict(const char *job_kind, int32 code, const char *message)
{
	for (int i = 0; i < (int) lengthof(rules); i++)
	{
		const Rule *rule = &rules[i];

		if (strcmp(rule->kind, job_kind) != 0)
			continue;
		if (rule->code != 0 && rule->code != code)
			continue;
		if (rule->reason != NULL && (message == NULL || strstr(message, rule->reason) == NULL))
			continue;
		return rule->verdict;
	}
	return CB_NODE_RETRY;
}

const char *
cb_node_advice(CbNodeVerdict verdict, const CbTx *tx)
{
	CbTxOutIter it = cb_tx_outputs(tx);
	CbTxOut		output;

	if (verdict != CB_NODE_NOT_RELAYED)
		return NULL;
	while (cb_tx_next_output(&it, &output))
	{
		if (output.script.len > RELAYED_DATA && output.script.data[0] == CB_OP_RETURN)
			return "the node does not relay data outputs of this size; "
				"start it with -datacarriersize=100000 (btcd with --relaynonstd), "
				"or use Bitcoin Core 30 or later";
	}
	return NULL;
}
