/*-------------------------------------------------------------------------
 *
 * cb_transfer.c
 *	  One HTTP request and its bounded answer, carried by the worker's loop.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "cb_loop.h"
#include "cb_transfer.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#define MAX_CONNECT_MS 10000

/* Answers of usual size keep their buffer from one request to the next. */
#define KEPT_BUFFER_SIZE ((size_t) 1024 * 1024)
#define FIRST_BUFFER_SIZE ((size_t) 16 * 1024)

/* Ended, and not yet taken note of. */
static int	n_ended = 0;

static void end(void *owner, CURLcode code);
static void forget_end(CbTransfer *transfer);
static size_t receive(char *data, size_t size, size_t count, void *arg);
static bool make_room(CbTransfer *transfer, size_t size);

void
cb_transfer_init(void)
{
	cb_loop_init(end);
}

/*
 * A proxy from the environment is not wanted: what is sent is for nobody else.
 * Looking up an address cannot be broken off, and is left to itself where its
 * request has ended (QUICK_EXIT).
 */
void
cb_transfer_open(CbTransfer *transfer)
{
	CURL	   *easy = curl_easy_init();

	if (easy == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	transfer->easy = easy;
	CB_SET_OPTION(easy, CURLOPT_PRIVATE, transfer);
	CB_SET_OPTION(easy, CURLOPT_NOSIGNAL, 1L);
	CB_SET_OPTION(easy, CURLOPT_QUICK_EXIT, 1L);
	CB_SET_OPTION(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	CB_SET_OPTION(easy, CURLOPT_FOLLOWLOCATION, 0L);
	CB_SET_OPTION(easy, CURLOPT_PROXY, "");
	CB_SET_OPTION(easy, CURLOPT_USERAGENT, "charmbills/" CHARMBILLS_VERSION);
	CB_SET_OPTION(easy, CURLOPT_WRITEFUNCTION, receive);
	CB_SET_OPTION(easy, CURLOPT_WRITEDATA, transfer);
	CB_SET_OPTION(easy, CURLOPT_ERRORBUFFER, transfer->curl_error);
}

void
cb_transfer_close(CbTransfer *transfer)
{
	cb_transfer_stop(transfer);
	curl_easy_cleanup(transfer->easy);
	free(transfer->body);
	MemSet(transfer, 0, sizeof(CbTransfer));
}

void
cb_transfer_start(CbTransfer *transfer, size_t limit, int timeout_ms)
{
	if (IsTransactionState())
		elog(ERROR, "HTTP request while a transaction is open");
	Assert(!transfer->running && !transfer->ended);
	transfer->length = 0;
	transfer->limit = limit;
	transfer->too_long = false;
	transfer->out_of_memory = false;
	transfer->curl_error[0] = '\0';
	CB_SET_OPTION(transfer->easy, CURLOPT_CONNECTTIMEOUT_MS, (long) Min(timeout_ms, MAX_CONNECT_MS));
	CB_SET_OPTION(transfer->easy, CURLOPT_TIMEOUT_MS, (long) timeout_ms);
	cb_loop_add(transfer->easy);
	transfer->running = true;
}

void
cb_transfer_stop(CbTransfer *transfer)
{
	if (transfer->running)
		cb_loop_remove(transfer->easy);
	transfer->running = false;
	forget_end(transfer);
	if (transfer->capacity > KEPT_BUFFER_SIZE)
	{
		free(transfer->body);
		transfer->body = NULL;
		transfer->capacity = 0;
	}
}

/* The body stays until the next request, for the owner to read. */
static void
end(void *owner, CURLcode code)
{
	CbTransfer *transfer = (CbTransfer *) owner;

	transfer->running = false;
	transfer->code = code;
	transfer->ended = true;
	n_ended++;
}

static void
forget_end(CbTransfer *transfer)
{
	if (transfer->ended)
		n_ended--;
	transfer->ended = false;
}

bool
cb_transfer_take(CbTransfer *transfer)
{
	bool		ended = transfer->ended;

	forget_end(transfer);
	return ended;
}

long
cb_transfer_status(const CbTransfer *transfer)
{
	long		status = 0;

	cb_check_curl(curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status),
				  "CURLINFO_RESPONSE_CODE");
	return status;
}

const char *
cb_transfer_error(const CbTransfer *transfer)
{
	if (transfer->out_of_memory)
		return "out of memory";
	return transfer->curl_error[0] != '\0' ? transfer->curl_error : curl_easy_strerror(transfer->code);
}

void
cb_transfer_wait(long timeout_ms)
{
	TimestampTz limit = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout_ms);

	CHECK_FOR_INTERRUPTS();
	while (!cb_loop_is_woken() && n_ended == 0)
	{
		long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), limit);

		if (left <= 0)
			break;
		cb_loop_step(left);
	}
}

/* Fewer bytes taken than given break the request off. */
static size_t
receive(char *data, size_t size, size_t count, void *arg)
{
	CbTransfer *transfer = (CbTransfer *) arg;
	size_t		given = size * count;
	size_t		taken = Min(given, transfer->limit - transfer->length);

	if (!make_room(transfer, transfer->length + taken))
	{
		transfer->out_of_memory = true;
		return 0;
	}
	memcpy(transfer->body + transfer->length, data, taken);
	transfer->length += taken;
	transfer->too_long = taken < given;
	return taken;
}

static bool
make_room(CbTransfer *transfer, size_t size)
{
	size_t		capacity = Max(transfer->capacity, FIRST_BUFFER_SIZE);
	char	   *body;

	while (capacity < size)
		capacity *= 2;
	if (capacity == transfer->capacity)
		return true;
	body = realloc(transfer->body, capacity);
	if (body == NULL)
		return false;
	transfer->body = body;
	transfer->capacity = capacity;
	return true;
}
