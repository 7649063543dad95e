/*-------------------------------------------------------------------------
 *
 * cb_health_chain.c
 *	  health(): is the chain followed?
 *
 * In the sandbox the chain is in the database itself, so nothing can lag and
 * no worker is needed.  Time is real time here, whatever the sandbox's clock.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "cb_call.h"
#include "cb_guc.h"
#include "cb_sql.h"
#include "monitoring/cb_health.h"
#include "monitoring/cb_worker_control.h"

/* The node finds blocks some seconds before we apply them. */
#define TOLERATED_LAG 2			/* blocks */
/* Beyond the two polls after which the node must have answered. */
#define CONTACT_SLACK 60		/* s */

typedef struct ChainHealth
{
	char	   *written_network;	/* NULL before following begins */
	char	   *stopped_reason; /* NULL while following */
	bool		is_begun;
	char	   *stale;			/* how long; NULL while followed closely */
	char	   *silent;			/* how long; NULL while the node answers */
	int32		lag;			/* blocks */
	bool		is_initial_download;
	int64		unarmed;		/* watches */
} ChainHealth;

/* $1: charmbills.max_stale, $2: longest silence, both s; $3: worker's contact. */
CB_REPORT_STATEMENT(read_chain, "int4 int4 timestamptz",
			 "SELECT pg_catalog.to_jsonb(f), s.network, s.stopped_reason, s.height IS NOT NULL, "
			 "       CASE WHEN a.unfollowed <= pg_catalog.make_interval(secs => $1) THEN NULL "
			 "            ELSE COALESCE('for ' || a.unfollowed, 'yet') END, "
			 "       CASE WHEN a.silent <= pg_catalog.make_interval(secs => $2) THEN NULL "
			 "            ELSE COALESCE('for ' || a.silent, 'yet') END, "
			 "       f.lag_blocks, f.node_initial_download, f.unarmed_watches "
			 "FROM (VALUES (pg_catalog.now())) AS clock (now) "
			 "LEFT JOIN charmbills.chain_state s ON true "
			 "CROSS JOIN LATERAL "
			 "  (SELECT s.height AS tip_height, s.hash AS tip_hash, s.followed_until, s.stopped_reason, "
			 "          s.node_height, s.node_height - s.height AS lag_blocks, s.node_version, "
			 "          s.node_initial_download, s.node_prune_height, "
			 "          GREATEST(s.node_reported_at, $3) AS last_contact_at, "
			 "          (SELECT pg_catalog.count(*) FROM charmbills.watched_scripts w "
			 "           WHERE NOT w.is_armed AND w.created_at < now - interval '1 minute') + "
			 "          (SELECT pg_catalog.count(*) FROM charmbills.watched_outpoints w "
			 "           WHERE NOT w.is_armed AND w.created_at < now - interval '1 minute') + "
			 "          (SELECT pg_catalog.count(*) FROM charmbills.watched_apps w "
			 "           WHERE NOT w.is_armed AND w.created_at < now - interval '1 minute') "
			 "          AS unarmed_watches) f "
			 "CROSS JOIN LATERAL "
			 "  (SELECT pg_catalog.date_trunc('second', now - f.followed_until) AS unfollowed, "
			 "          pg_catalog.date_trunc('second', now - f.last_contact_at) AS silent) a");

CB_REPORT_STATEMENT(make_worker_figures, "bool text timestamptz timestamptz bool",
			 "SELECT pg_catalog.jsonb_build_object("
			 "'worker_running', $1, 'worker_error', $2, 'worker_error_at', $3, "
			 "'worker_started_at', $4, 'sandbox', $5, "
			 "'in_recovery', pg_catalog.pg_is_in_recovery())");

static void read_chain_health(CbHealth *health, const CbWorkerSlot *slot, ChainHealth *chain);
static void add_worker_figures(CbHealth *health, const CbWorkerSlot *slot);
static void judge_database(CbHealth *health, const ChainHealth *chain);
static void judge_worker(CbHealth *health, const CbWorkerSlot *slot);
static void judge_node(CbHealth *health, const ChainHealth *chain);

/*
 * charmbills.health() -> jsonb
 *
 * down: no subscription's status can be relied on.  degraded: payments may be
 * seen late, or somebody has to act before anything is issued.
 */
CB_FUNCTION(health, CB_ANYONE)
{
	CbHealth	health;
	CbWorkerSlot slot = {0};
	ChainHealth chain;

	(void) cb_worker_slot(&slot);
	cb_health_begin(&health);
	if (!cb_health_judge_version(&health))
		return cb_health_end(&health);
	read_chain_health(&health, &slot, &chain);
	add_worker_figures(&health, &slot);
	judge_database(&health, &chain);
	cb_health_judge_adoption(&health);
	cb_health_judge_events(&health);
	cb_health_judge_charms(&health);
	if (!cb_is_sandbox())
	{
		judge_worker(&health, &slot);
		judge_node(&health, &chain);
	}
	return cb_health_end(&health);
}

static void
read_chain_health(CbHealth *health, const CbWorkerSlot *slot, ChainHealth *chain)
{
	int			longest_silence = 2 * cb_guc_poll_interval + CONTACT_SLACK;
	bool		isnull;

	cb_execute_one(&read_chain, CB_ARGS(cb_int4(cb_guc_max_stale), cb_int4(longest_silence),
										cb_worker_time(slot->last_contact_at)));
	cb_health_figures(health, cb_column(0, 1, &isnull));
	chain->written_network = cb_column_text(0, 2);
	chain->stopped_reason = cb_column_text(0, 3);
	chain->is_begun = cb_column_bool(0, 4);
	chain->stale = cb_column_text(0, 5);
	chain->silent = cb_column_text(0, 6);
	chain->lag = cb_column_int4(0, 7);
	chain->is_initial_download = cb_column_bool(0, 8);
	chain->unarmed = cb_column_int8(0, 9);
}

static void
add_worker_figures(CbHealth *health, const CbWorkerSlot *slot)
{
	bool		has_error = slot->last_error[0] != '\0';
	bool		isnull;

	cb_execute_one(&make_worker_figures,
				   CB_ARGS(cb_bool(slot->pid != 0),
						   cb_text(has_error ? slot->last_error : NULL),
						   cb_worker_time(slot->last_error_at),
						   cb_worker_time(slot->started_at),
						   cb_bool(cb_is_sandbox())));
	cb_health_figures(health, cb_column(0, 1, &isnull));
}

static void
judge_database(CbHealth *health, const ChainHealth *chain)
{
	const char *network = cb_current_network()->name;

	if (chain->written_network != NULL && strcmp(chain->written_network, network) != 0)
		cb_health_reason(health, CB_HEALTH_DOWN,
						 "charmbills.network is %s, but this database was begun on %s",
						 network, chain->written_network);
	if (chain->stopped_reason != NULL)
		cb_health_reason(health, CB_HEALTH_DOWN,
						 "following the chain has stopped: %s", chain->stopped_reason);
}

/* What the worker's error says may be for operators only. */
static void
judge_worker(CbHealth *health, const CbWorkerSlot *slot)
{
	const char *absence = RecoveryInProgress() ? NULL : cb_worker_absence();

	if (absence != NULL)
		cb_health_reason(health, CB_HEALTH_DEGRADED, "no worker runs: %s", absence);
	if (slot->last_error[0] != '\0' && slot->last_error_at > slot->last_contact_at)
		cb_health_reason(health, CB_HEALTH_DEGRADED,
						 "the worker's last attempt failed; worker_status() says why");
}

static void
judge_node(CbHealth *health, const ChainHealth *chain)
{
	if (!chain->is_begun)
	{
		cb_health_reason(health, CB_HEALTH_DOWN, "the chain has not been followed yet");
		return;
	}
	if (chain->stale != NULL)
		cb_health_reason(health, CB_HEALTH_DOWN,
						 "the chain has not been followed %s", chain->stale);
	if (chain->silent != NULL)
		cb_health_reason(health, CB_HEALTH_DEGRADED,
						 "the node has not been heard %s", chain->silent);
	if (chain->lag > TOLERATED_LAG)
		cb_health_reason(health, CB_HEALTH_DEGRADED,
						 "the chain in the database is %d blocks behind the node", chain->lag);
	if (chain->is_initial_download)
		cb_health_reason(health, CB_HEALTH_DEGRADED,
						 "the node is still downloading the chain");
	if (chain->unarmed > 0)
		cb_health_reason(health, CB_HEALTH_DEGRADED,
						 INT64_FORMAT " addresses, outputs and apps have waited more than a minute to be watched",
						 chain->unarmed);
}
