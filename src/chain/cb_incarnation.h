/*-------------------------------------------------------------------------
 *
 * cb_incarnation.h
 *	  Is this still the database in which the rows were written?
 *
 * The cluster, database, installation and timeline are written down.  After a
 * promotion or point-in-time recovery the timeline differs: what the lost
 * primary issued since is unknown, so numbers begin a new series and
 * derivation indexes jump.  In a copy elsewhere nothing may be issued or sent
 * until an operator says that this is the one, with adopt_database().
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_INCARNATION_H
#define CB_INCARNATION_H

#include "postgres.h"

/* Write down what this database is now, into the row just made. */
extern void cb_incarnation_write(void);

/* True unless the rows come from elsewhere. */
extern bool cb_incarnation_is_ours(void);

/* The same, and no other timeline has begun since. */
extern bool cb_incarnation_is_current(void);

/*
 * The epoch of events written now.  Transactions are numbered within it: those
 * of another cluster, or after a recovery to an earlier time, begin another.
 */
extern int32 cb_incarnation_epoch(void);

/*
 * To be called before anything is issued: error CB013 in a copy; after a
 * change of timeline, begin a new series first.
 */
extern void cb_incarnation_check(void);

#endif							/* CB_INCARNATION_H */
