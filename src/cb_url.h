/*-------------------------------------------------------------------------
 *
 * cb_url.h
 *	  URLs that others give us to talk to.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_URL_H
#define CB_URL_H

#include "postgres.h"

/*
 * What is wrong with an https URL, or an http one where that is allowed, as a
 * sentence without full stop; NULL when nothing is.  Credentials are refused.
 */
extern const char *cb_url_fault(const char *url, bool allow_http);

#endif							/* CB_URL_H */
