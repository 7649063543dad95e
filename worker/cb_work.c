/*-------------------------------------------------------------------------
 *
 * cb_work.c
 *	  What a worker does, and when.
 *
 * The work is cut into units, each with an error boundary and a backoff of its
 * own, so that one that fails does not stop the others.  worker/README.md draws
 * the states.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_follow.h"
#include "cb_http_jobs.h"
#include "cb_jobs.h"
#include "cb_link.h"
#include "cb_mempool.h"
#include "cb_unit.h"
#include "cb_wait.h"
#include "cb_work.h"

/* How often a database without the extension is looked at. */
#define IDLE_MS 10000

/* Whatever else is due, the worker looks around once a minute. */
#define MAX_WAIT_MS 60000

/* A node that always has news is not asked more often than this. */
#define LOOK_PAUSE_MS 100

/* While HTTP requests end one after the other, all else is looked at this often. */
#define GLANCE_MS 200

static void look_for_extension(void);
static void hint_once(CbExtension found);
static void begin_afresh(void);
static void serve_http_jobs(void);
static void read_agenda(void);
static void follow(void);
static void look_at_mempool(void);
static void arm_watches(void);
static void run_jobs(void);
static void rescan(void);
static void report_http_jobs(void);
static void hold_http_jobs(void);
static void send_http_jobs(void);
static void run_billing(void);
static void plan(void);
static void plan_node_work(void);
static void plan_http_jobs(void);
static TimestampTz from_now(int ms);
static bool is_sandbox(void);
static bool is_synced(void);
static const char *node_failure_state(int sqlstate);
static const char *follow_state_name(void);

static CbUnit extension_unit = {.purpose = "look for the extension",.run = look_for_extension};
static CbUnit agenda_unit = {.purpose = "read what is to be done",.run = read_agenda};
static CbUnit node_unit = {.purpose = "follow the node",.run = follow};
static CbUnit mempool_unit = {.purpose = "read the mempool",.run = look_at_mempool};
static CbUnit watch_unit = {.purpose = "arm watches",.run = arm_watches};
static CbUnit job_unit = {.purpose = "run jobs",.run = run_jobs};
static CbUnit rescan_unit = {.purpose = "rescan the chain",.run = rescan};
static CbUnit report_unit = {.purpose = "report HTTP requests",.run = report_http_jobs};
static CbUnit hold_unit = {.purpose = "hold HTTP jobs",.run = hold_http_jobs};
static CbUnit send_unit = {.purpose = "send HTTP requests",.run = send_http_jobs};
static CbUnit billing_unit = {.purpose = "run billing",.run = run_billing};

/* In the order in which they run; the first two decide about the others. */
#define FIRST_PLANNED 2
static CbUnit *const units[] = {
	&extension_unit, &agenda_unit, &node_unit, &mempool_unit, &watch_unit, &job_unit,
	&rescan_unit, &report_unit, &hold_unit, &send_unit, &billing_unit
};

static CbWorkerSettings settings;
static CbExtension extension = CB_EXTENSION_ABSENT;
static CbAgenda agenda;
static bool stopped = false;	/* agenda.stopped_reason, past its memory */
static CbNodeView node;
static bool node_answers = false;
static CbFollowState follow_state;
static TimestampTz look_at;		/* at the node */
static bool mempool_unfinished;
static bool found_jobs = true;	/* when last looked for */
static bool expecting_http_jobs = true;
static bool only_http_news = false;
static TimestampTz glanced_at = 0;	/* when the last whole pass began */
static bool billing_wanted;

void
cb_work_configure(void)
{
	cb_link_settings(&settings);
	begin_afresh();
}

static void
begin_afresh(void)
{
	node_answers = false;
	follow_state = CB_FOLLOW_MORE;
	look_at = 0;
	mempool_unfinished = false;
	billing_wanted = true;
	cb_mempool_reset();
	for (int i = 0; i < (int) lengthof(units); i++)
		cb_backoff_reset(&units[i]->backoff);
}

/* Each is planned anew before it runs, since those before it may change that. */
void
cb_work_pass(void)
{
	TimestampTz now = GetCurrentTimestamp();

	if (only_http_news && now < TimestampTzPlusMilliseconds(glanced_at, GLANCE_MS))
	{
		only_http_news = false;
		serve_http_jobs();
		return;
	}
	only_http_news = false;
	glanced_at = now;
	extension_unit.due_at = agenda_unit.due_at = 0;
	if (!cb_unit_run(&extension_unit) || extension != CB_EXTENSION_READY)
		return;
	if (!cb_unit_run(&agenda_unit))
		return;
	for (int i = FIRST_PLANNED; i < (int) lengthof(units); i++)
	{
		plan();
		(void) cb_unit_run(units[i]);
	}
	plan();
}

static void
serve_http_jobs(void)
{
	plan();
	(void) cb_unit_run(&report_unit);
	plan();
	(void) cb_unit_run(&send_unit);
	plan();
}

TimestampTz
cb_work_next(void)
{
	TimestampTz next = from_now(MAX_WAIT_MS);

	for (int i = 0; i < FIRST_PLANNED; i++)
	{
		if (cb_unit_failing(units[i]))
			return units[i]->backoff.not_before;
	}
	if (extension != CB_EXTENSION_READY)
		return from_now(IDLE_MS);
	for (int i = FIRST_PLANNED; i < (int) lengthof(units); i++)
		next = Min(next, cb_unit_next(units[i]));
	return next;
}

void
cb_work_hasten(void)
{
	for (int i = 0; i < (int) lengthof(units); i++)
		cb_backoff_hasten(&units[i]->backoff);
	look_at = Min(look_at, cb_unit_after_pause(&node_unit, 0));
	send_unit.ran_at = 0;
	only_http_news = false;
}

void
cb_work_hear_http(void)
{
	only_http_news = true;
}

void
cb_work_look_at_node(void)
{
	look_at = Min(look_at, TimestampTzPlusMilliseconds(node_unit.ran_at, LOOK_PAUSE_MS));
	only_http_news = false;
}

const CbBlockId *
cb_work_known_tip(void)
{
	if (extension != CB_EXTENSION_READY || !node_answers || is_sandbox())
		return NULL;
	return &node.tip;
}

static void
look_for_extension(void)
{
	CbExtension found = cb_find_extension();

	if (found == CB_EXTENSION_READY && extension != CB_EXTENSION_READY)
		begin_afresh();
	extension = found;
	hint_once(found);
}

static void
hint_once(CbExtension found)
{
	static CbExtension hinted = CB_EXTENSION_READY;

	if (found == hinted)
		return;
	hinted = found;
	if (found == CB_EXTENSION_UNKNOWN_VERSION)
		ereport(settings.log_level,
				(errmsg("charmbills worker waits for another version of the extension"),
				 errdetail("The library is of version %s.", CHARMBILLS_VERSION),
				 errhint("Use ALTER EXTENSION charmbills UPDATE, or restart the server after an upgrade.")));
	else if (found == CB_EXTENSION_ABSENT)
		ereport(settings.log_level,
				(errmsg("charmbills worker waits for the extension"),
				 errhint("Use CREATE EXTENSION charmbills, or take the database out of charmbills.databases.")));
}

static void
read_agenda(void)
{
	bool		was_stopped = stopped;

	cb_read_agenda(&agenda);
	stopped = (agenda.stopped_reason != NULL);
	if (was_stopped && !stopped)
		look_at = 0;
}

static void
follow(void)
{
	CbBlockId	before = node.tip;

	node_answers = false;
	cb_follow_look(&settings, &node);
	node_answers = true;
	billing_wanted = true;
	if (strcmp(before.hash, node.tip.hash) != 0)
		mempool_unit.ran_at = 0;
	follow_state = stopped ? CB_FOLLOW_STOPPED : cb_follow(&settings, &node);
	look_at = follow_state == CB_FOLLOW_MORE ? 0 : from_now(settings.poll_interval * 1000);
	cb_wait_retry();
	read_agenda();
}

static void
look_at_mempool(void)
{
	mempool_unfinished = cb_mempool_look();
	read_agenda();
}

static void
arm_watches(void)
{
	(void) cb_mempool_arm_watches();
	read_agenda();
}

static void
run_jobs(void)
{
	found_jobs = cb_run_jobs();
	read_agenda();
}

static void
rescan(void)
{
	cb_rescan_turn();
}

/* An endpoint that was busy may take another. */
static void
report_http_jobs(void)
{
	cb_http_jobs_report();
	expecting_http_jobs = true;
}

static void
hold_http_jobs(void)
{
	cb_http_jobs_hold();
}

static void
send_http_jobs(void)
{
	expecting_http_jobs = cb_http_jobs_send();
}

static void
run_billing(void)
{
	cb_run_billing();
	billing_wanted = false;
	read_agenda();
}

static void
plan(void)
{
	plan_node_work();
	plan_http_jobs();
	billing_unit.due_at = DT_NOEND;
	if (billing_wanted)
		billing_unit.due_at = 0;
	else if (agenda.next_billing_at != 0)
		billing_unit.due_at = cb_unit_after_pause(&billing_unit, agenda.next_billing_at);
}

/*
 * The mempool tells nothing unless our tip is the node's; jobs only need a
 * node, so that a block that cannot be applied does not hold them up.
 */
static void
plan_node_work(void)
{
	bool		synced = is_synced();

	node_unit.due_at = is_sandbox() ? DT_NOEND : look_at;
	mempool_unit.due_at = DT_NOEND;
	if (synced && mempool_unfinished)
		mempool_unit.due_at = 0;
	else if (synced && agenda.awaiting_mempool)
		mempool_unit.due_at = mempool_unit.ran_at == 0 ? 0 :
			TimestampTzPlusMilliseconds(mempool_unit.ran_at, settings.mempool_interval * 1000);
	watch_unit.due_at = DT_NOEND;
	if (synced && agenda.unarmed)
		watch_unit.due_at = cb_unit_after_pause(&watch_unit, 0);
	job_unit.due_at = DT_NOEND;
	if (node_answers && agenda.next_job_at != 0)
		job_unit.due_at = found_jobs ? agenda.next_job_at :
			cb_unit_after_pause(&job_unit, agenda.next_job_at);
	rescan_unit.due_at = node_answers && cb_rescan_is_running() ? 0 : DT_NOEND;
}

/* None needs a node. */
static void
plan_http_jobs(void)
{
	report_unit.due_at = cb_http_jobs_report_due();
	hold_unit.due_at = cb_http_jobs_hold_due();
	send_unit.due_at = DT_NOEND;
	if (!cb_http_jobs_have_room())
		return;
	if (expecting_http_jobs)
		send_unit.due_at = 0;
	else if (agenda.next_http_at != 0)
		send_unit.due_at = cb_unit_after_pause(&send_unit, agenda.next_http_at);
}

static TimestampTz
from_now(int ms)
{
	return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms);
}

static bool
is_sandbox(void)
{
	return strcmp(settings.rpc_url, "sandbox") == 0;
}

static bool
is_synced(void)
{
	return !is_sandbox() && node_answers && !cb_unit_failing(&node_unit) &&
		follow_state == CB_FOLLOW_SYNCED;
}

const char *
cb_work_state(void)
{
	if (cb_unit_failing(&extension_unit) || cb_unit_failing(&agenda_unit))
		return "failing";
	if (extension == CB_EXTENSION_ABSENT)
		return "no extension";
	if (extension == CB_EXTENSION_UNKNOWN_VERSION)
		return "unknown version";
	if (is_sandbox())
		return "sandbox";
	if (cb_unit_failing(&node_unit))
		return node_failure_state(node_unit.failure.sqlstate);
	return follow_state_name();
}

static const char *
node_failure_state(int sqlstate)
{
	switch (sqlstate)
	{
		case ERRCODE_CONNECTION_FAILURE:
			return "node unreachable";
		case ERRCODE_CANNOT_CONNECT_NOW:
			return "node warming up";
		case ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION:
			return "credentials refused";
		case ERRCODE_PROTOCOL_VIOLATION:
			return "node misbehaves";
		case CB_SQLSTATE_WRONG_NETWORK:
			return "wrong network";
		case ERRCODE_LOCK_NOT_AVAILABLE:
			return "blocked";
		default:
			return "failing";
	}
}

static const char *
follow_state_name(void)
{
	switch (follow_state)
	{
		case CB_FOLLOW_SYNCED:
			return "waiting";
		case CB_FOLLOW_MORE:
			return "catching up";
		case CB_FOLLOW_NODE_SYNCING:
			return "node syncing";
		case CB_FOLLOW_NODE_BEHIND:
			return "node behind";
		case CB_FOLLOW_OTHER_BRANCH:
			return "node on other branch";
		case CB_FOLLOW_STOPPED:
			break;
	}
	return "stopped";
}

int
cb_work_blocker(void)
{
	for (int i = 0; i < (int) lengthof(units); i++)
	{
		if (cb_unit_failing(units[i]) && units[i]->failure.blocker != 0)
			return units[i]->failure.blocker;
	}
	return 0;
}
