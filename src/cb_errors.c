/*-------------------------------------------------------------------------
 *
 * cb_errors.c
 *	  What the pure layers refuse, as PostgreSQL reports it.
 *
 * The input itself never appears in a report: it may hold a secret, and it
 * comes from whoever called.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_errors.h"

static int	sqlstate_of(CbResult result);
static const char *hint_for(CbResult result);
cb_noreturn static void raise_private_key(const char *what);

void
cb_raise(CbResult result, const char *what)
{
	const char *hint = hint_for(result);

	if (result == CB_OK)
		elog(ERROR, "no error to raise for %s", what);
	if (result == CB_ERR_DESCRIPTOR_PRIVATE)
		raise_private_key(what);

	ereport(ERROR,
			(errcode(sqlstate_of(result)),
			 errmsg("invalid %s: %s", what, cb_result_message(result)),
			 hint != NULL ? errhint("%s", hint) : 0));
}

/*
 * The statement and the context would carry the key into the server's log;
 * both are kept out of it.
 */
static void
raise_private_key(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_CB_PRIVATE_KEY),
			 errmsg("a private key was given as %s", what),
			 errdetail("No private key may enter the database."),
			 errhint("Give the public form: an xpub in place of an xprv, an address in place of a WIF key. "
					 "Consider the key disclosed."),
			 errhidestmt(true),
			 errhidecontext(true)));
}

static int
sqlstate_of(CbResult result)
{
	switch (result)
	{
		case CB_ERR_NETWORK:
			return ERRCODE_CB_WRONG_NETWORK;
		case CB_ERR_AMOUNT:
			return ERRCODE_CB_AMOUNT;
		case CB_ERR_INDEX:
		case CB_ERR_UNSUPPORTED:
			return ERRCODE_CB_INVALID_ARGUMENT;
		case CB_ERR_BLOCK_SIZE:
		case CB_ERR_COINBASE:
		case CB_ERR_MERKLE_ROOT:
		case CB_ERR_MERKLE_DUPLICATE:
		case CB_ERR_WITNESS_COMMITMENT:
		case CB_ERR_TARGET:
		case CB_ERR_TARGET_CHANGE:
		case CB_ERR_PROOF_OF_WORK:
		case CB_ERR_TIME:
			return ERRCODE_CB_INVALID_BLOCK;
		default:
			return ERRCODE_CB_MALFORMED;
	}
}

/* What to type instead, or NULL where nothing general can be said. */
static const char *
hint_for(CbResult result)
{
	switch (result)
	{
		case CB_ERR_NETWORK:
			return "Set charmbills.network, or name the network in the call.";
		case CB_ERR_CHECKSUM:
			return "A character is missing, added or changed; copy the whole text again.";
		case CB_ERR_DESCRIPTOR:
			return "Write for example wpkh([fingerprint/84h/0h/0h]xpub/0/*).";
		case CB_ERR_DESCRIPTOR_TYPE:
			return "Use pkh(), wpkh(), sh(wpkh()), tr() with a key only, or wsh(sortedmulti()).";
		case CB_ERR_DESCRIPTOR_RANGE:
			return "End each extended key's path in /*, for example xpub/0/*.";
		case CB_ERR_DESCRIPTOR_HARDENED:
			return "Export the extended public key behind the last hardened step, "
				"and let only unhardened steps follow it.";
		case CB_ERR_DESCRIPTOR_BARE_KEY:
			return "Wrap the key in the function of its address type, for example wpkh(xpub/0/*).";
		case CB_ERR_INDEX:
			return "Use an index from 0 to 2147483647; a descriptor without /* has index 0 only.";
		case CB_ERR_UNSUPPORTED:
			return "Use compressed keys, extended keys that start with xpub or tpub, one path, "
				"and at most 15 keys and 10 steps.";
		default:
			return NULL;
	}
}
