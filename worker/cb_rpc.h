/*-------------------------------------------------------------------------
 *
 * cb_rpc.h
 *	  JSON-RPC calls to the Bitcoin node, alone or in batches.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_RPC_H
#define CB_RPC_H

#include "postgres.h"

#include "cb_json_access.h"

#define CB_RPC_MESSAGE_SIZE 257

/* Longest answers: in general, a block of four million bytes in hex, the mempool. */
#define CB_RPC_SMALL ((size_t) 1024 * 1024)
#define CB_RPC_BLOCK ((size_t) 8500 * 1024)
#define CB_RPC_LARGE ((size_t) 128 * 1024 * 1024)

/* What the node says of a request, in Bitcoin Core's numbers. */
#define CB_RPC_MISC_ERROR (-1)
#define CB_RPC_NOT_FOUND (-5)
#define CB_RPC_IN_WARMUP (-28)
#define CB_RPC_METHOD_NOT_FOUND (-32601)

typedef enum CbRpcStatus
{
	CB_RPC_OK,
	CB_RPC_ERROR,				/* the node refuses: code and message are its own */
	CB_RPC_UNREACHABLE,
	CB_RPC_WARMING_UP,
	CB_RPC_REFUSED,				/* credentials refused, or the method forbidden */
	CB_RPC_MALFORMED			/* the answer is not one */
} CbRpcStatus;

typedef struct CbRpcCall
{
	const char *method;
	json_t	   *params;			/* array; NULL for none */
	CbRpcStatus status;
	int			code;
	char		message[CB_RPC_MESSAGE_SIZE];	/* printable ASCII */
	json_t	   *result;			/* where status is CB_RPC_OK */
} CbRpcCall;

/* Read settings and credentials again before the next request. */
extern void cb_rpc_reconfigure(void);

/*
 * Send calls as one request and wait; one is sent alone, more as a batch.  What
 * concerns the whole request is every call's status.
 */
extern void cb_rpc_send(CbRpcCall *calls, int n, size_t max_answer);

/* Send one call without waiting, on the long-poll channel. */
extern void cb_rpc_start_long_poll(const CbRpcCall *call, int timeout_ms);
/* True once, when its answer has come; call gets it. */
extern bool cb_rpc_take_long_poll(CbRpcCall *call);

/* Raise an error unless the call went well; gives the result. */
extern json_t *cb_rpc_demand(const CbRpcCall *call);
/* The same for a request of one call. */
extern json_t *cb_rpc_ask(const char *method, json_t *params, size_t max_answer);

/* A number that is the same for all that use the same node. */
extern uint32 cb_rpc_node_number(void);

/* True for what is the node's trouble and not the request's. */
extern bool cb_rpc_is_node_fault(CbRpcStatus status);
/* The same for an error that was raised. */
extern bool cb_rpc_is_node_sqlstate(int code);

#endif							/* CB_RPC_H */
