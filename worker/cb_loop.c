/*-------------------------------------------------------------------------
 *
 * cb_loop.c
 *	  The one place where the worker waits: latch, sockets and timers together.
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

#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../src/cb_compat.h"
#include "cb_loop.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#if LIBCURL_VERSION_NUM < 0x075700
#error "charmbills needs libcurl 7.87 or later"
#endif

#define MAX_SOCKET_EVENTS 32

/* In the cache and in use together: room for some that may be used again. */
#define MAX_CONNECTIONS 96L

static CURLM *multi = NULL;
static CbLoopEnded on_ended = NULL;
static int	epoll_fd = -1;
static WaitEventSet *wait_set = NULL;
static bool timer_set = false;
static TimestampTz timer_at;
static bool woken = false;

static void make_wait_set(void);
static void make_multi(void);
static void clean_up(int code, Datum arg);
static long until_timer(long timeout_ms);
static void drive_sockets(void);
static void drive_timer(void);
static void drive(curl_socket_t fd, int what);
static void collect_ended(void);
static int	watch_socket(CURL *easy, curl_socket_t fd, int what, void *unused, void *known);
static int	set_timer(CURLM *handle, long timeout_ms, void *unused);
static void check_multi(CURLMcode code);

void
cb_loop_init(CbLoopEnded ended)
{
	before_shmem_exit(clean_up, (Datum) 0);
	on_ended = ended;
	cb_check_curl(curl_global_init(CURL_GLOBAL_DEFAULT), "curl_global_init");
	make_wait_set();
	make_multi();
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
	if (multi == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	check_multi(curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket));
	check_multi(curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer));
	check_multi(curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, MAX_CONNECTIONS));
}

/* Runs after the callbacks of those whose transfers are in it. */
static void
clean_up(int code, Datum arg)
{
	if (multi != NULL)
		(void) curl_multi_cleanup(multi);
	multi = NULL;
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

void
cb_loop_add(CURL *easy)
{
	check_multi(curl_multi_add_handle(multi, easy));
}

void
cb_loop_remove(CURL *easy)
{
	(void) curl_multi_remove_handle(multi, easy);
}

void
cb_loop_step(long timeout_ms)
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
	collect_ended();
}

bool
cb_loop_is_woken(void)
{
	return woken;
}

bool
cb_loop_was_woken(void)
{
	bool		result = woken;

	woken = false;
	return result;
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
		int			what = 0;

		if (events[i].events & EPOLLIN)
			what |= CURL_CSELECT_IN;
		if (events[i].events & EPOLLOUT)
			what |= CURL_CSELECT_OUT;
		if (events[i].events & (EPOLLERR | EPOLLHUP))
			what |= CURL_CSELECT_ERR;
		drive(events[i].data.fd, what);
	}
}

static void
drive_timer(void)
{
	if (!timer_set || GetCurrentTimestamp() < timer_at)
		return;
	timer_set = false;
	drive(CURL_SOCKET_TIMEOUT, 0);
}

/*
 * libcurl asks for addresses in threads, which take over the signals that are
 * blocked now: all, so that none of the server's handlers ever runs in them.
 */
static void
drive(curl_socket_t fd, int what)
{
	sigset_t	all;
	sigset_t	before;
	CURLMcode	code;
	int			running;

	sigfillset(&all);
	(void) pthread_sigmask(SIG_SETMASK, &all, &before);
	code = curl_multi_socket_action(multi, fd, what, &running);
	(void) pthread_sigmask(SIG_SETMASK, &before, NULL);
	check_multi(code);
}

static void
collect_ended(void)
{
	CURLMsg    *message;
	int			left;

	while ((message = curl_multi_info_read(multi, &left)) != NULL)
	{
		CURL	   *easy = message->easy_handle;
		CURLcode	code = message->data.result;
		char	   *owner = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		cb_check_curl(curl_easy_getinfo(easy, CURLINFO_PRIVATE, &owner), "CURLINFO_PRIVATE");
		check_multi(curl_multi_remove_handle(multi, easy));
		on_ended(owner, code);
	}
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

void
cb_check_curl(CURLcode code, const char *what)
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
