/*-------------------------------------------------------------------------
 *
 * cb_token_access.h
 *	  Whether the tokens on an address give access to a plan.
 *
 * Those count that the chain layer has followed from the plan's NFT and that
 * no block has spent, and those that were spent by a spell of an unsupported
 * version, until charmbills.unknown_grace has passed.  Nothing here executes
 * SQL: an application asks on each request.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_TOKEN_ACCESS_H
#define CB_TOKEN_ACCESS_H

#include "postgres.h"

#include "utils/snapshot.h"
#include "utils/uuid.h"

#include "bitcoin/cb_script.h"

/* Whose tokens: scripts of one customer, each once. */
typedef struct CbTokenOwner
{
	CbScriptBuf *scripts;
	int			n;
	int			capacity;
} CbTokenOwner;

/* What a plan asks for. */
typedef struct CbTokenTerms
{
	pg_uuid_t	plan_id;
	pg_uuid_t	merchant_id;
	Datum		units;			/* numeric */
	const char *cycle;			/* tokens last so long from their mint; NULL: as
								 * long as they are held */
} CbTokenTerms;

/* Add the script of an address; what is no address has none. */
extern void cb_token_owner_add(CbTokenOwner *owner, const char *address);

extern bool cb_token_gives_access(const CbTokenTerms *terms, const CbTokenOwner *owner, Snapshot snapshot);

#endif							/* CB_TOKEN_ACCESS_H */
