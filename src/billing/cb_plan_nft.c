/*-------------------------------------------------------------------------
 *
 * cb_plan_nft.c
 *	  Tracked plans follow their NFT.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_plan_app.h"
#include "billing/cb_plan_follow.h"
#include "billing/cb_plan_nft.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_guc.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "cb_transition.h"
#include "chain/cb_chain_state.h"

/* The last of these: whose depth was changed while a block was applied. */
CB_STATEMENT(find_maturing, "uuid[] int4 int4",
			 "SELECT id FROM unnest($1) c(id) "
			 "UNION "
			 "SELECT p.id FROM charmbills.plans p "
			 "WHERE p.nft_matures_at_height > $2 AND p.nft_matures_at_height <= $3 "
			 "UNION "
			 "SELECT p.id FROM charmbills.plans p "
			 "WHERE p.nft_matures_at_height <= $3 AND p.status = 'pending_confirmation'");
CB_KEYS_STATEMENT(lock_plans, "uuid[]",
				  "SELECT p.id FROM charmbills.plans p "
				  "WHERE p.id = ANY ($1) AND " CB_PLAN_IS_TRACKED("p") " ORDER BY p.id FOR NO KEY UPDATE");
/*
 * n: the live NFT, or one that was spent last; u: one of which no more is known.
 * What ended, or was lost sight of, where it could have been born was never anywhere.
 */
CB_KEYS_STATEMENT(read_nfts, "uuid[] int4",
				  "SELECT p.id, p.merchant_id, p.status, p.deactivated_by, p.import_key IS NOT NULL, p.nft_state, "
				  "       s.state, CASE WHEN s.state IN ('held', 'away') THEN n.outpoint END, "
				  "       CASE s.state WHEN 'gone' THEN 0 WHEN 'unborn' THEN NULL WHEN 'unknown' THEN u.remaining ELSE n.remaining END::text, "
				  "       b.block_height + greatest(coalesce(p.confirmations, $2), 1) - 1, p.nft_matures_at_height "
				  "FROM charmbills.plans p "
				  "JOIN charmbills.merchants m ON m.id = p.merchant_id "
				  "LEFT JOIN LATERAL (SELECT c.* FROM charmbills.charms c WHERE c.plan_id = p.id AND c.has_nft "
				  "                   ORDER BY c.spent_height DESC NULLS FIRST LIMIT 1) n ON true "
				  "LEFT JOIN LATERAL (SELECT c.outpoint, c.remaining FROM charmbills.charms c "
				  "                   WHERE c.plan_id = p.id AND c.has_nft AND c.spent_height = n.spent_height "
				  "                         AND c.is_unknown LIMIT 1) u ON true "
				  "LEFT JOIN LATERAL (SELECT t.block_height FROM charmbills.charm_transactions t "
				  "                   WHERE t.plan_id = p.id AND t.nft = 'born' "
				  "                   ORDER BY t.block_height, t.block_index LIMIT 1) b ON true "
				  "CROSS JOIN LATERAL (SELECT CASE "
				  "    WHEN n.outpoint IS NULL AND EXISTS (SELECT FROM charmbills.charm_transactions t "
				  "                                        WHERE t.plan_id = p.id AND t.nft = 'ended') THEN 'gone' "
				  "    WHEN n.outpoint IS NULL AND EXISTS (SELECT FROM charmbills.charm_transactions t "
				  "                                        WHERE t.plan_id = p.id AND t.nft = 'unknown') THEN 'unknown' "
				  "    WHEN n.outpoint IS NULL THEN 'unborn' "
				  "    WHEN u.outpoint IS NOT NULL THEN 'unknown' "
				  "    WHEN n.spent_height IS NOT NULL THEN 'gone' "
				  "    WHEN n.script IN (p.nft_script, charmbills.address_to_script(p.merchant_address), "
				  "                      charmbills.address_to_script(m.address)) "
				  "         OR EXISTS (SELECT FROM charmbills.watched_scripts w "
				  "                    WHERE w.script = n.script AND w.merchant_id = p.merchant_id) THEN 'held' "
				  "    ELSE 'away' END AS state) s "
				  "WHERE p.id = ANY ($1) ORDER BY p.id");
CB_STATEMENT(write_plan, "uuid text outpoint text int4 text text timestamptz",
			 "UPDATE charmbills.plans "
			 "SET nft_state = $2, nft_utxo = $3, remaining_supply = $4::numeric, nft_matures_at_height = $5, "
			 "    status = $6, deactivated_by = $7, updated_at = $8 "
			 "WHERE id = $1 AND (nft_state, nft_utxo, remaining_supply, nft_matures_at_height, status, deactivated_by) "
			 "                  IS DISTINCT FROM ($2, $3, $4::numeric, $5, $6, $7)");
CB_STATEMENT(explain_mint, "txid",
			 "SELECT CASE WHEN v.verdict IN ('valid', 'mock') THEN 'its spell makes no NFT of this plan' "
			 "       ELSE concat_ws(': ', 'its spell is ' || v.verdict, v.reason) END "
			 "FROM charmbills.chain_transactions k, charmbills.verify_spell(pg_catalog.encode(k.raw, 'hex')) v "
			 "WHERE k.txid = $1");
CB_STATEMENT(read_state, "uuid",
			 "SELECT nft_state, import_key IS NOT NULL, nft_matures_at_height FROM charmbills.plans WHERE id = $1");

/* Why a plan with its NFT in a state is not on sale. */
typedef struct Obstacle
{
	const char *state;
	const char *reason;
	const char *hint;			/* NULL without one */
} Obstacle;

static const Obstacle obstacles[] = {
	{"unborn", "No block has the plan's mint.", NULL},
	{"held", "The plan's mint has not the confirmations that it needs.", NULL},
	{"away", "The NFT is on a script that is not the merchant's.", "Send it to the merchant's address."},
	{"unknown", "The NFT was spent by a spell of a version that is not known here.",
	"A newer version of this extension may know it."},
	{"gone", "The NFT is in no output any more.", "Make another plan."},
};

/* A locked plan, and what the chain says of its NFT. */
typedef struct PlanNft
{
	pg_uuid_t	id;
	pg_uuid_t	merchant_id;
	char	   *status;
	char	   *deactivated_by; /* NULL: not, or before that was written down */
	bool		is_imported;
	char	   *state_before;
	char	   *state;
	bool		has_outpoint;
	CbOutpoint	outpoint;
	char	   *remaining;
	bool		is_born;
	int32		matures;
	bool		was_born;
	int32		matured;		/* where its birth was before */
} PlanNft;

/* Why a plan is judged. */
typedef struct Occasion
{
	const CbOwnTx *tx;			/* news of a transaction of ours; NULL without one */
	bool		is_lost;
	int32		tip;			/* -1 without a chain */
	int32		highest_tip;	/* that there was on the way */
} Occasion;

static void make_occasion(Occasion *occasion);
static void refresh(NullableDatum ids, const Occasion *occasion, TimestampTz now, CbEvents *events);
static void load_plan(uint64 row, PlanNft *plan);
static const char *new_status(const PlanNft *plan, const Occasion *occasion);
static const char *status_held(const PlanNft *plan, const Occasion *occasion);
static const char *status_unborn(const PlanNft *plan, const Occasion *occasion);
static bool is_status(const PlanNft *plan, const char *status);
static bool is_state(const PlanNft *plan, const char *state);
static void write_down(const PlanNft *plan, const char *status, TimestampTz now);
static void announce(const PlanNft *plan, const char *status, const Occasion *occasion,
					 TimestampTz now, CbEvents *events);
static const char *reason_of(const PlanNft *plan, const Occasion *occasion);
static const Obstacle *find_obstacle(const char *state);

void
cb_plan_nft_refresh(const pg_uuid_t *plan_ids, int n, TimestampTz now)
{
	CbEvents	events = {NIL};
	Occasion	occasion;

	make_occasion(&occasion);
	refresh(cb_uuid_array(plan_ids, n), &occasion, now, &events);
	cb_events_write(&events);
}

void
cb_plan_nft_follow(const CbChange *change, CbEvents *events)
{
	Occasion	occasion;
	int			n = (int) cb_execute(&find_maturing,
									 CB_ARGS(cb_uuid_array(change->charm_plans, change->n_charm_plans),
											 cb_int4(change->lowest_tip), cb_int4(change->highest_tip)));

	if (n > 0)
	{
		NullableDatum ids = cb_uuid_array(cb_column_uuids(n), n);

		make_occasion(&occasion);
		occasion.highest_tip = change->highest_tip;
		refresh(ids, &occasion, change->now, events);
	}
}

void
cb_plan_nft_own_transaction(const CbOwnTx *tx, CbOwnTxNews news, CbEvents *events)
{
	Occasion	occasion;

	make_occasion(&occasion);
	occasion.tx = tx;
	occasion.is_lost = news == CB_OWN_TX_LOST;
	refresh(cb_uuid_array(&tx->plan_id, 1), &occasion, cb_now(), events);
}

static void
make_occasion(Occasion *occasion)
{
	CbChainState chain;

	cb_chain_state_read(&chain);
	occasion->tx = NULL;
	occasion->is_lost = false;
	occasion->tip = chain.has_tip ? chain.height : -1;
	occasion->highest_tip = occasion->tip;
}

/*
 * What the chain shows may be found by a statement, too.  A transaction of ours
 * decides nothing once there is an NFT: what the chain says of that comes next.
 */
static void
refresh(NullableDatum ids, const Occasion *occasion, TimestampTz now, CbEvents *events)
{
	PlanNft    *plans;
	int			n = (int) cb_execute(&lock_plans, CB_ARGS(ids));

	if (n == 0)
		return;
	ids = cb_uuid_array(cb_column_uuids(n), n);
	n = (int) cb_execute(&read_nfts, CB_ARGS(ids, cb_int4(cb_guc_confirmations)));
	plans = palloc(sizeof(PlanNft) * n);
	for (int i = 0; i < n; i++)
		load_plan(i, &plans[i]);
	cb_chain_moves_begin();
	for (int i = 0; i < n; i++)
	{
		const char *status;

		if (occasion->tx != NULL && !is_state(&plans[i], "unborn"))
			continue;
		status = new_status(&plans[i], occasion);
		write_down(&plans[i], status, now);
		if (!is_status(&plans[i], status))
			announce(&plans[i], status, occasion, now, events);
	}
	cb_chain_moves_end();
}

static void
load_plan(uint64 row, PlanNft *plan)
{
	plan->id = cb_column_uuid(row, 1);
	plan->merchant_id = cb_column_uuid(row, 2);
	plan->status = cb_column_text(row, 3);
	plan->deactivated_by = cb_column_text(row, 4);
	plan->is_imported = cb_column_bool(row, 5);
	plan->state_before = cb_column_text(row, 6);
	plan->state = cb_column_text(row, 7);
	plan->has_outpoint = !cb_column_is_null(row, 8);
	plan->outpoint = cb_column_outpoint(row, 8);
	plan->remaining = cb_column_text(row, 9);
	plan->is_born = !cb_column_is_null(row, 10);
	plan->matures = cb_column_int4(row, 10);
	plan->was_born = !cb_column_is_null(row, 11);
	plan->matured = cb_column_int4(row, 11);
}

/* One that its merchant has taken off sale stays so. */
static const char *
new_status(const PlanNft *plan, const Occasion *occasion)
{
	bool		was_on_sale = is_status(plan, "active") || is_status(plan, "inactive");

	if (is_status(plan, "inactive") && (plan->deactivated_by == NULL || strcmp(plan->deactivated_by, "nft") != 0))
		return plan->status;
	if (is_state(plan, "unborn"))
		return status_unborn(plan, occasion);
	if (is_state(plan, "held"))
		return status_held(plan, occasion);
	if (was_on_sale)
		return is_state(plan, "unknown") ? plan->status : "inactive";
	return is_state(plan, "gone") ? "failed" : "pending_confirmation";
}

/*
 * An imported plan was sold before it came here, and waits for nothing.  One
 * that is on sale already loses that only with the depth that it had.
 */
static const char *
status_held(const PlanNft *plan, const Occasion *occasion)
{
	bool		is_deep = plan->is_born && plan->matures <= occasion->tip;
	bool		was_deep = plan->was_born && plan->matured <= occasion->highest_tip;

	if (plan->is_imported || is_deep || (is_status(plan, "active") && !was_deep))
		return "active";
	return "pending_confirmation";
}

/* A birth that is undone is awaited again; one that never was is only while a mint of ours may bring it. */
static const char *
status_unborn(const PlanNft *plan, const Occasion *occasion)
{
	CbPlanSpenders spenders;

	if (plan->is_imported)
		return is_status(plan, "inactive") ? "active" : plan->status;
	if (strcmp(plan->state_before, "unborn") != 0)
		return "pending_confirmation";
	if (is_status(plan, "active") || is_status(plan, "inactive"))
		return plan->status;
	cb_plan_spenders_read(&plan->id, occasion->tx != NULL ? &occasion->tx->id : NULL, &spenders);
	if (spenders.any_confirmed)
		return "failed";
	if (spenders.any_pending)
		return "pending_confirmation";
	return occasion->is_lost && spenders.include_this ? "failed" : plan->status;
}

static bool
is_status(const PlanNft *plan, const char *status)
{
	return strcmp(plan->status, status) == 0;
}

static bool
is_state(const PlanNft *plan, const char *state)
{
	return strcmp(plan->state, state) == 0;
}

static void
write_down(const PlanNft *plan, const char *status, TimestampTz now)
{
	bool		is_inactive = strcmp(status, "inactive") == 0;
	const char *deactivated_by = is_inactive ? plan->deactivated_by : NULL;

	if (is_inactive && !is_status(plan, "inactive"))
		deactivated_by = "nft";
	cb_execute(&write_plan,
			   CB_ARGS(cb_uuid(&plan->id), cb_text(plan->state),
					   cb_outpoint(plan->has_outpoint ? &plan->outpoint : NULL), cb_text(plan->remaining),
					   plan->is_born ? cb_int4(plan->matures) : cb_null(), cb_text(status),
					   cb_text(deactivated_by), cb_timestamptz(now)));
}

static void
announce(const PlanNft *plan, const char *status, const Occasion *occasion,
		 TimestampTz now, CbEvents *events)
{
	CbJson		payload;

	cb_json_begin(&payload);
	cb_json_uuid(&payload, "plan_id", &plan->id);
	if (occasion->tx != NULL)
		cb_json_uuid(&payload, "transaction_id", &occasion->tx->id);
	cb_json_text(&payload, "previous_status", plan->status);
	cb_json_text(&payload, "status", status);
	cb_json_text(&payload, "nft_state", plan->state);
	if (strcmp(status, "inactive") == 0 || strcmp(status, "failed") == 0)
		cb_json_text(&payload, "reason", reason_of(plan, occasion));
	cb_event_uuid(events, cb_plan_event_type(plan->status, status), &plan->merchant_id, "plan", &plan->id,
				  cb_json_end(&payload), now);
}

/* Of a mint that brought no NFT, what its spell lacks. */
static const char *
reason_of(const PlanNft *plan, const Occasion *occasion)
{
	if (!is_state(plan, "unborn"))
		return find_obstacle(plan->state)->reason;
	if (occasion->is_lost)
		return "The plan's mint was lost.";
	if (occasion->tx == NULL || cb_execute(&explain_mint, CB_ARGS(cb_txid(&occasion->tx->txid))) == 0)
		return "The plan's mint made no NFT.";
	return psprintf("The plan's mint made no NFT: %s", cb_column_text(0, 1));
}

static const Obstacle *
find_obstacle(const char *state)
{
	for (int i = 0; i < (int) lengthof(obstacles); i++)
		if (strcmp(obstacles[i].state, state) == 0)
			return &obstacles[i];
	elog(ERROR, "an NFT is in state \"%s\"", state);
}

void
cb_plan_nft_require(const pg_uuid_t *plan_id)
{
	const Obstacle *obstacle;
	CbChainState chain;
	bool		is_imported;
	bool		is_deep;

	cb_chain_state_read(&chain);
	cb_execute_one(&read_state, CB_ARGS(cb_uuid(plan_id)));
	obstacle = find_obstacle(cb_column_text(0, 1));
	is_imported = cb_column_bool(0, 2);
	is_deep = !cb_column_is_null(0, 3) && chain.has_tip && cb_column_int4(0, 3) <= chain.height;
	if (is_imported ? strcmp(obstacle->state, "unborn") == 0 || strcmp(obstacle->state, "held") == 0 :
		strcmp(obstacle->state, "held") == 0 && is_deep)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CB_WRONG_STATE),
			 errmsg("the plan's merchant does not hold its NFT"),
			 errdetail("%s", obstacle->reason),
			 obstacle->hint != NULL ? errhint("%s", obstacle->hint) : 0));
}
