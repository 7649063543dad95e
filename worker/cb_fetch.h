/*-------------------------------------------------------------------------
 *
 * cb_fetch.h
 *	  HTTP to whoever a merchant or an operator names, many requests at a time.
 *
 * The other side is trusted with nothing: neither with time, nor with memory,
 * nor with an address inside our own network.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_FETCH_H
#define CB_FETCH_H

#include "postgres.h"

/* Requests under way at once, whatever their sort. */
#define CB_FETCH_SLOTS 72

typedef struct CbFetchRequest
{
	bool		is_post;		/* else GET */
	const char *url;
	char	  **headers;		/* "name: value" each */
	int			n_headers;
	const char *body;			/* copied; NULL for none */
	size_t		length;
	int			timeout_ms;		/* for all of it */
	size_t		max_answer;		/* a longer answer is cut off */
	bool		allow_private;	/* also addresses that are not public */
} CbFetchRequest;

typedef struct CbFetchAnswer
{
	const char *error;			/* NULL when an answer came, whatever its status */
	long		status;
	int			retry_after;	/* s; 0: it did not say */
	const char *body;
	size_t		length;
	int			duration_ms;
} CbFetchAnswer;

/* Once in a process; cleans up after itself at exit. */
extern void cb_fetch_init(void);

/* Send in a slot that is free, and return. */
extern void cb_fetch_start(int slot, const CbFetchRequest *request);
/* True once the request has ended; answer lives until the slot is freed. */
extern bool cb_fetch_take(int slot, CbFetchAnswer *answer);
extern void cb_fetch_free(int slot);

#endif							/* CB_FETCH_H */
