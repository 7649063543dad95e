/*-------------------------------------------------------------------------
 *
 * cb_rpc.c
 *	  JSON-RPC calls to the Bitcoin node, alone or in batches.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "cb_credentials.h"
#include "cb_http.h"
#include "cb_link.h"
#include "cb_rpc.h"
#include "common/hashfn.h"

#define URL_SIZE 1024

static bool configured = false;
static CbWorkerSettings settings;
static char url[URL_SIZE];
static char used_credentials[CB_CREDENTIALS_SIZE];

static void configure(void);
static int	default_port(const char *network);
static void prepare(CbHttpRequest *request, const CbRpcCall *calls, int n);
static json_t *request_object(const CbRpcCall *call, int id);
static bool has_new_credentials(void);
static void read_answer(CbRpcCall *calls, int n, const CbHttpAnswer *answer);
static void read_body(CbRpcCall *calls, int n, const CbHttpAnswer *answer);
static void read_batch(CbRpcCall *calls, int n, const json_t *body);
static void read_response(CbRpcCall *call, const json_t *response);
static void read_error(CbRpcCall *call, const json_t *error);
static void fail_all(CbRpcCall *calls, int n, CbRpcStatus status, const char *message);
static void set_message(CbRpcCall *call, const char *message);
static int	sqlstate(CbRpcStatus status);

void
cb_rpc_reconfigure(void)
{
	configured = false;
}

static void
configure(void)
{
	if (configured)
		return;
	cb_link_settings(&settings);
	if (settings.rpc_url[0] == '\0')
		snprintf(url, sizeof(url), "http://127.0.0.1:%d/", default_port(settings.network));
	else if (strlcpy(url, settings.rpc_url, sizeof(url)) >= sizeof(url))
		ereport(ERROR,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("charmbills.rpc_url is too long")));
	(void) cb_credentials(&settings, true);
	configured = true;
}

static int
default_port(const char *network)
{
	static const struct
	{
		const char *network;
		int			port;
	}			ports[] = {
		{"mainnet", 8332},
		{"testnet3", 18332},
		{"testnet4", 48332},
		{"signet", 38332},
		{"regtest", 18443},
	};

	for (int i = 0; i < (int) lengthof(ports); i++)
	{
		if (strcmp(network, ports[i].network) == 0)
			return ports[i].port;
	}
	elog(ERROR, "no port known for network \"%s\"", network);
}

uint32
cb_rpc_node_number(void)
{
	configure();
	return DatumGetUInt32(hash_any((const unsigned char *) url, (int) strlen(url)));
}

/* A restarted node has a new cookie: read it again once when refused. */
void
cb_rpc_send(CbRpcCall *calls, int n, size_t max_answer)
{
	CbHttpRequest request;
	const CbHttpAnswer *answer;

	configure();
	prepare(&request, calls, n);
	request.max_answer = max_answer;
	request.timeout_ms = settings.rpc_timeout * 1000;
	cb_slot_count_request();
	answer = cb_http_call(&request);
	if (answer->delivered && answer->status == 401 && has_new_credentials())
	{
		request.credentials = cb_credentials(&settings, false);
		cb_slot_count_request();
		answer = cb_http_call(&request);
	}
	read_answer(calls, n, answer);
}

void
cb_rpc_start_long_poll(const CbRpcCall *call, int timeout_ms)
{
	CbHttpRequest request;

	configure();
	prepare(&request, call, 1);
	request.max_answer = CB_RPC_SMALL;
	request.timeout_ms = timeout_ms;
	cb_slot_count_request();
	cb_http_start_long_poll(&request);
}

bool
cb_rpc_take_long_poll(CbRpcCall *call)
{
	const CbHttpAnswer *answer = cb_http_take_long_poll();

	if (answer == NULL)
		return false;
	read_answer(call, 1, answer);
	return true;
}

static void
prepare(CbHttpRequest *request, const CbRpcCall *calls, int n)
{
	json_t	   *root;
	char	   *body;
	const char *credentials = cb_credentials(&settings, false);

	if (n == 1)
		root = request_object(&calls[0], 0);
	else
	{
		root = cb_json_own(json_array());
		for (int i = 0; i < n; i++)
		{
			if (json_array_append(root, request_object(&calls[i], i)) != 0)
				elog(ERROR, "could not build a request");
		}
	}
	MemSet(request, 0, sizeof(CbHttpRequest));
	request->url = url;
	request->credentials = credentials;
	request->length = json_dumpb(root, NULL, 0, JSON_COMPACT);
	body = palloc(request->length + 1);
	(void) json_dumpb(root, body, request->length, JSON_COMPACT);
	body[request->length] = '\0';
	request->body = body;
	strlcpy(used_credentials, credentials ? credentials : "", sizeof(used_credentials));
}

static json_t *
request_object(const CbRpcCall *call, int id)
{
	json_t	   *params = call->params ? call->params : cb_json_own(json_array());

	return cb_json_own(json_pack("{s:s, s:i, s:s, s:O}", "jsonrpc", "2.0", "id", id,
								 "method", call->method, "params", params));
}

static bool
has_new_credentials(void)
{
	const char *credentials = cb_credentials(&settings, true);

	return credentials != NULL && strcmp(credentials, used_credentials) != 0;
}

static void
read_answer(CbRpcCall *calls, int n, const CbHttpAnswer *answer)
{
	char		message[CB_RPC_MESSAGE_SIZE];

	if (!answer->delivered)
	{
		snprintf(message, sizeof(message), "the node does not answer%s: %s",
				 answer->too_long ? " as it should" : "", answer->error);
		fail_all(calls, n, answer->too_long ? CB_RPC_MALFORMED : CB_RPC_UNREACHABLE, message);
		return;
	}
	switch (answer->status)
	{
		case 401:
			fail_all(calls, n, CB_RPC_REFUSED, "the node refuses the credentials");
			break;
		case 403:
			fail_all(calls, n, CB_RPC_REFUSED, "the node forbids the request");
			break;
		case 503:
			fail_all(calls, n, CB_RPC_UNREACHABLE, "the node has too many requests to serve");
			break;
		default:
			read_body(calls, n, answer);
	}
}

/* The node gives errors a status of their own, with the JSON all the same. */
static void
read_body(CbRpcCall *calls, int n, const CbHttpAnswer *answer)
{
	json_error_t unused;
	char		message[CB_RPC_MESSAGE_SIZE];
	json_t	   *body = json_loadb(answer->body ? answer->body : "", answer->length,
								  JSON_REJECT_DUPLICATES, &unused);

	if (body == NULL)
	{
		snprintf(message, sizeof(message), "the node's answer with status %ld is not JSON",
				 answer->status);
		fail_all(calls, n, CB_RPC_MALFORMED, message);
		return;
	}
	body = cb_json_own(body);
	if (n > 1 && json_is_array(body))
	{
		read_batch(calls, n, body);
		return;
	}
	read_response(&calls[0], body);
	if (n > 1)
	{
		CbRpcCall	first = calls[0];

		fail_all(calls, n, first.status == CB_RPC_OK ? CB_RPC_MALFORMED : first.status,
				 first.message);
	}
}

/* Answers to a batch may come in any order. */
static void
read_batch(CbRpcCall *calls, int n, const json_t *body)
{
	size_t		i;
	const json_t *response;

	fail_all(calls, n, CB_RPC_MALFORMED, "the node left a call of a batch unanswered");
	json_array_foreach(body, i, response)
	{
		const json_t *id = json_object_get(response, "id");

		if (json_is_integer(id) && json_integer_value(id) >= 0 && json_integer_value(id) < n)
			read_response(&calls[json_integer_value(id)], response);
	}
}

static void
read_response(CbRpcCall *call, const json_t *response)
{
	const json_t *error = json_object_get(response, "error");
	json_t	   *result = json_object_get(response, "result");

	call->result = NULL;
	call->code = 0;
	if (error != NULL && !json_is_null(error))
		read_error(call, error);
	else if (result == NULL)
	{
		call->status = CB_RPC_MALFORMED;
		set_message(call, "the node's answer has neither result nor error");
	}
	else
	{
		call->status = CB_RPC_OK;
		call->result = result;
		call->message[0] = '\0';
	}
}

static void
read_error(CbRpcCall *call, const json_t *error)
{
	const json_t *code = json_object_get(error, "code");
	const char *message = json_string_value(json_object_get(error, "message"));

	if (!json_is_integer(code) || message == NULL ||
		json_integer_value(code) < INT_MIN || json_integer_value(code) > INT_MAX)
	{
		call->status = CB_RPC_MALFORMED;
		set_message(call, "the node's error has no code or message");
		return;
	}
	call->code = (int) json_integer_value(code);
	call->status = call->code == CB_RPC_IN_WARMUP ? CB_RPC_WARMING_UP : CB_RPC_ERROR;
	set_message(call, message);
}

static void
fail_all(CbRpcCall *calls, int n, CbRpcStatus status, const char *message)
{
	for (int i = 0; i < n; i++)
	{
		calls[i].status = status;
		calls[i].code = 0;
		calls[i].result = NULL;
		set_message(&calls[i], message);
	}
}

static void
set_message(CbRpcCall *call, const char *message)
{
	if (message != call->message)
		strlcpy(call->message, message, sizeof(call->message));
	(void) cb_make_printable(call->message);
}

json_t *
cb_rpc_demand(const CbRpcCall *call)
{
	if (call->status == CB_RPC_OK)
		return call->result;
	if (call->status == CB_RPC_ERROR)
		ereport(ERROR,
				(errcode(sqlstate(call->status)),
				 errmsg("the node refuses %s: %s", call->method, call->message),
				 errdetail("Its error code is %d.", call->code)));
	ereport(ERROR,
			(errcode(sqlstate(call->status)),
			 errmsg("%s", call->message)));
}

json_t *
cb_rpc_ask(const char *method, json_t *params, size_t max_answer)
{
	CbRpcCall	call = {.method = method,.params = params};

	cb_rpc_send(&call, 1, max_answer);
	return cb_rpc_demand(&call);
}

bool
cb_rpc_is_node_fault(CbRpcStatus status)
{
	return status != CB_RPC_OK && status != CB_RPC_ERROR;
}

bool
cb_rpc_is_node_sqlstate(int code)
{
	return code == sqlstate(CB_RPC_UNREACHABLE) || code == sqlstate(CB_RPC_WARMING_UP) ||
		code == sqlstate(CB_RPC_REFUSED) || code == sqlstate(CB_RPC_MALFORMED);
}

static int
sqlstate(CbRpcStatus status)
{
	switch (status)
	{
		case CB_RPC_UNREACHABLE:
			return ERRCODE_CONNECTION_FAILURE;
		case CB_RPC_WARMING_UP:
			return ERRCODE_CANNOT_CONNECT_NOW;
		case CB_RPC_REFUSED:
			return ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION;
		case CB_RPC_MALFORMED:
			return ERRCODE_PROTOCOL_VIOLATION;
		case CB_RPC_OK:
		case CB_RPC_ERROR:
			break;
	}
	return ERRCODE_EXTERNAL_ROUTINE_EXCEPTION;
}
