/*-------------------------------------------------------------------------
 *
 * cb_work.h
 *	  What a worker does, and when.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_WORK_H
#define CB_WORK_H

#include "postgres.h"

#include "cb_chain_calls.h"

/* Settings are new, at the start too. */
extern void cb_work_configure(void);

/* Run all that is due. */
extern void cb_work_pass(void);

/* When the next pass is due. */
extern TimestampTz cb_work_next(void);

/* Somebody asks for attention: let nothing wait that need not. */
extern void cb_work_hasten(void);

/* The node may have another tip. */
extern void cb_work_look_at_node(void);

/* HTTP requests have ended; called before the others. */
extern void cb_work_hear_http(void);

/* The node's tip, for a long-poll; NULL while there is none to ask for. */
extern const CbBlockId *cb_work_known_tip(void);

/* For worker_status(). */
extern const char *cb_work_state(void);
extern int	cb_work_blocker(void);

#endif							/* CB_WORK_H */
