/*-------------------------------------------------------------------------
 *
 * cb_http.c
 *	  HTTP to the Bitcoin node, waiting for latch and sockets together.
 *
 * A WaitEventSet cannot forget a socket, so libcurl's sockets live in an epoll
 * set of their own, and that one descriptor is waited for next to the latch and
 * the postmaster's death.  libcurl's callbacks must not raise errors, which
 * would jump over its frames: they record, and what is wrong is told outside.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../src/cb_compat.h"
#include "access/xact.h"
#include "cb_http.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#if LIBCURL_VERSION_NUM < 0x075500
#error "charmbills needs libcurl 7.85 or later"
#endif

#define MAX_SOCKET_EVENTS 8
#define MAX_CONNECT_MS 10000

/* Answers of usual size keep their buffer from one request to the next. */
#define KEPT_BUFFER_SIZE ((size_t) 1024 * 1024)
#define FIRST_BUFFER_SIZE ((size_t) 16 * 1024)

typedef struct Channel
{
	CURL	   *easy;
	bool		running;
	bool		untaken;		/* finished, and the answer not yet looked at */
	char	   *buffer;			/* malloc: it grows under libcurl's frames */
	size_t		capacity;
	size_t		limit;
	bool		out_of_memory;
	char		curl_error[CURL_ERROR_SIZE];
	CbHttpAnswer answer;
} Channel;

static Channel channels[CB_HTTP_CHANNELS];
static CURLM *multi = NULL;
static struct curl_slist *headers = NULL;
static int	epoll_fd = -1;
static WaitEventSet *wait_set = NULL;
static bool timer_set = false;
static TimestampTz timer_at;
static bool woken = false;

static void make_wait_set(void);
static void make_multi(void);
static void make_channel(Channel *channel);
static void clean_up(int code, Datum arg);
static void start(Channel *channel, const CbHttpRequest *request);
static void stop(Channel *channel);
static void set_request_options(Channel *channel, const CbHttpRequest *request);
static void step(long timeout_ms);
static long until_timer(long timeout_ms);
static void drive_sockets(void);
static void drive_timer(void);
static void collect_finished(void);
static void finish(Channel *channel, CURLcode code);
static int	watch_socket(CURL *easy, curl_socket_t fd, int what, void *unused, void *known);
static int	set_timer(CURLM *handle, long timeout_ms, void *unused);
static size_t receive(char *data, size_t size, size_t count, void *arg);
static bool make_room(Channel *channel, size_t size);
static void check_curl(CURLcode code, const char *what);
static void check_multi(CURLMcode code);

#define SET_OPTION(easy, option, value) \
	check_curl(curl_easy_setopt((easy), (option), (value)), #option)

void
cb_http_init(void)
{
	before_shmem_exit(clean_up, (Datum) 0);
	check_curl(curl_global_init(CURL_GLOBAL_DEFAULT), "curl_global_init");
	make_wait_set();
	make_multi();
	for (int i = 0; i < CB_HTTP_CHANNELS; i++)
		make_channel(&channels[i]);
}

static void
make_wait_set(void)
{
	ReserveExternalFD();
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		ereport(ERROR,
				(errcode_for_socket_access(),
				 errmsg("could not create epoll set: %m")));
	wait_set = cb_create_wait_event_set(3);
	AddWaitEventToSet(wait_set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(wait_set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	AddWaitEventToSet(wait_set, WL_SOCKET_READABLE, epoll_fd, NULL, NULL);
}

static void
make_multi(void)
{
	multi = curl_multi_init();
	headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (multi == NULL || headers == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	check_multi(curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket));
	check_multi(curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer));
}

/*
 * What holds for every request.  Proxies from the environment are not wanted:
 * the node is near, and its credentials are nobody else's business.
 */
static void
make_channel(Channel *channel)
{
	CURL	   *easy = curl_easy_init();

	if (easy == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	channel->easy = easy;
	SET_OPTION(easy, CURLOPT_PRIVATE, channel);
	SET_OPTION(easy, CURLOPT_NOSIGNAL, 1L);
	SET_OPTION(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	SET_OPTION(easy, CURLOPT_FOLLOWLOCATION, 0L);
	SET_OPTION(easy, CURLOPT_PROXY, "");
	SET_OPTION(easy, CURLOPT_HTTPAUTH, (long) CURLAUTH_BASIC);
	SET_OPTION(easy, CURLOPT_POST, 1L);
	SET_OPTION(easy, CURLOPT_HTTPHEADER, headers);
	SET_OPTION(easy, CURLOPT_USERAGENT, "charmbills/" CHARMBILLS_VERSION);
	SET_OPTION(easy, CURLOPT_WRITEFUNCTION, receive);
	SET_OPTION(easy, CURLOPT_WRITEDATA, channel);
	SET_OPTION(easy, CURLOPT_ERRORBUFFER, channel->curl_error);
}

static void
clean_up(int code, Datum arg)
{
	for (int i = 0; i < CB_HTTP_CHANNELS; i++)
	{
		stop(&channels[i]);
		curl_easy_cleanup(channels[i].easy);
		free(channels[i].buffer);
	}
	MemSet(channels, 0, sizeof(channels));
	if (multi != NULL)
		(void) curl_multi_cleanup(multi);
	multi = NULL;
	curl_slist_free_all(headers);
	headers = NULL;
	if (wait_set != NULL)
		FreeWaitEventSet(wait_set);
	wait_set = NULL;
	if (epoll_fd >= 0)
	{
		(void) close(epoll_fd);
		ReleaseExternalFD();
	}
	epoll_fd = -1;
}

const CbHttpAnswer *
cb_http_call(const CbHttpRequest *request)
{
	Channel    *channel = &channels[CB_HTTP_CALL];

	start(channel, request);
	while (channel->running)
		step(-1);
	channel->untaken = false;
	return &channel->answer;
}

void
cb_http_start_long_poll(const CbHttpRequest *request)
{
	start(&channels[CB_HTTP_LONG_POLL], request);
}

bool
cb_http_long_poll_running(void)
{
	return channels[CB_HTTP_LONG_POLL].running;
}

const CbHttpAnswer *
cb_http_take_long_poll(void)
{
	Channel    *channel = &channels[CB_HTTP_LONG_POLL];

	if (!channel->untaken)
		return NULL;
	channel->untaken = false;
	return &channel->answer;
}

void
cb_http_drop_long_poll(void)
{
	stop(&channels[CB_HTTP_LONG_POLL]);
	channels[CB_HTTP_LONG_POLL].untaken = false;
}

void
cb_http_wait(long timeout_ms)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout_ms);

	CHECK_FOR_INTERRUPTS();
	while (!woken && !channels[CB_HTTP_LONG_POLL].untaken)
	{
		long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), end);

		if (left <= 0)
			break;
		step(left);
	}
}

bool
cb_http_was_woken(void)
{
	bool		result = woken;

	woken = false;
	return result;
}

/* An error may have left the channel's last request behind. */
static void
start(Channel *channel, const CbHttpRequest *request)
{
	if (IsTransactionState())
		elog(ERROR, "request to the node while a transaction is open");
	stop(channel);
	channel->answer.delivered = false;
	channel->answer.length = 0;
	channel->limit = request->max_answer;
	channel->answer.too_long = false;
	channel->out_of_memory = false;
	channel->untaken = false;
	channel->curl_error[0] = '\0';
	set_request_options(channel, request);
	check_multi(curl_multi_add_handle(multi, channel->easy));
	channel->running = true;
}

static void
stop(Channel *channel)
{
	if (channel->running)
		(void) curl_multi_remove_handle(multi, channel->easy);
	channel->running = false;
	if (channel->capacity > KEPT_BUFFER_SIZE)
	{
		free(channel->buffer);
		channel->buffer = NULL;
		channel->capacity = 0;
	}
}

static void
set_request_options(Channel *channel, const CbHttpRequest *request)
{
	CURL	   *easy = channel->easy;

	SET_OPTION(easy, CURLOPT_URL, request->url);
	SET_OPTION(easy, CURLOPT_USERPWD, request->credentials);
	SET_OPTION(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->length);
	SET_OPTION(easy, CURLOPT_COPYPOSTFIELDS, request->body);
	SET_OPTION(easy, CURLOPT_CONNECTTIMEOUT_MS, (long) Min(request->timeout_ms, MAX_CONNECT_MS));
	SET_OPTION(easy, CURLOPT_TIMEOUT_MS, (long) request->timeout_ms);
}

/* Wait once, and do what the wait was for.  timeout_ms: -1 for ever. */
static void
step(long timeout_ms)
{
	WaitEvent	events[3];
	int			n = WaitEventSetWait(wait_set, until_timer(timeout_ms), events,
									 lengthof(events), PG_WAIT_EXTENSION);

	for (int i = 0; i < n; i++)
	{
		if (events[i].events & WL_LATCH_SET)
		{
			ResetLatch(MyLatch);
			woken = true;
		}
		if (events[i].events & WL_SOCKET_READABLE)
			drive_sockets();
	}
	CHECK_FOR_INTERRUPTS();
	drive_timer();
	collect_finished();
}

/* The lesser of the caller's time and libcurl's. */
static long
until_timer(long timeout_ms)
{
	long		left;

	if (!timer_set)
		return timeout_ms;
	left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), timer_at);
	return timeout_ms < 0 ? left : Min(left, timeout_ms);
}

static void
drive_sockets(void)
{
	struct epoll_event events[MAX_SOCKET_EVENTS];
	int			n = epoll_wait(epoll_fd, events, MAX_SOCKET_EVENTS, 0);

	for (int i = 0; i < n; i++)
	{
		int			running;
		int			what = 0;

		if (events[i].events & EPOLLIN)
			what |= CURL_CSELECT_IN;
		if (events[i].events & EPOLLOUT)
			what |= CURL_CSELECT_OUT;
		if (events[i].events & (EPOLLERR | EPOLLHUP))
			what |= CURL_CSELECT_ERR;
		check_multi(curl_multi_socket_action(multi, events[i].data.fd, what, &running));
	}
}

static void
drive_timer(void)
{
	int			running;

	if (!timer_set || GetCurrentTimestamp() < timer_at)
		return;
	timer_set = false;
	check_multi(curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running));
}

static void
collect_finished(void)
{
	CURLMsg    *message;
	int			left;

	while ((message = curl_multi_info_read(multi, &left)) != NULL)
	{
		CURLcode	code = message->data.result;
		char	   *private = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		check_curl(curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private),
				   "CURLINFO_PRIVATE");
		finish((Channel *) private, code);
	}
}

/* The buffer stays until the channel's next request, for the caller to read. */
static void
finish(Channel *channel, CURLcode code)
{
	CbHttpAnswer *answer = &channel->answer;

	check_multi(curl_multi_remove_handle(multi, channel->easy));
	channel->running = false;
	channel->untaken = true;
	answer->body = channel->buffer;
	answer->delivered = (code == CURLE_OK);
	answer->status = 0;
	if (answer->delivered)
		check_curl(curl_easy_getinfo(channel->easy, CURLINFO_RESPONSE_CODE, &answer->status),
				   "CURLINFO_RESPONSE_CODE");
	else if (channel->answer.too_long)
		snprintf(answer->error, sizeof(answer->error),
				 "the answer is longer than %zu bytes", channel->limit);
	else if (channel->out_of_memory)
		strlcpy(answer->error, "out of memory", sizeof(answer->error));
	else
		strlcpy(answer->error,
				channel->curl_error[0] != '\0' ? channel->curl_error : curl_easy_strerror(code),
				sizeof(answer->error));
}

/* libcurl says which of its sockets it wants to hear of; -1 fails the request. */
static int
watch_socket(CURL *easy, curl_socket_t fd, int what, void *unused, void *known)
{
	struct epoll_event event = {0};

	if (what == CURL_POLL_REMOVE)
	{
		(void) epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, &event);
		return 0;
	}
	event.data.fd = fd;
	if (what & CURL_POLL_IN)
		event.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		event.events |= EPOLLOUT;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
		return 0;
	if (errno == EEXIST && epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0)
		return 0;
	return -1;
}

static int
set_timer(CURLM *handle, long timeout_ms, void *unused)
{
	timer_set = (timeout_ms >= 0);
	if (timer_set)
		timer_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout_ms);
	return 0;
}

/* Fewer bytes taken than given fail the request. */
static size_t
receive(char *data, size_t size, size_t count, void *arg)
{
	Channel    *channel = (Channel *) arg;
	size_t		n = size * count;

	if (n > channel->limit - channel->answer.length)
	{
		channel->answer.too_long = true;
		return 0;
	}
	if (!make_room(channel, channel->answer.length + n))
	{
		channel->out_of_memory = true;
		return 0;
	}
	memcpy(channel->buffer + channel->answer.length, data, n);
	channel->answer.length += n;
	return n;
}

static bool
make_room(Channel *channel, size_t size)
{
	size_t		capacity = Max(channel->capacity, FIRST_BUFFER_SIZE);
	char	   *buffer;

	while (capacity < size)
		capacity *= 2;
	if (capacity == channel->capacity)
		return true;
	buffer = realloc(channel->buffer, capacity);
	if (buffer == NULL)
		return false;
	channel->buffer = buffer;
	channel->capacity = capacity;
	return true;
}

static void
check_curl(CURLcode code, const char *what)
{
	if (code != CURLE_OK)
		ereport(ERROR,
				(errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
				 errmsg("libcurl refused %s: %s", what, curl_easy_strerror(code))));
}

static void
check_multi(CURLMcode code)
{
	if (code != CURLM_OK)
		ereport(ERROR,
				(errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
				 errmsg("libcurl failed: %s", curl_multi_strerror(code))));
}
