/*-------------------------------------------------------------------------
 *
 * cb_loop.h
 *	  The one place where the worker waits: latch, sockets and timers together.
 *
 * All HTTP of the process goes through one libcurl multi handle, so that
 * requests to others move on while the worker waits for its node.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_LOOP_H
#define CB_LOOP_H

#include "postgres.h"

#include <curl/curl.h>

/* Hears of each transfer that has ended: owner is its CURLOPT_PRIVATE. */
typedef void (*CbLoopEnded) (void *owner, CURLcode code);

/* Once in a process; cleans up after itself at exit. */
extern void cb_loop_init(CbLoopEnded ended);

extern void cb_loop_add(CURL *easy);
extern void cb_loop_remove(CURL *easy);

/*
 * Wait once, and do what the wait was for; interrupts are served.
 * timeout_ms: -1 for ever.
 */
extern void cb_loop_step(long timeout_ms);

/* Whether the latch has been set and nobody has taken note of it. */
extern bool cb_loop_is_woken(void);
/* The same, and takes note. */
extern bool cb_loop_was_woken(void);

/* Raise an error unless it went well. */
extern void cb_check_curl(CURLcode code, const char *what);

#define CB_SET_OPTION(easy, option, value) \
	cb_check_curl(curl_easy_setopt((easy), (option), (value)), #option)

#endif							/* CB_LOOP_H */
