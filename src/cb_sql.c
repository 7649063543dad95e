/*-------------------------------------------------------------------------
 *
 * cb_sql.c
 *	  SQL statements of the product: kept plans, typed parameters, results.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "cb_compat.h"
#include "cb_errors.h"
#include "cb_sql.h"
#include "jit/jit.h"
#include "optimizer/cost.h"
#include "parser/parse_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

static void prepare(CbStatement *statement);
static int	execute(const CbStatement *statement, Datum *values, const char *nulls);
static int	parameter_types(const char *names, Oid *types);
static Oid	parameter_type(const char *name);

Oid
cb_schema_oid(void)
{
	return get_namespace_oid("charmbills", false);
}

Oid
cb_type_oid(const char *name)
{
	Oid			type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
									   CStringGetDatum(name),
									   ObjectIdGetDatum(cb_schema_oid()));

	if (!OidIsValid(type))
		elog(ERROR, "type charmbills.%s does not exist", name);
	return type;
}

Oid
cb_relation_oid(const char *name)
{
	Oid			relation = get_relname_relid(name, cb_schema_oid());

	if (!OidIsValid(relation))
		elog(ERROR, "relation charmbills.%s does not exist", name);
	return relation;
}

uint64
cb_execute(CbStatement *statement, const NullableDatum *args)
{
	Datum		values[CB_MAX_PARAMETERS];
	char		nulls[CB_MAX_PARAMETERS];
	int			result;

	if (statement->plan == NULL || statement->schema != cb_schema_oid())
		prepare(statement);
	for (int i = 0; i < statement->n_parameters; i++)
	{
		values[i] = args[i].value;
		nulls[i] = args[i].isnull ? 'n' : ' ';
	}
	result = execute(statement, values, nulls);
	if (result < 0)
		elog(ERROR, "statement failed: %s: %s", SPI_result_code_string(result), statement->sql);
	return SPI_processed;
}

/*
 * Plans are made when they are needed, so here.  The planner's settings are set
 * for that time as they are, which costs nothing.
 */
static int
execute(const CbStatement *statement, Datum *values, const char *nulls)
{
	bool		seqscan = enable_seqscan;
	bool		hashjoin = enable_hashjoin;
	bool		mergejoin = enable_mergejoin;
	bool		jit = jit_enabled;
	volatile int result = 0;

	if (statement->is_report)
		return SPI_execute_plan(statement->plan, values, nulls, false, 0);
	PG_TRY();
	{
		enable_seqscan = enable_hashjoin = enable_mergejoin = jit_enabled = false;
		result = SPI_execute_plan(statement->plan, values, nulls, false, 0);
	}
	PG_FINALLY();
	{
		enable_seqscan = seqscan;
		enable_hashjoin = hashjoin;
		enable_mergejoin = mergejoin;
		jit_enabled = jit;
	}
	PG_END_TRY();
	return result;
}

void
cb_execute_one(CbStatement *statement, const NullableDatum *args)
{
	uint64		rows = cb_execute(statement, args);

	if (rows != 1)
		elog(ERROR, "expected one row, got " UINT64_FORMAT ": %s", rows, statement->sql);
}

/*
 * A plan made for an extension that was since dropped and created again names
 * types that are gone: make it anew.
 */
static void
prepare(CbStatement *statement)
{
	Oid			types[CB_MAX_PARAMETERS];
	SPIPlanPtr	plan;

	if (statement->plan != NULL)
	{
		SPI_freeplan(statement->plan);
		statement->plan = NULL;
	}
	statement->n_parameters = parameter_types(statement->types, types);
	plan = SPI_prepare_cursor(statement->sql, statement->n_parameters, types,
							  statement->is_generic ? CURSOR_OPT_GENERIC_PLAN : 0);
	if (plan == NULL)
		elog(ERROR, "could not prepare: %s: %s", SPI_result_code_string(SPI_result), statement->sql);
	SPI_keepplan(plan);
	statement->plan = plan;
	statement->schema = cb_schema_oid();
}

static int
parameter_types(const char *names, Oid *types)
{
	char	   *copy = pstrdup(names);
	char	   *position = NULL;
	int			n = 0;

	for (char *name = strtok_r(copy, " ", &position); name != NULL;
		 name = strtok_r(NULL, " ", &position))
	{
		if (n == CB_MAX_PARAMETERS)
			elog(ERROR, "too many parameters: %s", names);
		types[n++] = parameter_type(name);
	}
	pfree(copy);
	return n;
}

/*
 * The extension's own types by their bare name, all others are the system's.
 * Unqualified, a name would mean what the caller's search_path makes of it.
 */
static Oid
parameter_type(const char *name)
{
	Oid			type;
	int32		typmod;

	if (strcmp(name, "txid") == 0 || strcmp(name, "outpoint") == 0)
		return cb_type_oid(name);
	if (strcmp(name, "txid[]") == 0)
		return get_array_type(cb_type_oid("txid"));
	if (strcmp(name, "outpoint[]") == 0)
		return get_array_type(cb_type_oid("outpoint"));
	parseTypeString(psprintf("pg_catalog.%s", name), &type, &typmod, false);
	return type;
}

NullableDatum
cb_null(void)
{
	return (NullableDatum)
	{
		.value = (Datum) 0, .isnull = true
	};
}

NullableDatum
cb_datum(Datum v)
{
	return (NullableDatum)
	{
		.value = v, .isnull = false
	};
}

NullableDatum
cb_int4(int32 v)
{
	return cb_datum(Int32GetDatum(v));
}

NullableDatum
cb_int8(int64 v)
{
	return cb_datum(Int64GetDatum(v));
}

NullableDatum
cb_bool(bool v)
{
	return cb_datum(BoolGetDatum(v));
}

NullableDatum
cb_text(const char *v)
{
	return v ? cb_datum(CStringGetTextDatum(v)) : cb_null();
}

NullableDatum
cb_uuid(const pg_uuid_t *v)
{
	return v ? cb_datum(UUIDPGetDatum(v)) : cb_null();
}

NullableDatum
cb_timestamptz(TimestampTz v)
{
	return cb_datum(TimestampTzGetDatum(v));
}

NullableDatum
cb_microseconds(int64 v)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->time = v;
	return cb_datum(IntervalPGetDatum(interval));
}

NullableDatum
cb_txid(const CbHash256 *v)
{
	return v ? cb_datum(PointerGetDatum(v)) : cb_null();
}

NullableDatum
cb_outpoint(const CbOutpoint *v)
{
	CbOutpointValue *value;

	if (v == NULL)
		return cb_null();
	value = palloc(sizeof(CbOutpointValue));
	cb_outpoint_value(v, value);
	return cb_datum(CbOutpointGetDatum(value));
}

NullableDatum
cb_bytea(CbSpan v)
{
	bytea	   *copy;

	if (v.data == NULL)
		return cb_null();
	copy = palloc(VARHDRSZ + v.len);
	SET_VARSIZE(copy, VARHDRSZ + v.len);
	memcpy(VARDATA(copy), v.data, v.len);
	return cb_datum(PointerGetDatum(copy));
}

NullableDatum
cb_arg(FunctionCallInfo fcinfo, int argno)
{
	if (argno >= PG_NARGS() || PG_ARGISNULL(argno))
		return cb_null();
	return cb_datum(PG_GETARG_DATUM(argno));
}

NullableDatum
cb_array(Datum *values, bool *nulls, int n, Oid type)
{
	int16		length;
	bool		by_value;
	char		align;
	int			lower = 1;

	get_typlenbyvalalign(type, &length, &by_value, &align);
	return cb_datum(PointerGetDatum(construct_md_array(values, nulls, 1, &n, &lower, type,
													   length, by_value, align)));
}

NullableDatum
cb_uuid_array(const pg_uuid_t *values, int n)
{
	Datum	   *datums = palloc(sizeof(Datum) * Max(n, 1));

	for (int i = 0; i < n; i++)
		datums[i] = UUIDPGetDatum(&values[i]);
	return cb_array(datums, NULL, n, UUIDOID);
}

NullableDatum
cb_txid_array(const CbHash256 *values, int n)
{
	Datum	   *datums = palloc(sizeof(Datum) * Max(n, 1));

	for (int i = 0; i < n; i++)
		datums[i] = PointerGetDatum(&values[i]);
	return cb_array(datums, NULL, n, cb_type_oid("txid"));
}

NullableDatum
cb_outpoint_array(const CbOutpoint *values, int n)
{
	Datum	   *datums = palloc(sizeof(Datum) * Max(n, 1));

	for (int i = 0; i < n; i++)
		datums[i] = cb_outpoint(&values[i]).value;
	return cb_array(datums, NULL, n, cb_type_oid("outpoint"));
}
