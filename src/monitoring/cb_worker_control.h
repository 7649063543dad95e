/*-------------------------------------------------------------------------
 *
 * cb_worker_control.h
 *	  What this database's worker is doing, read from shared memory.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_WORKER_CONTROL_H
#define CB_WORKER_CONTROL_H

#include "cb_shared.h"

/* A copy of the slot of this database; false where there is none. */
extern bool cb_worker_slot(CbWorkerSlot *slot);

/* Why no worker runs for this database; NULL when one does. */
extern const char *cb_worker_absence(void);

/* A time in a slot, NULL where it is not known. */
extern NullableDatum cb_worker_time(TimestampTz time);

#endif							/* CB_WORKER_CONTROL_H */
