/*-------------------------------------------------------------------------
 *
 * cb_shared.h
 *	  What lives in shared memory, and the rendezvous with the worker library.
 *
 * charmbills_worker.so links nothing from here: it finds a CbRendezvous under
 * the name CB_RENDEZVOUS and reaches shared memory and settings through it.
 * Shared memory holds values only, no pointers and no file descriptors.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SHARED_H
#define CB_SHARED_H

#include "postgres.h"

#include "port/atomics.h"
#include "storage/lwlock.h"
#include "utils/timestamp.h"

#define CB_RENDEZVOUS "charmbills"
#define CB_RENDEZVOUS_VERSION 3

#define CB_MAX_WORKERS 32
#define CB_ERROR_SIZE 256
#define CB_MAX_FUNCTIONS 128

/* What one database's worker is doing, as worker_status() shows it. */
typedef struct CbWorkerSlot
{
	Oid			database;		/* InvalidOid: the slot is free */
	int			pid;			/* 0 while no process runs */
	int			proc_number;	/* of its PGPROC; -1 likewise */
	bool		stop_requested; /* worker_stop(): stay away until started again */
	char		state[32];		/* starting, following, waiting, stopped, ... */
	int			tip_height;		/* of the chain in the database; -1 unknown */
	int			node_height;	/* of the node; -1 unknown */
	TimestampTz started_at;
	TimestampTz last_contact_at;	/* last answer from the node */
	char		last_error[CB_ERROR_SIZE];
	TimestampTz last_error_at;
	int			jobs_in_flight;
	int			blocked_by;		/* pid that holds a lock it waits for; 0 none */
	uint64		requests;		/* sent to the node since the start */
} CbWorkerSlot;

/* Calls of one SQL function; the slot is free while the name is empty. */
typedef struct CbCallCounter
{
	char		name[NAMEDATALEN];
	pg_atomic_uint64 calls;
	pg_atomic_uint64 errors;
	pg_atomic_uint64 microseconds;
} CbCallCounter;

typedef struct CbShared
{
	LWLock	   *lock;			/* protects the slots and the counters' names */
	int			launcher_proc_number;	/* -1 while none runs */
	CbWorkerSlot workers[CB_MAX_WORKERS];
	CbCallCounter calls[CB_MAX_FUNCTIONS];
} CbShared;

/* The settings that the worker reads, copied afresh by each call. */
typedef struct CbWorkerSettings
{
	const char *network;		/* as charmbills.network spells it */
	const char *network_core_name;	/* as getblockchaininfo.chain spells it */
	const char *rpc_url;
	const char *rpc_user;
	const char *rpc_password;
	const char *rpc_password_file;
	const char *rpc_cookie_file;
	int			rpc_timeout;	/* s */
	const char *webhook_ca_file;
	const char *databases;
	int			poll_interval;	/* s */
	int			mempool_interval;	/* s */
	int			max_reorg_depth;
	int			start_height;
	bool		jobs;
	int			log_level;
} CbWorkerSettings;

typedef struct CbRendezvous
{
	int			version;		/* CB_RENDEZVOUS_VERSION */
	CbShared   *shared;			/* NULL without shared_preload_libraries */
	void		(*get_settings) (CbWorkerSettings *settings);
	/* As cb_headers_to_outweigh() of bitcoin/cb_block.h. */
	size_t		(*headers_to_outweigh) (const uint8 *theirs, size_t n_theirs,
										const uint8 *ours, size_t n_ours);
} CbRendezvous;

/* In this library: NULL without shared_preload_libraries. */
extern CbShared *cb_shared;

extern void cb_shmem_init(void);
/* Wake this database's worker when the current transaction commits. */
extern void cb_wake_on_commit(void);
/* Wake it at once.  False when none runs. */
extern bool cb_wake_worker(Oid database);

#endif							/* CB_SHARED_H */
