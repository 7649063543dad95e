/*-------------------------------------------------------------------------
 *
 * cb_types.h
 *	  SQL types txid and outpoint as C sees them, and argument helpers.
 *
 * txid is 32 bytes in wire order; outpoint is a txid and a big-endian output
 * number, so that memcmp() sorts both as their operators do.  Both are fixed
 * length, passed by reference, without alignment.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_TYPES_H
#define CB_TYPES_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/numeric.h"

#include "bitcoin/cb_network.h"
#include "bitcoin/cb_tx.h"

typedef struct CbTxid
{
	uint8		bytes[32];
} CbTxid;

typedef struct CbOutpointValue
{
	CbTxid		txid;
	uint8		vout[4];		/* big-endian */
} CbOutpointValue;

#define DatumGetCbTxid(d) ((CbTxid *) DatumGetPointer(d))
#define CbTxidGetDatum(p) PointerGetDatum(p)
#define PG_GETARG_CB_TXID(n) DatumGetCbTxid(PG_GETARG_DATUM(n))
#define PG_RETURN_CB_TXID(p) PG_RETURN_POINTER(p)

#define DatumGetCbOutpoint(d) ((CbOutpointValue *) DatumGetPointer(d))
#define CbOutpointGetDatum(p) PointerGetDatum(p)
#define PG_GETARG_CB_OUTPOINT(n) DatumGetCbOutpoint(PG_GETARG_DATUM(n))
#define PG_RETURN_CB_OUTPOINT(p) PG_RETURN_POINTER(p)

extern void cb_outpoint_value(const CbOutpoint *outpoint, CbOutpointValue *value);
extern uint32 cb_outpoint_value_vout(const CbOutpointValue *value);
extern CbOutpoint cb_outpoint_of_value(const CbOutpointValue *value);

/* Text forms, palloc'd: hex as Bitcoin shows it, and "txid:vout". */
extern char *cb_txid_cstring(const CbTxid *txid);
extern char *cb_outpoint_cstring(const CbOutpointValue *value);

/* An amount argument: within 0..CB_MAX_MONEY or CB005. */
extern int64 cb_check_sats(int64 amount);
/* The same amount in BTC, exact and with eight decimals. */
extern Numeric cb_btc_numeric(int64 sats);

/*
 * The network of a function's text argument argno, or of the setting when it
 * is NULL or the function was called with fewer arguments.  CB014 when unknown.
 */
extern const CbNetwork *cb_network_arg(FunctionCallInfo fcinfo, int argno);
/* The same, but NULL when unknown. */
extern const CbNetwork *cb_network_arg_or_null(FunctionCallInfo fcinfo, int argno);

/* Raw bytes of a hex text datum, palloc'd; CB002 naming `what` when it is not hex. */
extern CbSpan cb_hex_arg(Datum hex_text, const char *what);
/* A whole transaction in hex; the bytes it points into are palloc'd. */
extern void cb_tx_arg(Datum hex_text, CbTx *tx);
/* Lower-case hex, palloc'd. */
extern char *cb_hex_cstring(CbSpan bytes);

#endif							/* CB_TYPES_H */
