/*-------------------------------------------------------------------------
 *
 * cb_health.c
 *	  Building the answers of health(), health_db() and health_jobs().
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "cb_auth.h"
#include "cb_json.h"
#include "cb_version.h"
#include "chain/cb_incarnation.h"
#include "monitoring/cb_health.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"

static Datum jsonb_from_text(const char *text);
static const char *status_name(CbHealthStatus status);

void
cb_health_begin(CbHealth *health)
{
	health->status = CB_HEALTH_OK;
	initStringInfo(&health->reasons);
	health->figures = jsonb_from_text("{}");
}

static Datum
jsonb_from_text(const char *text)
{
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
}

void
cb_health_reason(CbHealth *health, CbHealthStatus status, const char *format,...)
{
	StringInfoData reason;
	va_list		args;
	int			needed;

	initStringInfo(&reason);
	for (;;)
	{
		va_start(args, format);
		needed = appendStringInfoVA(&reason, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&reason, needed);
	}
	if (health->reasons.len > 0)
		appendStringInfoChar(&health->reasons, ',');
	escape_json(&health->reasons, reason.data);
	health->status = Max(health->status, status);
}

void
cb_health_figures(CbHealth *health, Datum jsonb)
{
	health->figures = DirectFunctionCall2(jsonb_concat, health->figures, jsonb);
}

Datum
cb_health_end(CbHealth *health)
{
	CbJson		answer;
	Datum		result;

	cb_json_begin(&answer);
	cb_json_text(&answer, "status", status_name(health->status));
	cb_json_raw(&answer, "reasons", psprintf("[%s]", health->reasons.data));
	result = jsonb_from_text(cb_json_end(&answer));
	if (cb_is_operator())
		result = DirectFunctionCall2(jsonb_concat, health->figures, result);
	return result;
}

static const char *
status_name(CbHealthStatus status)
{
	switch (status)
	{
		case CB_HEALTH_OK:
			return "ok";
		case CB_HEALTH_DEGRADED:
			return "degraded";
		case CB_HEALTH_DOWN:
			return "down";
	}
	pg_unreachable();
}

bool
cb_health_judge_version(CbHealth *health)
{
	char	   *installed;

	if (cb_version_is_ours(&installed))
		return true;
	cb_health_reason(health, CB_HEALTH_DEGRADED,
					 "the library has version %s and the extension %s: ALTER EXTENSION charmbills UPDATE",
					 CHARMBILLS_VERSION, installed);
	return false;
}

/* A standby issues nothing, whatever it is a copy of. */
void
cb_health_judge_adoption(CbHealth *health)
{
	bool		adopted = RecoveryInProgress() || cb_incarnation_is_ours();

	cb_health_figures(health, jsonb_from_text(adopted ? "{\"adopted\": true}" :
											  "{\"adopted\": false}"));
	if (!adopted)
		cb_health_reason(health, CB_HEALTH_DEGRADED,
						 "this database is a copy of another and has not been adopted: "
						 "it issues nothing and runs no job");
}
