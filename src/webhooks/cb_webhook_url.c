/*-------------------------------------------------------------------------
 *
 * cb_webhook_url.c
 *	  Which URLs webhooks may go to.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_errors.h"
#include "cb_guc.h"
#include "cb_url.h"
#include "webhooks/cb_webhook_internal.h"

/* The URL itself is not repeated: it may hold a secret. */
void
cb_webhook_check_url(const char *url)
{
	const char *fault = cb_url_fault(url, cb_guc_webhook_allow_private);

	if (fault == NULL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CB_INVALID_ARGUMENT),
			 errmsg("webhooks cannot go to this URL"),
			 errdetail("%s.", fault),
			 errhidestmt(true),
			 errhidecontext(true)));
}
