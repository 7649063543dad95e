/*-------------------------------------------------------------------------
 *
 * cb_prover.h
 *	  Talking to the prover: what is sent, and what is believed of the answer.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_PROVER_H
#define CB_PROVER_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "cb_json.h"
#include "proving/cb_prove.h"

/* Transactions that a prover has made, serialized; the commit is empty where there is none. */
typedef struct CbProved
{
	CbSpan		commit;
	CbSpan		spell;
} CbProved;

/* cb_prover_binary.c */

/*
 * The app's program, which must be the one that vk is the hash of.  NULL, or in
 * words why there is none, for a merchant to read; operators are warned.
 */
extern const char *cb_prover_binary(const uint8 vk[32], CbSpan *binary);

/* cb_prover_budget.c */

/* NULL, or in words how much the funding UTXO may lack for the fees. */
extern const char *cb_prover_shortage(const CbProveRequest *request);
/* Sats that the outputs asked for leave of the inputs. */
extern int64 cb_prover_left_over(const CbProveRequest *request);

/* cb_prover_body.c */

/*
 * The body of an HTTP request, as text in ASCII.  NULL, or in words why there is
 * none.
 */
extern const char *cb_prover_body(const CbProveRequest *request, char **body);

/* Whether the prover has to run the app's program: to mint, not to send. */
extern bool cb_prover_runs_app(const CbProveRequest *request);
/* tag/identity/vk, palloc'd; the address of a script that has one, likewise. */
extern char *cb_prover_app(const CbApp *app);
extern char *cb_prover_address(CbSpan script);

/* cb_prover_old.c */

/* For version 8 the spell, or in words why it cannot be; and what pays the fees. */
extern const char *cb_prover_old_spell(const CbProveRequest *request, CbJson *body);
extern void cb_prover_old_funding(const CbProveRequest *request, CbJson *body);

/* cb_prover_json.c */

/*
 * Append a canonical CBOR item as JSON in ASCII, with the keys of maps in their
 * order.  False for what JSON has no form for.
 */
extern bool cb_prover_json(StringInfo out, CbSpan item);

/* cb_prover_answer.c */

/* NULL, or in words why the body of an answer has no transactions. */
extern const char *cb_prover_answer_read(const CbProveRequest *request, const char *body, CbProved *proved);
/*
 * Judge what was made for a locked request: it is proved, or has failed.  NULL,
 * or in words why it has failed.
 */
extern const char *cb_prover_judge(const CbProveRequest *request, const CbProved *proved);

#endif							/* CB_PROVER_H */
