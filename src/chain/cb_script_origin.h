/*-------------------------------------------------------------------------
 *
 * cb_script_origin.h
 *	  Scripts of ours, and the keys of descriptors that they come from.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SCRIPT_ORIGIN_H
#define CB_SCRIPT_ORIGIN_H

#include "postgres.h"

#include "utils/uuid.h"

#include "bitcoin/cb_descriptor.h"
#include "bitcoin/cb_psbt.h"

typedef struct CbScriptOrigin
{
	CbDescriptor descriptor;
	uint32		index;
	CbDescriptorSpend spend;
} CbScriptOrigin;

/* For each of a merchant's scripts, NULL where no descriptor derives it. */
extern CbScriptOrigin **cb_script_origins(const pg_uuid_t *merchant_id, const CbSpan *scripts, int n);

/* The records by which a signer knows an input, or an output, for its own. */
extern void cb_write_input_origin(CbWriter *w, const CbScriptOrigin *origin);
extern void cb_write_output_origin(CbWriter *w, const CbScriptOrigin *origin);

#endif							/* CB_SCRIPT_ORIGIN_H */
