/*-------------------------------------------------------------------------
 *
 * cb_wait.c
 *	  Hearing of a new block as soon as the node has one.
 *
 * waitfornewblock would lose a block that comes before it is called, but for
 * the argument that newer nodes take; waitforblockheight is not called too late
 * ever, though it does not hear of another block at the same height until it
 * returns.  A node with neither is polled.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_http.h"
#include "cb_link.h"
#include "cb_rpc.h"
#include "cb_wait.h"
#include "storage/lock.h"

#define LONG_POLL_MS 10000

/* The node answers at LONG_POLL_MS; this is for one that does not. */
#define GIVE_UP_MS 20000

/* Tells our locks from those of others. */
#define LOCK_CLASS 0x63626c70

typedef enum Method
{
	WAIT_FOR_NEW_BLOCK,
	WAIT_FOR_BLOCK_HEIGHT,
	NO_METHOD
} Method;

static Method method = WAIT_FOR_NEW_BLOCK;
static CbBlockId known;
static bool is_leader = false;
static uint32 leader_of;

static bool become_leader(void);
static void set_lock_tag(LOCKTAG *tag, uint32 node);

void
cb_wait_reset(void)
{
	LOCKTAG		tag;

	method = WAIT_FOR_NEW_BLOCK;
	cb_http_drop_long_poll();
	if (!is_leader)
		return;
	set_lock_tag(&tag, leader_of);
	(void) LockRelease(&tag, ExclusiveLock, true);
	is_leader = false;
}

void
cb_wait_begin(const CbBlockId *tip)
{
	CbRpcCall	call = {0};

	if (cb_http_long_poll_running() || method == NO_METHOD || !become_leader())
		return;
	known = *tip;
	if (method == WAIT_FOR_NEW_BLOCK)
	{
		call.method = "waitfornewblock";
		call.params = cb_json_own(json_pack("[is]", LONG_POLL_MS, known.hash));
	}
	else
	{
		call.method = "waitforblockheight";
		call.params = cb_json_own(json_pack("[ii]", known.height + 1, LONG_POLL_MS));
	}
	cb_rpc_start_long_poll(&call, GIVE_UP_MS);
}

void
cb_wait_retry(void)
{
	if (method == NO_METHOD)
		method = WAIT_FOR_NEW_BLOCK;
}

/* A session's lock of no database, so that it is one for the cluster. */
static bool
become_leader(void)
{
	LOCKTAG		tag;

	if (is_leader)
		return true;
	leader_of = cb_rpc_node_number();
	set_lock_tag(&tag, leader_of);
	is_leader = LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL;
	return is_leader;
}

static void
set_lock_tag(LOCKTAG *tag, uint32 node)
{
	SET_LOCKTAG_ADVISORY(*tag, InvalidOid, LOCK_CLASS, node, 2);
}

bool
cb_wait_heard(void)
{
	CbRpcCall	call = {0};
	const char *hash;

	if (!cb_rpc_take_long_poll(&call))
		return false;
	switch (call.status)
	{
		case CB_RPC_OK:
			cb_slot_touch();
			hash = json_string_value(json_object_get(call.result, "hash"));
			if (hash != NULL && strcmp(hash, known.hash) == 0)
				return false;
			cb_slot_wake_others();
			return true;
		case CB_RPC_ERROR:
		case CB_RPC_REFUSED:
			/* Unknown, forbidden, or with other arguments: try the next. */
			method++;
			return false;
		case CB_RPC_UNREACHABLE:
		case CB_RPC_WARMING_UP:
		case CB_RPC_MALFORMED:
			break;
	}
	method = NO_METHOD;
	return true;
}
