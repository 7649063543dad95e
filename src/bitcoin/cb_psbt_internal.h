/*-------------------------------------------------------------------------
 *
 * cb_psbt_internal.h
 *	  What the files that implement cb_psbt.h share.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_PSBT_INTERNAL_H
#define CB_PSBT_INTERNAL_H

#include "cb_psbt.h"

#define CB_PSBT_MAGIC "psbt\xff"
#define CB_PSBT_MAGIC_SIZE 5

typedef enum CbPsbtScope
{
	CB_PSBT_GLOBAL,
	CB_PSBT_INPUT,
	CB_PSBT_OUTPUT
} CbPsbtScope;

#define CB_PSBT_NUM_SCOPES 3

/* Is a record as its type wants it?  Records of unknown types always are. */
extern CbResult cb_psbt_check_record(CbPsbtScope scope, const CbPsbtRecord *record);

/* The fields that occur once, of a map of checked records. */
extern void cb_psbt_read_input(CbSpan map, CbPsbtInput *in);

#endif							/* CB_PSBT_INTERNAL_H */
