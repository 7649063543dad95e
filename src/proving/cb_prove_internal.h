/*-------------------------------------------------------------------------
 *
 * cb_prove_internal.h
 *	  What the files that ask for spells share.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_PROVE_INTERNAL_H
#define CB_PROVE_INTERNAL_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "bitcoin/cb_block.h"
#include "bitcoin/cb_script.h"
#include "proving/cb_prove.h"

/* What an output with charms has of sats: every kind of script takes so few. */
#define CB_CHARM_SATS 546

/* How a transaction is paid for, and what its caller knows of its inputs. */
typedef struct CbProveTerms
{
	CbOutpoint	funding;
	CbScriptBuf change;			/* empty: back to where the funding UTXO is */
	NullableDatum fee_rate;		/* numeric */
	int64		max_fee;
	int32		version;
	CbBlockTx  *previous;		/* transactions whose outputs may be spent */
	int			n_previous;
	TimestampTz now;
} CbProveTerms;

/* An output to be asked for. */
typedef struct CbWantedOutput
{
	CbSpan		script;			/* empty: where the NFT will be */
	bool		takes_nft;
	uint64		tokens;			/* of one that does not */
} CbWantedOutput;

/* A request to be made. */
typedef struct CbWanted
{
	pg_uuid_t	id;				/* of the transaction */
	const char *type;
	pg_uuid_t	plan_id;
	const pg_uuid_t *subscription_id;	/* or NULL */
	bool		waits;			/* for the plan's NFT */
	const CbOutpoint *inputs;	/* without the funding UTXO */
	int			n_inputs;
	const CbWantedOutput *outputs;
	int			n_outputs;
	CbSpan		nft_state;		/* or empty */
	const CbOutpoint *anchor;	/* or NULL */
} CbWanted;

/* cb_prove_args.c */

/* CB014 unless there is a prover. */
extern void cb_prove_require_prover(void);
/*
 * Of a SQL function, its argument funding_utxo and those from change_address on:
 * fee_rate, max_fee, spell_version, previous_txs.
 */
extern void cb_prove_terms(FunctionCallInfo fcinfo, int funding_arg, int first_arg, CbProveTerms *terms);
/* A whole number of tokens above zero in 64 bits, or CB005. */
extern uint64 cb_prove_units_arg(FunctionCallInfo fcinfo, int argno);
/* The script of an address of this network; CB002, CB003. */
extern CbSpan cb_prove_address_script(const char *address);

/* cb_prove_ask.c */

/*
 * Store a request, reserve what it is to spend, and begin it unless it waits.
 * CB009 when something is reserved already; charmed coins pay for nothing.
 */
extern void cb_prove_ask(const CbWanted *wanted, const CbProveTerms *terms);
/* The sandbox will need the cursor, and the cursor is locked first. */
extern void cb_prove_lock_sandbox(void);
/* Before the first row of anything to be asked for: that, and CB013 in a copy. */
extern void cb_prove_begin(void);
/* The row of transactions as the result of a SQL function. */
extern Datum cb_prove_return(FunctionCallInfo fcinfo, const pg_uuid_t *transaction_id);

/* cb_prove_queue.c */

typedef enum CbTurn
{
	CB_TURN_NOW,				/* the NFT is free */
	CB_TURN_WAIT,				/* something that is on its way has it */
	CB_TURN_NEVER				/* it is not there to mint so much */
} CbTurn;

/*
 * Whether a plan may mint so many tokens now.  Of CB_TURN_NEVER the reason;
 * is_sold_out tells one that is for the supply.
 */
extern CbTurn cb_prove_turn(const pg_uuid_t *plan_id, uint64 units, const char **reason, bool *is_sold_out);
/* Transactions are locked before their plan, and their plan before what they reserve. */
extern void cb_prove_lock_plan(const pg_uuid_t *plan_id);
/* Begin what waits for the NFT of a plan, which is locked here, if it is free. */
extern void cb_prove_next(const pg_uuid_t *plan_id);

/* cb_prove_gather.c */

/* See that all transactions are there whose outputs a locked request spends; then have it proved. */
extern void cb_prove_gather(const pg_uuid_t *transaction_id);

/* cb_prove_build.c */

/*
 * The spell of a request whose inputs are known, palloc'd.  NULL, or in words
 * why there is none.
 */
extern const char *cb_prove_build(const CbProveRequest *request, CbSpan *spell);

/* cb_prove_outcome.c */

/* The same as cb_prove_failed(), but nobody else begins. */
extern bool cb_prove_fail_alone(const CbProveRequest *request, const char *reason);

#endif							/* CB_PROVE_INTERNAL_H */
