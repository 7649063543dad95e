/*-------------------------------------------------------------------------
 *
 * cb_fetch.c
 *	  HTTP to whoever a merchant or an operator names, many requests at a time.
 *
 * The address is judged where a socket is made for it, after names have been
 * resolved, so that no name can lead elsewhere; and once more before a request
 * is sent, since a connection may have been kept from another request that was
 * allowed more.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/socket.h>
#include <unistd.h>

#include "cb_address_guard.h"
#include "cb_fetch.h"
#include "cb_link.h"
#include "cb_loop.h"
#include "cb_transfer.h"
#include "storage/fd.h"
#include "storage/ipc.h"

/* All headers of an answer together. */
#define MAX_HEADERS 65536

/* Who thinks for minutes must not be forgotten by what lies between us. */
#define KEEPALIVE_AFTER 60L		/* s */
#define KEEPALIVE_EVERY 20L

#define REFUSED "could not connect: the address is private or reserved"

typedef struct Fetch
{
	CbTransfer	transfer;
	struct curl_slist *headers;
	bool		allow_private;
	bool		refused;		/* one of its addresses, at least */
	size_t		header_bytes;
} Fetch;

static Fetch fetches[CB_FETCH_SLOTS];

static void clean_up(int code, Datum arg);
static void set_connection_options(Fetch *fetch);
static void set_tls_options(CURL *easy);
static void set_request_options(Fetch *fetch, const CbFetchRequest *request);
static void add_header(Fetch *fetch, const char *line);
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address);
static int	close_socket(void *unused, curl_socket_t fd);
static int	check_peer(void *arg, char *peer, char *own, int peer_port, int own_port);
static size_t count_header(char *data, size_t size, size_t count, void *arg);
static const char *error_of(const Fetch *fetch);
static int	retry_after(CURL *easy);
static int	duration(CURL *easy);

void
cb_fetch_init(void)
{
	before_shmem_exit(clean_up, (Datum) 0);
}

static void
clean_up(int code, Datum arg)
{
	for (int i = 0; i < CB_FETCH_SLOTS; i++)
		cb_fetch_free(i);
}

/* An error may have left the slot's last request behind. */
void
cb_fetch_start(int slot, const CbFetchRequest *request)
{
	Fetch	   *fetch = &fetches[slot];

	cb_fetch_free(slot);
	cb_transfer_open(&fetch->transfer);
	fetch->allow_private = request->allow_private;
	set_connection_options(fetch);
	set_tls_options(fetch->transfer.easy);
	set_request_options(fetch, request);
	cb_transfer_start(&fetch->transfer, request->max_answer, request->timeout_ms);
}

void
cb_fetch_free(int slot)
{
	Fetch	   *fetch = &fetches[slot];

	cb_transfer_close(&fetch->transfer);
	curl_slist_free_all(fetch->headers);
	MemSet(fetch, 0, sizeof(Fetch));
}

static void
set_connection_options(Fetch *fetch)
{
	CURL	   *easy = fetch->transfer.easy;

	CB_SET_OPTION(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	CB_SET_OPTION(easy, CURLOPT_OPENSOCKETDATA, fetch);
	CB_SET_OPTION(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	CB_SET_OPTION(easy, CURLOPT_PREREQFUNCTION, check_peer);
	CB_SET_OPTION(easy, CURLOPT_PREREQDATA, fetch);
	CB_SET_OPTION(easy, CURLOPT_HEADERFUNCTION, count_header);
	CB_SET_OPTION(easy, CURLOPT_HEADERDATA, fetch);
	CB_SET_OPTION(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	CB_SET_OPTION(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	CB_SET_OPTION(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	CB_SET_OPTION(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_AFTER);
	CB_SET_OPTION(easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_EVERY);
}

/* A file of our own takes the place of the system's authorities. */
static void
set_tls_options(CURL *easy)
{
	CbWorkerSettings settings;

	CB_SET_OPTION(easy, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	CB_SET_OPTION(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	CB_SET_OPTION(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	cb_link_settings(&settings);
	if (settings.webhook_ca_file[0] == '\0')
		return;
	CB_SET_OPTION(easy, CURLOPT_CAINFO, settings.webhook_ca_file);
	CB_SET_OPTION(easy, CURLOPT_CAPATH, NULL);
}

static void
set_request_options(Fetch *fetch, const CbFetchRequest *request)
{
	CURL	   *easy = fetch->transfer.easy;

	CB_SET_OPTION(easy, CURLOPT_URL, request->url);
	/* Nobody is asked first whether he wants a long body. */
	add_header(fetch, "Expect:");
	for (int i = 0; i < request->n_headers; i++)
		add_header(fetch, request->headers[i]);
	CB_SET_OPTION(easy, CURLOPT_HTTPHEADER, fetch->headers);
	if (!request->is_post)
		return;
	CB_SET_OPTION(easy, CURLOPT_POST, 1L);
	CB_SET_OPTION(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->length);
	CB_SET_OPTION(easy, CURLOPT_COPYPOSTFIELDS, request->body ? request->body : "");
}

static void
add_header(Fetch *fetch, const char *line)
{
	struct curl_slist *longer = curl_slist_append(fetch->headers, line);

	if (longer == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	fetch->headers = longer;
}

/* Counts with the server's other files, so that those do not run out. */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	Fetch	   *fetch = (Fetch *) arg;
	int			fd;

	if (purpose != CURLSOCKTYPE_IPCXN ||
		(!fetch->allow_private && !cb_address_is_public(&address->addr, address->addrlen)))
	{
		fetch->refused = true;
		return CURL_SOCKET_BAD;
	}
	if (!AcquireExternalFD())
		return CURL_SOCKET_BAD;
	fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	if (fd < 0)
	{
		ReleaseExternalFD();
		return CURL_SOCKET_BAD;
	}
	return fd;
}

static int
close_socket(void *unused, curl_socket_t fd)
{
	ReleaseExternalFD();
	return close(fd);
}

static int
check_peer(void *arg, char *peer, char *own, int peer_port, int own_port)
{
	Fetch	   *fetch = (Fetch *) arg;

	if (fetch->allow_private || cb_address_text_is_public(peer))
		return CURL_PREREQFUNC_OK;
	fetch->refused = true;
	return CURL_PREREQFUNC_ABORT;
}

static size_t
count_header(char *data, size_t size, size_t count, void *arg)
{
	Fetch	   *fetch = (Fetch *) arg;

	fetch->header_bytes += size * count;
	return fetch->header_bytes > MAX_HEADERS ? 0 : size * count;
}

bool
cb_fetch_take(int slot, CbFetchAnswer *answer)
{
	Fetch	   *fetch = &fetches[slot];

	if (!cb_transfer_take(&fetch->transfer))
		return false;
	answer->error = error_of(fetch);
	answer->status = cb_transfer_status(&fetch->transfer);
	answer->retry_after = retry_after(fetch->transfer.easy);
	answer->body = fetch->transfer.body;
	answer->length = fetch->transfer.length;
	answer->duration_ms = duration(fetch->transfer.easy);
	return true;
}

/* An answer that was cut off is one. */
static const char *
error_of(const Fetch *fetch)
{
	CURLcode	code = fetch->transfer.code;

	if (code == CURLE_OK || fetch->transfer.too_long)
		return NULL;
	if (fetch->refused && (code == CURLE_COULDNT_CONNECT || code == CURLE_ABORTED_BY_CALLBACK))
		return REFUSED;
	if (fetch->header_bytes > MAX_HEADERS)
		return "the answer's headers are too long";
	return cb_transfer_error(&fetch->transfer);
}

static int
retry_after(CURL *easy)
{
	curl_off_t	seconds = 0;

	cb_check_curl(curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds), "CURLINFO_RETRY_AFTER");
	return (int) Min(Max(seconds, 0), PG_INT32_MAX);
}

static int
duration(CURL *easy)
{
	curl_off_t	microseconds = 0;

	cb_check_curl(curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &microseconds),
				  "CURLINFO_TOTAL_TIME_T");
	return (int) Min(microseconds / 1000, PG_INT32_MAX);
}
