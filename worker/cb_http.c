/*-------------------------------------------------------------------------
 *
 * cb_http.c
 *	  HTTP to the Bitcoin node.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_http.h"
#include "cb_loop.h"
#include "cb_transfer.h"
#include "storage/ipc.h"

typedef struct Channel
{
	CbTransfer	transfer;
	CbHttpAnswer answer;
} Channel;

static Channel call_channel;
static Channel long_poll_channel;
static struct curl_slist *headers = NULL;

static void open_channel(Channel *channel);
static void clean_up(int code, Datum arg);
static void start(Channel *channel, const CbHttpRequest *request);
static const CbHttpAnswer *read_answer(Channel *channel);

void
cb_http_init(void)
{
	before_shmem_exit(clean_up, (Datum) 0);
	headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (headers == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	open_channel(&call_channel);
	open_channel(&long_poll_channel);
}

static void
open_channel(Channel *channel)
{
	cb_transfer_open(&channel->transfer);
	CB_SET_OPTION(channel->transfer.easy, CURLOPT_HTTPAUTH, (long) CURLAUTH_BASIC);
	CB_SET_OPTION(channel->transfer.easy, CURLOPT_POST, 1L);
	CB_SET_OPTION(channel->transfer.easy, CURLOPT_HTTPHEADER, headers);
}

static void
clean_up(int code, Datum arg)
{
	cb_transfer_close(&call_channel.transfer);
	cb_transfer_close(&long_poll_channel.transfer);
	curl_slist_free_all(headers);
	headers = NULL;
}

const CbHttpAnswer *
cb_http_call(const CbHttpRequest *request)
{
	start(&call_channel, request);
	while (!cb_transfer_take(&call_channel.transfer))
		cb_loop_step(-1);
	return read_answer(&call_channel);
}

void
cb_http_start_long_poll(const CbHttpRequest *request)
{
	start(&long_poll_channel, request);
}

bool
cb_http_long_poll_running(void)
{
	return long_poll_channel.transfer.running;
}

const CbHttpAnswer *
cb_http_take_long_poll(void)
{
	if (!cb_transfer_take(&long_poll_channel.transfer))
		return NULL;
	return read_answer(&long_poll_channel);
}

void
cb_http_drop_long_poll(void)
{
	cb_transfer_stop(&long_poll_channel.transfer);
}

/* An error may have left the channel's last request behind. */
static void
start(Channel *channel, const CbHttpRequest *request)
{
	CURL	   *easy = channel->transfer.easy;

	cb_transfer_stop(&channel->transfer);
	CB_SET_OPTION(easy, CURLOPT_URL, request->url);
	CB_SET_OPTION(easy, CURLOPT_USERPWD, request->credentials);
	CB_SET_OPTION(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->length);
	CB_SET_OPTION(easy, CURLOPT_COPYPOSTFIELDS, request->body);
	cb_transfer_start(&channel->transfer, request->max_answer, request->timeout_ms);
}

/* Nothing of an answer that is longer than allowed is of use. */
static const CbHttpAnswer *
read_answer(Channel *channel)
{
	const CbTransfer *transfer = &channel->transfer;
	CbHttpAnswer *answer = &channel->answer;

	answer->delivered = (transfer->code == CURLE_OK);
	answer->too_long = transfer->too_long;
	answer->status = answer->delivered ? cb_transfer_status(transfer) : 0;
	answer->body = transfer->body;
	answer->length = transfer->length;
	if (answer->too_long)
		snprintf(answer->error, sizeof(answer->error),
				 "the answer is longer than %zu bytes", transfer->limit);
	else if (!answer->delivered)
		strlcpy(answer->error, cb_transfer_error(transfer), sizeof(answer->error));
	return answer;
}
