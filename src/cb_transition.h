/*-------------------------------------------------------------------------
 *
 * cb_transition.h
 *	  The moves that a status may make, enforced by one trigger function.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_TRANSITION_H
#define CB_TRANSITION_H

#include "postgres.h"

/*
 * While the chain layer is at work, moves that only the chain may make are
 * legal.  Calls nest; whatever ends the transaction or subtransaction ends it
 * too, so an error needs no clean-up.
 */
extern void cb_chain_moves_begin(void);
extern void cb_chain_moves_end(void);

#endif							/* CB_TRANSITION_H */
