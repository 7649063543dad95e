/*-------------------------------------------------------------------------
 *
 * cb_compat.h
 *	  Differences between PostgreSQL 15 and 18, all in one place.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_COMPAT_H
#define CB_COMPAT_H

#include "postgres.h"

#include "storage/proc.h"
#include "utils/relcache.h"

#if PG_VERSION_NUM < 150000
#error "charmbills needs PostgreSQL 15 or later"
#endif

/* Headers that postgres.h took with it until 15. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* Before the declaration of a function that does not return. */
#if PG_VERSION_NUM >= 180000
#define cb_noreturn pg_noreturn
#else
#define cb_noreturn pg_attribute_noreturn()
#endif

#if PG_VERSION_NUM >= 180000
#define cb_primary_key_index(rel) RelationGetPrimaryKeyIndex(rel, false)
#else
#define cb_primary_key_index(rel) RelationGetPrimaryKeyIndex(rel)
#endif

#if PG_VERSION_NUM >= 180000
#define cb_index_beginscan(heap, index, snapshot, nkeys) \
	index_beginscan(heap, index, snapshot, NULL, nkeys, 0)
#else
#define cb_index_beginscan(heap, index, snapshot, nkeys) \
	index_beginscan(heap, index, snapshot, nkeys, 0)
#endif

/* The number by which a backend's PGPROC is found. */
#if PG_VERSION_NUM >= 170000
#define cb_my_proc_number() MyProcNumber
#else
#define cb_my_proc_number() MyProc->pgprocno
#endif

/* Memory of string settings: malloc until 15, a context of its own since. */
#if PG_VERSION_NUM >= 160000
#define cb_guc_strdup(s) guc_strdup(LOG, s)
#else
#define cb_guc_strdup(s) strdup(s)
#endif

/* A set of events to wait for, that lives as long as the process. */
#if PG_VERSION_NUM >= 170000
#define cb_create_wait_event_set(n) CreateWaitEventSet(NULL, n)
#else
#define cb_create_wait_event_set(n) CreateWaitEventSet(TopMemoryContext, n)
#endif

#if PG_VERSION_NUM >= 180000
#define CB_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "charmbills", .version = CHARMBILLS_VERSION)
#else
#define CB_MODULE_MAGIC PG_MODULE_MAGIC
#endif

#endif							/* CB_COMPAT_H */
