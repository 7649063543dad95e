/*-------------------------------------------------------------------------
 *
 * cb_sql.h
 *	  SQL statements of the product: kept plans, typed parameters, results.
 *
 * A statement is a static variable; its plan is made at first use and kept
 * for the life of the backend.  Parameter types are given by name, since those
 * of this extension have no fixed oid.  All statements run with SPI connected
 * (cb_call.h does that) and name every object with its schema.
 *
 * All but reports find few rows by an index, however many there are.  A plan
 * that is kept may have been made when the tables were still empty and reading
 * them through looked cheap; so the planner is told not to.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SQL_H
#define CB_SQL_H

#include "postgres.h"

#include "executor/spi.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "bitcoin/cb_bytes.h"
#include "types/cb_types.h"

#define CB_MAX_PARAMETERS 40

typedef struct CbStatement
{
	const char *sql;
	const char *types;			/* parameter types, separated by spaces */
	SPIPlanPtr	plan;
	int			n_parameters;
	Oid			schema;			/* the plan was made for this installation */
	bool		is_generic;		/* one plan for all parameters */
	bool		is_report;		/* looks at many rows: the planner chooses freely */
} CbStatement;

#define CB_STATEMENT(name, types_, sql_) \
	static CbStatement name = {.sql = (sql_), .types = (types_)}
/*
 * A statement that finds its rows by the keys in an array.  The planner supposes
 * ten keys in an array that it does not know; a plan for the one at hand looks
 * cheaper, and would be made again each time.
 */
#define CB_KEYS_STATEMENT(name, types_, sql_) \
	static CbStatement name = {.sql = (sql_), .types = (types_), .is_generic = true}
/* A statement that counts or sums over many rows, for people to look at. */
#define CB_REPORT_STATEMENT(name, types_, sql_) \
	static CbStatement name = {.sql = (sql_), .types = (types_), .is_report = true}

/* Parameters of one execution: CB_ARGS(cb_uuid(id), cb_int8(5)). */
#define CB_ARGS(...) ((const NullableDatum[]) {__VA_ARGS__})
#define CB_NO_ARGS NULL

extern NullableDatum cb_null(void);
extern NullableDatum cb_int4(int32 v);
extern NullableDatum cb_int8(int64 v);
extern NullableDatum cb_bool(bool v);
extern NullableDatum cb_text(const char *v);	/* NULL pointer: SQL NULL */
extern NullableDatum cb_uuid(const pg_uuid_t *v);	/* likewise, as all below */
extern NullableDatum cb_timestamptz(TimestampTz v);
/* An interval of microseconds alone, which is the same at any time and place. */
extern NullableDatum cb_microseconds(int64 v);
extern NullableDatum cb_txid(const CbHash256 *v);
extern NullableDatum cb_outpoint(const CbOutpoint *v);
extern NullableDatum cb_bytea(CbSpan v);
extern NullableDatum cb_datum(Datum v);
/* Argument argno of the SQL function being called, null or not. */
extern NullableDatum cb_arg(FunctionCallInfo fcinfo, int argno);

/*
 * Execute; the result is in SPI_tuptable until the next statement, and the
 * number of rows is returned.
 */
extern uint64 cb_execute(CbStatement *statement, const NullableDatum *args);
/* The same, but an error unless there is exactly one row. */
extern void cb_execute_one(CbStatement *statement, const NullableDatum *args);

/* A column (from 1) of a row (from 0) of the last result. */
extern Datum cb_column(uint64 row, int column, bool *isnull);
extern bool cb_column_is_null(uint64 row, int column);
extern int32 cb_column_int4(uint64 row, int column);
extern int64 cb_column_int8(uint64 row, int column);	/* NULL gives 0, as above */
extern bool cb_column_bool(uint64 row, int column);
extern char *cb_column_text(uint64 row, int column);	/* palloc'd or NULL */
/* Two such texts; NULL is equal to NULL alone. */
extern bool cb_text_equal(const char *a, const char *b);
extern pg_uuid_t cb_column_uuid(uint64 row, int column);
/* The first column of the last result's n rows, palloc'd. */
extern pg_uuid_t *cb_column_uuids(uint64 n);
extern TimestampTz cb_column_timestamptz(uint64 row, int column);
extern TimestampTz cb_column_timestamptz_or(uint64 row, int column, TimestampTz absent);
extern Interval cb_column_interval(uint64 row, int column);
extern CbHash256 cb_column_txid(uint64 row, int column);
extern CbOutpoint cb_column_outpoint(uint64 row, int column);
extern CbSpan cb_column_bytea(uint64 row, int column);	/* palloc'd */

/* Arrays as parameters. */
extern NullableDatum cb_uuid_array(const pg_uuid_t *values, int n);
extern NullableDatum cb_txid_array(const CbHash256 *values, int n);
extern NullableDatum cb_outpoint_array(const CbOutpoint *values, int n);
extern NullableDatum cb_array(Datum *values, bool *nulls, int n, Oid type);

/* Oid of a type or relation of this extension. */
extern Oid	cb_schema_oid(void);
extern Oid	cb_type_oid(const char *name);
extern Oid	cb_relation_oid(const char *name);

#endif							/* CB_SQL_H */
