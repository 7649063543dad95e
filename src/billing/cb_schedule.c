/*-------------------------------------------------------------------------
 *
 * cb_schedule.c
 *	  Jobs of pg_cron that run billing without the worker, or beside it.
 *
 * They belong to the owner of these functions, whoever calls, so that there
 * is one of each.  Nothing in schema cron is touched unless it is pg_cron's:
 * anyone who may create schemas could have made one of that name.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "cb_call.h"
#include "cb_sql.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#define RUN_BILLING "CALL charmbills.run_billing_all()"
#define RELEASE_UTXOS "SELECT charmbills.cleanup_utxos()"
/* A week of minutes; pg_cron itself keeps them all. */
#define FORGET_RUNS \
	"DELETE FROM cron.job_run_details WHERE runid IN " \
	"(SELECT runid FROM (SELECT d.runid, row_number() OVER (PARTITION BY d.jobid ORDER BY d.runid DESC) " \
	"FROM cron.job_run_details d JOIN cron.job j USING (jobid) WHERE j.jobname LIKE 'charmbills %') r " \
	"WHERE row_number > 10080)"

typedef struct CronJob
{
	const char *name;
	const char *usual_schedule;
	const char *command;
} CronJob;

/* In the order of schedule_jobs()'s arguments. */
static const CronJob cron_jobs[] = {
	{"charmbills billing", "* * * * *", RUN_BILLING},
	{"charmbills clean-up", "17 * * * *", RELEASE_UTXOS "; " FORGET_RUNS},
};

/* Named jobs came with 1.3, and these types of their arguments with 1.4. */
CB_STATEMENT(find_pg_cron, "",
			 "SELECT EXISTS (SELECT FROM pg_catalog.pg_depend d "
			 "               WHERE d.refclassid = e.tableoid AND d.refobjid = e.oid AND d.deptype = 'e' "
			 "                     AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass "
			 "                     AND d.objid = pg_catalog.to_regprocedure('cron.schedule(text, text, text)')) "
			 "FROM pg_catalog.pg_extension e WHERE e.extname = 'pg_cron'");
CB_STATEMENT(read_job, "text",
			 "SELECT jobid, schedule, command, database = pg_catalog.current_database() "
			 "FROM cron.job WHERE jobname = $1 AND username = current_user");
CB_STATEMENT(schedule_job, "text text text", "SELECT cron.schedule($1, $2, $3)");
CB_STATEMENT(unschedule_job, "int8", "SELECT cron.unschedule($1)");
CB_STATEMENT(list_jobs, "text[]",
			 "SELECT jobname::text, schedule, command FROM cron.job "
			 "WHERE jobname = ANY ($1) AND username = current_user ORDER BY jobname");

static bool has_pg_cron(bool *is_recent);
static void require_pg_cron(void);
static void refuse_other_database(const char *database);
static void set_job(const CronJob *job, NullableDatum wanted);
static bool remove_job(const CronJob *job);
static NullableDatum job_names(void);

/*
 * charmbills.schedule_jobs(billing text, clean_up text)
 *		-> setof (name, schedule, command)
 */
CB_FUNCTION(schedule_jobs, CB_OPERATOR)
{
	require_pg_cron();
	for (int i = 0; i < (int) lengthof(cron_jobs); i++)
		set_job(&cron_jobs[i], cb_arg(fcinfo, i));
	cb_execute(&list_jobs, CB_ARGS(job_names()));
	return cb_return_rows(fcinfo);
}

/*
 * charmbills.unschedule_jobs() -> integer
 *
 * Where there is no pg_cron there are no jobs either.
 */
CB_FUNCTION(unschedule_jobs, CB_OPERATOR)
{
	int			removed = 0;
	bool		is_recent;

	if (has_pg_cron(&is_recent) && is_recent)
		for (int i = 0; i < (int) lengthof(cron_jobs); i++)
			removed += remove_job(&cron_jobs[i]);
	PG_RETURN_INT32(removed);
}

static bool
has_pg_cron(bool *is_recent)
{
	bool		found = cb_execute(&find_pg_cron, CB_NO_ARGS) > 0;

	*is_recent = found && cb_column_bool(0, 1);
	return found;
}

static void
require_pg_cron(void)
{
	const char *database = GetConfigOption("cron.database_name", true, false);
	bool		is_recent;

	if (database == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("pg_cron is not loaded"),
				 errhint("Add pg_cron to shared_preload_libraries, set cron.database_name = '%s', "
						 "restart the server, and use CREATE EXTENSION pg_cron.",
						 get_database_name(MyDatabaseId))));
	if (strcmp(database, get_database_name(MyDatabaseId)) != 0)
		refuse_other_database(database);
	if (!has_pg_cron(&is_recent))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("extension \"pg_cron\" is not installed"),
				 errhint("Use CREATE EXTENSION pg_cron.")));
	if (!is_recent)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("extension \"pg_cron\" is too old"),
				 errdetail("Version 1.4 is the first that will do."),
				 errhint("Use ALTER EXTENSION pg_cron UPDATE.")));
}

/* Only a session there can schedule anything: say what. */
static void
refuse_other_database(const char *database)
{
	char	   *here = get_database_name(MyDatabaseId);
	StringInfoData commands;

	initStringInfo(&commands);
	for (int i = 0; i < (int) lengthof(cron_jobs); i++)
	{
		char	   *name = psprintf("%s of %s", cron_jobs[i].name, here);
		const char *command = i == 0 ? RUN_BILLING : RELEASE_UTXOS;

		appendStringInfo(&commands, " SELECT cron.schedule_in_database(%s, '%s', '%s', %s);",
						 quote_literal_cstr(name), cron_jobs[i].usual_schedule, command,
						 quote_literal_cstr(here));
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("pg_cron runs in another database"),
			 errdetail("cron.database_name is \"%s\".", database),
			 errhint("In that database run:%s", commands.data)));
}

/*
 * A job that is as wanted is left alone, one that somebody has switched off
 * too.  pg_cron keeps the database of a job whose name it knows: one that came
 * with a dump from elsewhere is made anew.
 */
static void
set_job(const CronJob *job, NullableDatum wanted)
{
	const char *schedule = wanted.isnull ? NULL : TextDatumGetCString(wanted.value);
	bool		found = cb_execute(&read_job, CB_ARGS(cb_text(job->name))) > 0;

	if (found)
	{
		int64		id = cb_column_int8(0, 1);
		char	   *present = cb_column_text(0, 2);
		bool		is_here = cb_column_bool(0, 4);

		if (schedule == NULL)
			schedule = present;
		if (is_here && strcmp(schedule, present) == 0 && strcmp(job->command, cb_column_text(0, 3)) == 0)
			return;
		if (!is_here)
			cb_execute(&unschedule_job, CB_ARGS(cb_int8(id)));
	}
	if (schedule == NULL)
		schedule = job->usual_schedule;
	cb_execute(&schedule_job, CB_ARGS(cb_text(job->name), cb_text(schedule), cb_text(job->command)));
}

static bool
remove_job(const CronJob *job)
{
	if (cb_execute(&read_job, CB_ARGS(cb_text(job->name))) == 0)
		return false;
	cb_execute(&unschedule_job, CB_ARGS(cb_int8(cb_column_int8(0, 1))));
	return true;
}

static NullableDatum
job_names(void)
{
	Datum		names[lengthof(cron_jobs)];

	for (int i = 0; i < (int) lengthof(cron_jobs); i++)
		names[i] = CStringGetTextDatum(cron_jobs[i].name);
	return cb_array(names, NULL, lengthof(cron_jobs), TEXTOID);
}
