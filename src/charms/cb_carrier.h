/*-------------------------------------------------------------------------
 *
 * cb_carrier.h
 *	  Where a transaction carries a Charms spell.
 *
 * From version 9 of the protocol on, in the one output
 *		OP_RETURN <"spell"> <payload>
 * with nothing after it; before, in the tapscript that the last input reveals,
 *		OP_FALSE OP_IF <"spell"> <push>... OP_ENDIF ...
 * whose pushes make the payload when joined.  Readers look for the output
 * first; which versions may use which is not asked.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CARRIER_H
#define CB_CARRIER_H

#include "bitcoin/cb_tx.h"

typedef enum CbCarrierKind
{
	CB_CARRIER_NONE,
	CB_CARRIER_OP_RETURN,
	CB_CARRIER_WITNESS
} CbCarrierKind;

typedef struct CbCarrier
{
	CbCarrierKind kind;
	uint32_t	at;				/* index of the output, or of the input */
	CbSpan		payload;
} CbCarrier;

/* "none", "op_return" or "witness". */
extern const char *cb_carrier_name(CbCarrierKind kind);

/*
 * Look for a carrier of one kind.  NULL, with the carrier's kind telling
 * whether there is one; else, in words, why what is there is refused.
 *
 * The pushes of a witness are joined in a buffer, which is emptied first; as
 * many bytes as tx->witness has always suffice.
 */
extern const char *cb_carrier_in_outputs(const CbTx *tx, CbCarrier *carrier);
extern const char *cb_carrier_in_witness(const CbTx *tx, CbWriter *joined, CbCarrier *carrier);

#endif							/* CB_CARRIER_H */
