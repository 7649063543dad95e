/*-------------------------------------------------------------------------
 *
 * cb_gather.h
 *	  The transactions that have certain outputs, asked of the node.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_GATHER_H
#define CB_GATHER_H

#include "postgres.h"

/*
 * payload: the job's, JSON with the outpoints wanted.  Gives the outcome for
 * report_job(); what the node refuses for other reasons raises errors.
 */
extern const char *cb_gather(const char *payload);

#endif							/* CB_GATHER_H */
