/*-------------------------------------------------------------------------
 *
 * cb_errors.h
 *	  charmbills' own SQLSTATEs: class CB, one code for each kind of refusal.
 *
 * The same list stands in doc/reference.md for callers.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_ERRORS_H
#define CB_ERRORS_H

#include "postgres.h"

#include "bitcoin/cb_bytes.h"
#include "cb_compat.h"

/* A row may not move from its state to the one asked for. */
#define ERRCODE_CB_ILLEGAL_TRANSITION MAKE_SQLSTATE('C', 'B', '0', '0', '1')
/* Not a transaction, block, address, descriptor or signature. */
#define ERRCODE_CB_MALFORMED MAKE_SQLSTATE('C', 'B', '0', '0', '2')
/* Right, but for another Bitcoin network. */
#define ERRCODE_CB_WRONG_NETWORK MAKE_SQLSTATE('C', 'B', '0', '0', '3')
/* A private key was given; none may enter the database. */
#define ERRCODE_CB_PRIVATE_KEY MAKE_SQLSTATE('C', 'B', '0', '0', '4')
/* An amount that is negative, too large, too small or too precise. */
#define ERRCODE_CB_AMOUNT MAKE_SQLSTATE('C', 'B', '0', '0', '5')
/* A block that does not continue the chain followed. */
#define ERRCODE_CB_NOT_LINKED MAKE_SQLSTATE('C', 'B', '0', '0', '6')
/* A block that breaks the network's rules. */
#define ERRCODE_CB_INVALID_BLOCK MAKE_SQLSTATE('C', 'B', '0', '0', '7')
/* No such merchant, plan, subscription, invoice, payment, job or webhook. */
#define ERRCODE_CB_NOT_FOUND MAKE_SQLSTATE('C', 'B', '0', '0', '8')
/* Already taken: a UTXO, an address, a descriptor, a subscription. */
#define ERRCODE_CB_CONFLICT MAKE_SQLSTATE('C', 'B', '0', '0', '9')
/* The row's state does not allow what was asked. */
#define ERRCODE_CB_WRONG_STATE MAKE_SQLSTATE('C', 'B', '0', '1', '0')
/* An argument outside what the function takes. */
#define ERRCODE_CB_INVALID_ARGUMENT MAKE_SQLSTATE('C', 'B', '0', '1', '1')
/* The follower has stopped until an operator decides. */
#define ERRCODE_CB_CHAIN_STOPPED MAKE_SQLSTATE('C', 'B', '0', '1', '2')
/* Restored elsewhere and not yet adopted. */
#define ERRCODE_CB_NOT_ADOPTED MAKE_SQLSTATE('C', 'B', '0', '1', '3')
/* A setting disagrees with what the database has already written down. */
#define ERRCODE_CB_SETTING MAKE_SQLSTATE('C', 'B', '0', '1', '4')
/* Nothing, or not enough, is left: addresses, amounts, webhook endpoints, tokens. */
#define ERRCODE_CB_EXHAUSTED MAKE_SQLSTATE('C', 'B', '0', '1', '5')
/* Same idempotency key, other arguments. */
#define ERRCODE_CB_IDEMPOTENCY MAKE_SQLSTATE('C', 'B', '0', '1', '6')
/* The SQL objects are of another version than the library. */
#define ERRCODE_CB_VERSION MAKE_SQLSTATE('C', 'B', '0', '1', '7')
/* No exchange rate that is fresh enough. */
#define ERRCODE_CB_STALE_RATE MAKE_SQLSTATE('C', 'B', '0', '1', '8')
/* A coin carries charms, and what was asked would destroy them. */
#define ERRCODE_CB_CHARMED MAKE_SQLSTATE('C', 'B', '0', '1', '9')

/*
 * Raise what a pure layer refused.  what: the thing parsed, for the message
 * ("transaction", "block", "address"); never the input itself.  Picks the
 * SQLSTATE, and a hint where there is a cure.  Does not return; result must
 * not be CB_OK.
 */
cb_noreturn extern void cb_raise(CbResult result, const char *what);

#endif							/* CB_ERRORS_H */
