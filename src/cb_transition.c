/*-------------------------------------------------------------------------
 *
 * cb_transition.c
 *	  The moves that a status may make, enforced by one trigger function.
 *
 * The table below is the state machine, drawn in worker/README.md.  What the
 * chain alone may do is what a block, its undoing or the mempool shows: no
 * statement of a user's can do it.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "cb_errors.h"
#include "cb_transition.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "funcapi.h"
#include "utils/rel.h"

typedef enum MoveBy
{
	ANYONE,
	CHAIN
} MoveBy;

typedef struct Move
{
	const char *relation;
	const char *from;
	const char *to;
	MoveBy		by;
} Move;

static const Move moves[] = {
	{"plans", "pending_signature", "pending_confirmation", ANYONE},
	{"plans", "pending_signature", "active", CHAIN},
	{"plans", "pending_signature", "failed", ANYONE},
	{"plans", "pending_confirmation", "active", CHAIN},
	{"plans", "pending_confirmation", "failed", ANYONE},
	{"plans", "active", "inactive", ANYONE},
	{"plans", "active", "pending_confirmation", CHAIN},
	{"plans", "inactive", "active", ANYONE},
	{"plans", "inactive", "pending_confirmation", CHAIN},
	{"plans", "failed", "pending_signature", ANYONE},
	{"plans", "failed", "pending_confirmation", ANYONE},
	{"plans", "failed", "active", CHAIN},

	/* Announced statuses: time may have passed several boundaries at once. */
	{"subscription_facts", "pending", "trialing", ANYONE},
	{"subscription_facts", "pending", "active", ANYONE},
	{"subscription_facts", "pending", "past_due", ANYONE},
	{"subscription_facts", "pending", "expired", ANYONE},
	{"subscription_facts", "pending", "canceled", ANYONE},
	{"subscription_facts", "trialing", "pending", ANYONE},
	{"subscription_facts", "trialing", "active", ANYONE},
	{"subscription_facts", "trialing", "past_due", ANYONE},
	{"subscription_facts", "trialing", "expired", ANYONE},
	{"subscription_facts", "trialing", "paused", ANYONE},
	{"subscription_facts", "trialing", "canceled", ANYONE},
	{"subscription_facts", "active", "past_due", ANYONE},
	{"subscription_facts", "active", "expired", ANYONE},
	{"subscription_facts", "active", "paused", ANYONE},
	{"subscription_facts", "active", "canceled", ANYONE},
	{"subscription_facts", "active", "pending", CHAIN},
	{"subscription_facts", "active", "trialing", CHAIN},
	{"subscription_facts", "past_due", "active", ANYONE},
	{"subscription_facts", "past_due", "expired", ANYONE},
	{"subscription_facts", "past_due", "paused", ANYONE},
	{"subscription_facts", "past_due", "canceled", ANYONE},
	{"subscription_facts", "past_due", "pending", CHAIN},
	{"subscription_facts", "past_due", "trialing", CHAIN},
	{"subscription_facts", "expired", "active", ANYONE},
	{"subscription_facts", "expired", "past_due", ANYONE},
	{"subscription_facts", "expired", "canceled", ANYONE},
	{"subscription_facts", "expired", "pending", ANYONE},
	{"subscription_facts", "expired", "trialing", CHAIN},
	{"subscription_facts", "paused", "trialing", ANYONE},
	{"subscription_facts", "paused", "active", ANYONE},
	{"subscription_facts", "paused", "past_due", ANYONE},
	{"subscription_facts", "paused", "expired", ANYONE},
	{"subscription_facts", "paused", "canceled", ANYONE},
	{"subscription_facts", "paused", "pending", ANYONE},

	{"invoices", "open", "processing", CHAIN},
	{"invoices", "open", "paid", ANYONE},
	{"invoices", "open", "expired", ANYONE},
	{"invoices", "open", "void", ANYONE},
	{"invoices", "open", "uncollectible", ANYONE},
	{"invoices", "processing", "open", CHAIN},
	{"invoices", "processing", "paid", ANYONE},
	{"invoices", "processing", "expired", CHAIN},
	{"invoices", "processing", "void", ANYONE},
	{"invoices", "paid", "processing", CHAIN},
	{"invoices", "paid", "open", CHAIN},
	{"invoices", "paid", "expired", CHAIN},
	{"invoices", "expired", "open", CHAIN},
	{"invoices", "expired", "processing", CHAIN},
	{"invoices", "expired", "paid", ANYONE},
	{"invoices", "expired", "void", ANYONE},
	{"invoices", "expired", "uncollectible", ANYONE},
	{"invoices", "uncollectible", "paid", ANYONE},
	{"invoices", "uncollectible", "void", ANYONE},

	{"payments", "seen", "confirmed", CHAIN},
	{"payments", "seen", "replaced", CHAIN},
	{"payments", "seen", "evicted", CHAIN},
	{"payments", "confirmed", "seen", CHAIN},
	{"payments", "confirmed", "replaced", CHAIN},
	{"payments", "confirmed", "evicted", CHAIN},
	{"payments", "replaced", "seen", CHAIN},
	{"payments", "replaced", "confirmed", CHAIN},
	{"payments", "replaced", "evicted", CHAIN},
	{"payments", "evicted", "seen", CHAIN},
	{"payments", "evicted", "confirmed", CHAIN},
	{"payments", "evicted", "replaced", CHAIN},

	{"transactions", "pending_signature", "pending", ANYONE},
	{"transactions", "pending_signature", "confirmed", CHAIN},
	{"transactions", "pending_signature", "failed", ANYONE},
	{"transactions", "pending_signature", "replaced", CHAIN},
	{"transactions", "pending", "confirmed", CHAIN},
	{"transactions", "pending", "failed", ANYONE},
	{"transactions", "pending", "replaced", CHAIN},
	{"transactions", "confirmed", "pending", CHAIN},
	{"transactions", "confirmed", "replaced", CHAIN},
	{"transactions", "failed", "pending", ANYONE},
	{"transactions", "failed", "confirmed", CHAIN},
	{"transactions", "failed", "replaced", CHAIN},
	{"transactions", "replaced", "pending", CHAIN},
	{"transactions", "replaced", "confirmed", CHAIN},
};

static int	chain_moves_depth = 0;
static int	chain_moves_nest_level = 0; /* transaction nesting of the outermost */
static bool callbacks_registered = false;

PG_FUNCTION_INFO_V1(charmbills_check_transition);
PG_FUNCTION_INFO_V1(charmbills_transitions);

static const Move *find_move(const char *relation, const char *from, const char *to);
static void refuse(const char *relation, const char *from, const char *to, const Move *move);
static void end_of_transaction(XactEvent event, void *arg);
static void end_of_subtransaction(SubXactEvent event, SubTransactionId subid,
								  SubTransactionId parent, void *arg);

void
cb_chain_moves_begin(void)
{
	if (!callbacks_registered)
	{
		RegisterXactCallback(end_of_transaction, NULL);
		RegisterSubXactCallback(end_of_subtransaction, NULL);
		callbacks_registered = true;
	}
	if (chain_moves_depth++ == 0)
		chain_moves_nest_level = GetCurrentTransactionNestLevel();
}

void
cb_chain_moves_end(void)
{
	Assert(chain_moves_depth > 0);
	chain_moves_depth--;
}

static void
end_of_transaction(XactEvent event, void *arg)
{
	chain_moves_depth = 0;
}

/* What began in a subtransaction does not outlive it. */
static void
end_of_subtransaction(SubXactEvent event, SubTransactionId subid,
					  SubTransactionId parent, void *arg)
{
	if (event != SUBXACT_EVENT_START_SUB &&
		chain_moves_nest_level >= GetCurrentTransactionNestLevel())
		chain_moves_depth = 0;
}

/*
 * charmbills.check_transition() -> trigger
 *
 * AFTER UPDATE FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status).
 */
Datum
charmbills_check_transition(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	TupleDesc	desc;
	const char *relation;
	char	   *from;
	char	   *to;
	int			column;
	const Move *move;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("check_transition() must be called as a row trigger on update")));
	desc = RelationGetDescr(trigger->tg_relation);
	relation = RelationGetRelationName(trigger->tg_relation);
	column = SPI_fnumber(desc, "status");
	from = SPI_getvalue(trigger->tg_trigtuple, desc, column);
	to = SPI_getvalue(trigger->tg_newtuple, desc, column);
	move = find_move(relation, from, to);
	if (move == NULL || (move->by == CHAIN && chain_moves_depth == 0))
		refuse(relation, from, to, move);
	return PointerGetDatum(NULL);
}

static const Move *
find_move(const char *relation, const char *from, const char *to)
{
	for (int i = 0; i < (int) lengthof(moves); i++)
		if (strcmp(moves[i].relation, relation) == 0 &&
			strcmp(moves[i].from, from) == 0 && strcmp(moves[i].to, to) == 0)
			return &moves[i];
	return NULL;
}

static void
refuse(const char *relation, const char *from, const char *to, const Move *move)
{
	ereport(ERROR,
			(errcode(ERRCODE_CB_ILLEGAL_TRANSITION),
			 errmsg("status in \"%s\" may not move from \"%s\" to \"%s\"", relation, from, to),
			 move ? errdetail("Only the chain makes this move.") : 0));
}

/* charmbills.transitions() -> setof (relation, from_status, to_status, by_chain) */
Datum
charmbills_transitions(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < (int) lengthof(moves); i++)
	{
		bool		nulls[4] = {false};
		Datum		values[4];

		values[0] = CStringGetTextDatum(moves[i].relation);
		values[1] = CStringGetTextDatum(moves[i].from);
		values[2] = CStringGetTextDatum(moves[i].to);
		values[3] = BoolGetDatum(moves[i].by == CHAIN);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
