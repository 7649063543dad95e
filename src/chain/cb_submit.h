/*-------------------------------------------------------------------------
 *
 * cb_submit.h
 *	  Sending transactions of ours that have been signed.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SUBMIT_H
#define CB_SUBMIT_H

#include "postgres.h"

#include "chain/cb_broadcast.h"
#include "chain/cb_unsigned.h"

/* Whether a row still waits for its signatures. */
extern bool cb_submit_is_wanted(const CbUnsigned *row);

/*
 * Send the signed transactions of a row that waits for them.  The signatures
 * have been judged; somebody else may have sent the row meanwhile, and then
 * nothing is done.
 */
extern void cb_submit(const CbUnsigned *row, const CbOutgoing *outgoing);

#endif							/* CB_SUBMIT_H */
