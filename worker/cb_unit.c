/*-------------------------------------------------------------------------
 *
 * cb_unit.c
 *	  A piece of the worker's work that fails and recovers by itself.
 *
 * What fails in the same way again and again is logged once.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_link.h"
#include "cb_unit.h"

static void note_success(CbUnit *unit);
static void note_failure(CbUnit *unit, const CbFailure *failure);

TimestampTz
cb_unit_next(const CbUnit *unit)
{
	return Max(unit->due_at, unit->backoff.not_before);
}

bool
cb_unit_run(CbUnit *unit)
{
	CbFailure	failure;

	if (cb_unit_next(unit) > GetCurrentTimestamp())
		return !cb_unit_failing(unit);
	if (cb_attempt(unit->run, &failure))
		note_success(unit);
	else
		note_failure(unit, &failure);
	unit->ran_at = GetCurrentTimestamp();
	return !cb_unit_failing(unit);
}

bool
cb_unit_failing(const CbUnit *unit)
{
	return unit->backoff.failures > 0;
}

TimestampTz
cb_unit_after_pause(const CbUnit *unit, TimestampTz due)
{
	TimestampTz soonest = TimestampTzPlusMilliseconds(unit->ran_at, CB_UNIT_PAUSE_MS);

	return unit->ran_at == 0 ? due : Max(due, soonest);
}

static void
note_success(CbUnit *unit)
{
	CbWorkerSettings settings;

	if (!cb_unit_failing(unit))
		return;
	cb_link_settings(&settings);
	ereport(settings.log_level,
			(errmsg("charmbills worker can %s again", unit->purpose)));
	cb_backoff_reset(&unit->backoff);
	unit->failure.message[0] = '\0';
}

static void
note_failure(CbUnit *unit, const CbFailure *failure)
{
	bool		changed = strcmp(unit->failure.message, failure->message) != 0 ||
		unit->failure.blocker != failure->blocker;

	cb_backoff_fail(&unit->backoff);
	unit->failure = *failure;
	if (failure->sqlstate == CB_SQLSTATE_EXTENSION_GONE)
		return;
	cb_slot_set_error(failure->message);
	if (changed)
		ereport(WARNING,
				(errcode(failure->sqlstate),
				 errmsg("charmbills worker cannot %s: %s", unit->purpose, failure->message),
				 failure->blocker == 0 ? 0 :
				 errdetail("Process %d holds a lock that it needs.", failure->blocker)));
}
