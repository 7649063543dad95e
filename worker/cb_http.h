/*-------------------------------------------------------------------------
 *
 * cb_http.h
 *	  HTTP to the Bitcoin node.
 *
 * Two channels: one for calls, waited for at once, and one for the long-poll
 * that stays open beneath them.  No transaction may be open while a request is.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_HTTP_H
#define CB_HTTP_H

#include "postgres.h"

#define CB_HTTP_ERROR_SIZE 256

typedef struct CbHttpRequest
{
	const char *url;
	const char *credentials;	/* user:password, or NULL */
	const char *body;			/* JSON; copied */
	size_t		length;
	size_t		max_answer;		/* a longer answer is refused */
	int			timeout_ms;
} CbHttpRequest;

typedef struct CbHttpAnswer
{
	bool		delivered;		/* an answer came, whatever its status */
	bool		too_long;		/* none, because it would be longer than allowed */
	long		status;			/* of HTTP */
	const char *body;			/* until the channel's next request */
	size_t		length;
	char		error[CB_HTTP_ERROR_SIZE];	/* why none was delivered */
} CbHttpAnswer;

/* Once in a process; cleans up after itself at exit. */
extern void cb_http_init(void);

/* Send and wait.  Interrupts are served, and other transfers go on. */
extern const CbHttpAnswer *cb_http_call(const CbHttpRequest *request);

/* Send on the long-poll channel and return. */
extern void cb_http_start_long_poll(const CbHttpRequest *request);
extern bool cb_http_long_poll_running(void);
/* The answer once, when there is one; else NULL. */
extern const CbHttpAnswer *cb_http_take_long_poll(void);
extern void cb_http_drop_long_poll(void);

#endif							/* CB_HTTP_H */
