/*-------------------------------------------------------------------------
 *
 * cb_node.h
 *	  Questions to the Bitcoin node, with answers checked for form.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_NODE_H
#define CB_NODE_H

#include "postgres.h"

#include "cb_chain_calls.h"
#include "cb_rpc.h"

/* Calls in one request. */
#define CB_NODE_BATCH 500

/* One request.  Raises CB003 when the node is on another network. */
extern void cb_node_look(CbNodeView *view, const char *network_core_name);

/* Raw block; in the current memory context. */
extern bytea *cb_node_block(const char *hash);
extern void cb_node_block_hash(int height, CbBlockId *block);
/* Hashes of n (at most CB_NODE_BATCH) blocks from a height on; gives how many it has. */
extern int	cb_node_block_hashes(int height, int n, CbBlockId *blocks);
/* Headers of those blocks, 80 bytes each. */
extern void cb_node_headers(const CbBlockId *blocks, int n, uint8 *headers);
/* For each block (at most CB_NODE_BATCH) whether it is on the node's own chain. */
extern void cb_node_on_chain(const CbBlockId *blocks, int n, bool *on_chain);

/*
 * Raw transactions, those that the node still has in its mempool: gives how
 * many of the n (at most CB_NODE_BATCH) are in txs now.
 */
extern int	cb_node_transactions(const char *const *txids, int n, Datum *txs);

/* Hex text to bytes; an error when it is none. */
extern bytea *cb_node_bytes(const json_t *hex);

#endif							/* CB_NODE_H */
