/*-------------------------------------------------------------------------
 *
 * cb_worker_tx.h
 *	  The worker's transactions, and the boundary at which its errors stop.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_WORKER_TX_H
#define CB_WORKER_TX_H

#include "postgres.h"

#include "../src/cb_shared.h"

/* SQLSTATEs of charmbills that the worker tells apart. */
#define CB_SQLSTATE_WRONG_NETWORK MAKE_SQLSTATE('C', 'B', '0', '0', '3')
#define CB_SQLSTATE_NOT_LINKED MAKE_SQLSTATE('C', 'B', '0', '0', '6')

/* Raised here when the extension is no longer there. */
#define CB_SQLSTATE_EXTENSION_GONE ERRCODE_UNDEFINED_OBJECT

/* What ended a piece of work. */
typedef struct CbFailure
{
	int			sqlstate;
	int			blocker;		/* pid that holds the lock waited for; 0 none */
	char		message[CB_ERROR_SIZE];
} CbFailure;

typedef struct CbArgument
{
	Oid			type;
	Datum		value;
} CbArgument;

#define CB_INT4(v) ((CbArgument) {INT4OID, Int32GetDatum(v)})
#define CB_BOOL(v) ((CbArgument) {BOOLOID, BoolGetDatum(v)})
#define CB_TEXT(v) ((CbArgument) {TEXTOID, CStringGetTextDatum(v)})
#define CB_BYTEA(v) ((CbArgument) {BYTEAOID, PointerGetDatum(v)})
#define CB_BYTEA_ARRAY(v) ((CbArgument) {BYTEAARRAYOID, PointerGetDatum(v)})

typedef enum CbExtension
{
	CB_EXTENSION_READY,
	CB_EXTENSION_ABSENT,
	CB_EXTENSION_UNKNOWN_VERSION
} CbExtension;

/* Look for the extension in a transaction of its own, and remember which it is. */
extern CbExtension cb_find_extension(void);

/*
 * A transaction with SPI, a snapshot, a short lock timeout and the extension
 * locked against being dropped; an error when it is no longer the one found.
 * what: shown in pg_stat_activity.
 */
extern void cb_tx_begin(const char *what);
/* What a crash takes back is done again: do not wait for the disk. */
extern void cb_tx_do_not_flush(void);
extern void cb_tx_commit(void);

/* Run one query; gives the number of rows. */
extern int	cb_tx_query(const char *sql, int nargs, const CbArgument *args);

/* Memory in the context that was current when the transaction began. */
extern void *cb_tx_alloc(Size size);

/* Columns of the last query's rows, from 0; texts in that context. */
extern char *cb_tx_text(int row, int column);
extern int	cb_tx_int(int row, int column, int null_value);
extern bool cb_tx_bool(int row, int column);
extern bytea *cb_tx_bytea(int row, int column);	/* NULL for NULL; gone at the commit */
extern TimestampTz cb_tx_time(int row, int column);	/* 0 for NULL */

/*
 * Run a piece of work.  False when it raised an error: what was open is rolled
 * back, and failure tells of it.  Termination is not an error and passes.
 */
extern bool cb_attempt(void (*work) (void), CbFailure *failure);

#endif							/* CB_WORKER_TX_H */
