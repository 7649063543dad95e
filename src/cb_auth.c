/*-------------------------------------------------------------------------
 *
 * cb_auth.c
 *	  Who may act for whom.
 *
 * The functions that users call are SECURITY DEFINER, so the current user is
 * the extension's owner; who calls is the outer user, the session's role or
 * what SET ROLE made of it.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_namespace.h"
#include "cb_auth.h"
#include "cb_compat.h"
#include "cb_sql.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(charmbills_may_see);

CB_STATEMENT(read_merchants_of_role, "name",
			 "SELECT COALESCE(pg_catalog.array_agg(merchant_id), '{}') "
			 "FROM charmbills.merchant_roles WHERE role_name = $1");

static bool is_operator(Oid role);
static bool is_monitor(Oid role);
static bool has_role(Oid role, const char *name);
static bool acts_for(Oid role, const pg_uuid_t *merchant_id);
static Oid	schema_owner(void);

bool
cb_is_operator(void)
{
	return is_operator(GetOuterUserId());
}

void
cb_authorize_operator(void)
{
	if (cb_is_operator())
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("only an operator may do this"),
			 errhint("GRANT %s TO the role; charmbills.setup_roles() makes that role.", CB_OPERATOR_ROLE)));
}

void
cb_authorize_monitor(void)
{
	if (is_monitor(GetOuterUserId()))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("only an operator or a monitor may do this"),
			 errhint("GRANT %s TO the role; charmbills.setup_roles() makes that role.", CB_MONITOR_ROLE)));
}

void
cb_authorize(const pg_uuid_t *merchant_id)
{
	Oid			role = GetOuterUserId();

	if (is_operator(role) || acts_for(role, merchant_id))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("role \"%s\" may not act for this merchant", GetUserNameFromId(role, false)),
			 errhint("An operator can allow it with charmbills.grant_merchant().")));
}

NullableDatum
cb_visible_merchants(void)
{
	Oid			role = GetOuterUserId();
	NameData	name;
	bool		isnull;

	if (is_operator(role))
		return cb_null();
	namestrcpy(&name, GetUserNameFromId(role, false));
	cb_execute_one(&read_merchants_of_role, CB_ARGS(cb_datum(NameGetDatum(&name))));
	return cb_datum(cb_column(0, 1, &isnull));
}

NullableDatum
cb_counted_merchants(void)
{
	return is_monitor(GetOuterUserId()) ? cb_null() : cb_visible_merchants();
}

/*
 * charmbills.may_see(merchant_id uuid) -> boolean, for the row security
 * policies.  There the current user is who asks.
 */
Datum
charmbills_may_see(PG_FUNCTION_ARGS)
{
	Oid			role = GetUserId();

	if (is_operator(role))
		PG_RETURN_BOOL(true);
	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(acts_for(role, PG_GETARG_UUID_P(0)));
}

static bool
is_operator(Oid role)
{
	return superuser_arg(role) || has_role(role, CB_OPERATOR_ROLE) ||
		has_privs_of_role(role, schema_owner());
}

static bool
is_monitor(Oid role)
{
	return is_operator(role) || has_role(role, CB_MONITOR_ROLE);
}

/* Roles that setup_roles() makes need not exist. */
static bool
has_role(Oid role, const char *name)
{
	Oid			oid = get_role_oid(name, true);

	return OidIsValid(oid) && has_privs_of_role(role, oid);
}

static Oid
schema_owner(void)
{
	HeapTuple	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(cb_schema_oid()));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "schema charmbills does not exist");
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * Read merchant_roles directly: a policy that ran a query would be subject to
 * policies itself.
 */
static bool
acts_for(Oid role, const pg_uuid_t *merchant_id)
{
	Relation	relation = table_open(cb_relation_oid("merchant_roles"), AccessShareLock);
	NameData	name;
	ScanKeyData keys[2];
	SysScanDesc scan;
	bool		found;

	namestrcpy(&name, GetUserNameFromId(role, false));
	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_NAMEEQ, NameGetDatum(&name));
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_UUID_EQ, UUIDPGetDatum(merchant_id));
	scan = systable_beginscan(relation, cb_primary_key_index(relation), true, NULL, 2, keys);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return found;
}
