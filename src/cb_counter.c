/*-------------------------------------------------------------------------
 *
 * cb_counter.c
 *	  Counters of calls, errors and time for each SQL function.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_counter.h"
#include "cb_shared.h"

static int	find_or_make(const char *name);

void
cb_counter_add(int *index, const char *name, instr_time started, bool failed)
{
	instr_time	elapsed;
	CbCallCounter *counter;

	if (cb_shared == NULL)
		return;
	if (*index < 0)
		*index = find_or_make(name);
	if (*index < 0)
		return;
	INSTR_TIME_SET_CURRENT(elapsed);
	INSTR_TIME_SUBTRACT(elapsed, started);
	counter = &cb_shared->calls[*index];
	pg_atomic_fetch_add_u64(&counter->calls, 1);
	pg_atomic_fetch_add_u64(&counter->microseconds, INSTR_TIME_GET_MICROSEC(elapsed));
	if (failed)
		pg_atomic_fetch_add_u64(&counter->errors, 1);
}

/* -1 when all counters are taken. */
static int
find_or_make(const char *name)
{
	int			found = -1;

	LWLockAcquire(cb_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < CB_MAX_FUNCTIONS && found < 0; i++)
	{
		CbCallCounter *counter = &cb_shared->calls[i];

		if (counter->name[0] == '\0')
			strlcpy(counter->name, name, NAMEDATALEN);
		if (strcmp(counter->name, name) == 0)
			found = i;
	}
	LWLockRelease(cb_shared->lock);
	return found;
}
