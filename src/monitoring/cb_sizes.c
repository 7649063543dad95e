/*-------------------------------------------------------------------------
 *
 * cb_sizes.c
 *	  How large the tables are, and which indexes are used.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_call.h"
#include "cb_sql.h"

/* reltuples is -1 where nothing is known yet. */
CB_REPORT_STATEMENT(measure_tables, "oid",
			 "SELECT c.relname, NULLIF(c.reltuples, -1)::bigint, "
			 "       pg_catalog.pg_table_size(c.oid), pg_catalog.pg_indexes_size(c.oid), "
			 "       pg_catalog.pg_total_relation_size(c.oid), "
			 "       pg_catalog.pg_stat_get_dead_tuples(c.oid), "
			 "       GREATEST(pg_catalog.pg_stat_get_last_vacuum_time(c.oid), "
			 "                pg_catalog.pg_stat_get_last_autovacuum_time(c.oid)) "
			 "FROM pg_catalog.pg_class c "
			 "WHERE c.relnamespace = $1 AND c.relkind = 'r' "
			 "ORDER BY 5 DESC, 1");

CB_REPORT_STATEMENT(measure_indexes, "oid",
			 "SELECT t.relname, i.relname, x.indisunique, "
			 "       pg_catalog.pg_stat_get_numscans(i.oid), "
			 "       pg_catalog.pg_stat_get_tuples_returned(i.oid), "
			 "       pg_catalog.pg_relation_size(i.oid) "
			 "FROM pg_catalog.pg_index x "
			 "JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid "
			 "JOIN pg_catalog.pg_class t ON t.oid = x.indrelid "
			 "WHERE t.relnamespace = $1 AND t.relkind = 'r' "
			 "ORDER BY 1, 2");

/*
 * charmbills.table_sizes()
 *		-> setof (table_name, estimated_rows, table_bytes, index_bytes,
 *				  total_bytes, dead_rows, last_vacuum_at)
 */
CB_FUNCTION(table_sizes, CB_MONITOR)
{
	cb_execute(&measure_tables, CB_ARGS(cb_datum(ObjectIdGetDatum(cb_schema_oid()))));
	return cb_return_rows(fcinfo);
}

/*
 * charmbills.index_usage()
 *		-> setof (table_name, index_name, is_unique, scans, entries_read,
 *				  index_bytes)
 */
CB_FUNCTION(index_usage, CB_MONITOR)
{
	cb_execute(&measure_indexes, CB_ARGS(cb_datum(ObjectIdGetDatum(cb_schema_oid()))));
	return cb_return_rows(fcinfo);
}
