/*-------------------------------------------------------------------------
 *
 * cb_transfer.h
 *	  One HTTP request and its bounded answer, carried by the worker's loop.
 *
 * Nothing but http and https, no redirects, and no proxy from the environment.
 * No transaction may be open when a request is started.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_TRANSFER_H
#define CB_TRANSFER_H

#include "postgres.h"

#include <curl/curl.h>

#define CB_TRANSFER_ERROR_SIZE CURL_ERROR_SIZE

/* All zero is a closed one. */
typedef struct CbTransfer
{
	CURL	   *easy;			/* for the options that its owner sets */
	bool		running;
	bool		ended;			/* and not yet taken note of */
	CURLcode	code;			/* how */
	char	   *body;			/* malloc: it grows under libcurl's frames */
	size_t		length;
	size_t		capacity;
	size_t		limit;
	bool		too_long;		/* broken off at the limit, which body has in full */
	bool		out_of_memory;
	char		curl_error[CB_TRANSFER_ERROR_SIZE];
} CbTransfer;

/* Once in a process, before all others. */
extern void cb_transfer_init(void);

extern void cb_transfer_open(CbTransfer *transfer);
extern void cb_transfer_close(CbTransfer *transfer);

/* Send, and return; the options are set. */
extern void cb_transfer_start(CbTransfer *transfer, size_t limit, int timeout_ms);
extern void cb_transfer_stop(CbTransfer *transfer);

/* True once when it has ended. */
extern bool cb_transfer_take(CbTransfer *transfer);

/* Of HTTP; 0 when no answer began. */
extern long cb_transfer_status(const CbTransfer *transfer);
/* Why it failed. */
extern const char *cb_transfer_error(const CbTransfer *transfer);

/* Wait for the latch, for the end of any transfer, or for the time. */
extern void cb_transfer_wait(long timeout_ms);

#endif							/* CB_TRANSFER_H */
