/*-------------------------------------------------------------------------
 *
 * cb_prove.h
 *	  What a prover is asked for, and what becomes of it.
 *
 * A request belongs to a row of transactions that waits for its signature.  It
 * waits for the plan's NFT, where it needs that and another request has it; has
 * the transactions gathered whose outputs it spends; is proved; and is then
 * there to be signed.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_PROVE_H
#define CB_PROVE_H

#include "postgres.h"

#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "bitcoin/cb_tx.h"
#include "charms/cb_spell_build.h"

/* As prove_requests.state names them. */
typedef enum CbProveState
{
	CB_PROVE_WAITING,			/* for the plan's NFT */
	CB_PROVE_GATHERING,			/* what it spends is being asked for */
	CB_PROVE_PROVING,			/* the spell is there, and a prover's turn */
	CB_PROVE_PROVED,
	CB_PROVE_FAILED
} CbProveState;

/* What the transaction is to spend.  From gathering on, raw is known. */
typedef struct CbProveInput
{
	CbOutpoint	outpoint;
	CbSpan		raw;			/* the transaction that made it; empty: unknown */
	int64		sats;
	CbSpan		script;
} CbProveInput;

/* An output that is asked for. */
typedef struct CbProveOutput
{
	int64		sats;
	CbSpan		script;			/* empty: where the NFT is, while that is waited for */
	bool		takes_nft;
	uint64		tokens;			/* of one that does not */
} CbProveOutput;

typedef struct CbProveRequest
{
	pg_uuid_t	transaction_id;
	pg_uuid_t	merchant_id;
	pg_uuid_t	plan_id;
	CbProveState state;
	bool		is_open;		/* the transaction is still to be signed */
	CbSpellAction action;
	uint32		version;		/* CB_DRAFT_VERSION or CB_DRAFT_OLD_VERSION */
	uint8		identity[32];	/* of the plan's app */
	uint8		vk[32];
	bool		has_anchor;		/* for mints */
	CbOutpoint	anchor;			/* the outpoint that the identity is of */
	CbSpan		spell;			/* as cb_spell_build() writes it; empty until the
								 * request is with the prover */
	CbProveInput *inputs;		/* in order; the last one pays the fees */
	int			n_inputs;
	int			n_spell_inputs; /* those that the spell is about: all but, in the
								 * old version, the last */
	CbProveOutput *outputs;		/* in order, before what the prover adds */
	int			n_outputs;
	CbSpan		change_script;	/* empty until the spell is there */
	CbSpan		nft_state;		/* of an NFT to be minted */
	char	   *fee_rate;		/* sats for a virtual byte, a JSON number */
	int64		max_fee;		/* sats of all its transactions, without the prover's own */
	double		max_fee_rate;
} CbProveRequest;

/*
 * Read a request; NULL when there is none.  With lock its transaction is locked,
 * which comes before all other locks but the cursor's.
 */
extern CbProveRequest *cb_prove_request_load(const pg_uuid_t *transaction_id, bool lock);

/*
 * What becomes of a locked request with the prover.  The transactions are as
 * the prover gave them, in hex; the commit is NULL where there is none.  A
 * request that is not with the prover any more is left alone, and false given.
 */
extern bool cb_prove_succeeded(const CbProveRequest *request, const char *commit_hex, const char *spell_hex);

/*
 * A locked request fails for good, wherever it is: what it reserved is free
 * again, and the next one that waits for the plan's NFT begins.  False when it
 * was proved, or had failed, before.
 */
extern bool cb_prove_failed(const CbProveRequest *request, const char *reason);

/*
 * Prove a locked request at once, as the sandbox's own prover: it ends proved or
 * failed.
 */
extern void cb_prove_in_sandbox(const CbProveRequest *request);

#endif							/* CB_PROVE_H */
