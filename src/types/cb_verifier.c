/*-------------------------------------------------------------------------
 *
 * cb_verifier.c
 *	  The keys with which this server process verifies spells.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "types/cb_verifier.h"
#include "utils/memutils.h"

CbSpellVerifier *
cb_server_verifier(void)
{
	static CbSpellVerifier *verifier = NULL;

	if (verifier == NULL)
	{
		/* Of its own, so that pg_backend_memory_contexts names it. */
		MemoryContext context = AllocSetContextCreate(TopMemoryContext, "charmbills verifier",
													  ALLOCSET_START_SMALL_SIZES);

		verifier = MemoryContextAllocZero(context, sizeof(CbSpellVerifier));
	}
	return verifier;
}
