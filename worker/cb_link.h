/*-------------------------------------------------------------------------
 *
 * cb_link.h
 *	  What the worker library reaches of charmbills.so: settings and slots.
 *
 * A slot belongs to one database.  The launcher hands slots out and takes them
 * back; the worker of that database fills in its own and empties it at its end.
 * Nothing here raises an error but cb_link_attach().
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_LINK_H
#define CB_LINK_H

#include "postgres.h"

#include "../src/cb_shared.h"

/* Jobs that are counted apart, and shown together. */
typedef enum CbSlotJobs
{
	CB_SLOT_NODE_JOBS,
	CB_SLOT_HTTP_JOBS
} CbSlotJobs;

#define CB_SLOT_JOB_SORTS 2

/* Find the rendezvous; raises an error when charmbills.so is not preloaded. */
extern void cb_link_attach(void);
extern CbShared *cb_link_shared(void);
extern void cb_link_settings(CbWorkerSettings *settings);
extern size_t cb_link_headers_to_outweigh(const uint8 *theirs, size_t n_theirs,
										  const uint8 *ours, size_t n_ours);

/* The launcher's side: announce itself, and withdraw when it ends. */
extern void cb_link_announce_launcher(void);
/* Index of the database's slot, made when there is none; -1 when all are taken. */
extern int	cb_slot_for_database(Oid database);
extern void cb_slot_free(int index);

/*
 * The worker's side.  Claiming fails when another process runs for the
 * database, when it was told to stay away, or when no slot was handed out.
 */
extern bool cb_slot_claim(void);
extern void cb_slot_set_state(const char *state);
extern void cb_slot_set_error(const char *message);
extern void cb_slot_set_tip(int height);
extern void cb_slot_set_node(int height);
/* How many jobs of a sort are under way. */
extern void cb_slot_set_jobs(CbSlotJobs sort, int count);
extern void cb_slot_set_blocker(int pid);
/* The node answered just now. */
extern void cb_slot_touch(void);
extern void cb_slot_count_request(void);
/* Wake every other worker: there may be a new block. */
extern void cb_slot_wake_others(void);

#endif							/* CB_LINK_H */
