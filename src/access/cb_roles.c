/*-------------------------------------------------------------------------
 *
 * cb_roles.c
 *	  Database roles: which act for a merchant, and the usual ones.
 *
 * Roles belong to the DBA: nothing here happens unless it is asked for.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "cb_args.h"
#include "cb_auth.h"
#include "cb_call.h"
#include "cb_errors.h"
#include "cb_sql.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#define MERCHANT_ROLE "charmbills_merchant"

/* What a role made by setup_roles() may do; each list ends with NULL. */
typedef struct RoleGrants
{
	const char *role;
	const char *const *functions;	/* NULL: all */
	const char *const *relations;	/* NULL: all */
} RoleGrants;

static const char *const merchant_functions[] = {
	"now", "lapse_clock", "subscription_status", "period_start", "period_end", "period_index",
	"update_merchant",
	"create_plan", "update_plan", "activate_plan", "deactivate_plan", "import_plan",
	"subscribe", "is_entitled", "verify_token", "change_plan", "preview_change",
	"cancel_subscription", "uncancel_subscription", "pause_subscription", "resume_subscription",
	"issue_invoice", "create_invoice", "void_invoice", "payment_uri", "quote_invoice", "customer_balance",
	"mark_utxo_used", "mark_utxos_used", "is_utxo_used", "is_charmed", "confirm_utxo", "cleanup_utxos",
	"broadcast_package", "transaction_psbt", "submit_signed",
	"mint_plan", "mint_subscription", "transfer_token", "cancel_transaction",
	"create_webhook_endpoint", "update_webhook_endpoint", "rotate_webhook_secret",
	"delete_webhook_endpoint", "redeliver_webhook", "send_test_webhook", "events_since",
	"plans_by_status", "subscriptions_today", "pending_transactions", "failed_transactions",
	"top_merchants", "average_confirmation_minutes",
	NULL
};

static const char *const merchant_relations[] = {
	"merchants", "customers", "plans", "subscriptions", "subscription_facts", "invoices",
	"invoice_lines", "payments", "credits", "customer_balances", "pauses", "transactions", "used_utxos",
	"plan_prices", "quotes", "prove_requests", "charms", "charm_transactions", "charm_holders",
	"webhook_endpoints", "webhook_deliveries", "webhook_attempts",
	NULL
};

static const char *const monitor_functions[] = {
	"now", "health", "health_db", "health_jobs", "metrics", "worker_status", "chain_tip",
	"plans_by_status", "subscriptions_today", "pending_transactions", "failed_transactions",
	"top_merchants", "average_confirmation_minutes", "table_sizes", "index_usage",
	NULL
};

static const char *const no_relations[] = {NULL};

static const RoleGrants role_grants[] = {
	{CB_OPERATOR_ROLE, NULL, NULL},
	{MERCHANT_ROLE, merchant_functions, merchant_relations},
	{CB_MONITOR_ROLE, monitor_functions, no_relations},
};

CB_STATEMENT(insert_role, "name uuid",
			 "INSERT INTO charmbills.merchant_roles (role_name, merchant_id) VALUES ($1, $2) "
			 "ON CONFLICT DO NOTHING");
CB_STATEMENT(delete_role, "name uuid",
			 "DELETE FROM charmbills.merchant_roles WHERE role_name = $1 AND merchant_id = $2");
CB_STATEMENT(find_merchant, "uuid",
			 "SELECT FROM charmbills.merchants WHERE id = $1");
CB_STATEMENT(list_functions, "text[]",
			 "SELECT p.oid::pg_catalog.regprocedure::text FROM pg_catalog.pg_proc p "
			 "WHERE p.pronamespace = 'charmbills'::pg_catalog.regnamespace "
			 "  AND ($1 IS NULL OR p.proname = ANY ($1)) "
			 "ORDER BY p.proname, p.oid");
CB_STATEMENT(list_relations, "text[]",
			 "SELECT c.oid::pg_catalog.regclass::text FROM pg_catalog.pg_class c "
			 "WHERE c.relnamespace = 'charmbills'::pg_catalog.regnamespace "
			 "  AND c.relkind IN ('r', 'v', 'p', 'm') "
			 "  AND ($1 IS NULL OR c.relname = ANY ($1)) "
			 "ORDER BY c.relname");

static void require_role_maker(void);
static void make_role(const char *role);
static void grant_all(CbStatement *objects, const char *const *names, const char *privilege, const char *role);
static NullableDatum name_array(const char *const *names);
static void run_utility(const char *command);

/* charmbills.grant_merchant(role_name, merchant_id) -> boolean */
CB_FUNCTION(grant_merchant, CB_OPERATOR)
{
	cb_require_args(fcinfo, 2);
	(void) get_role_oid(NameStr(*PG_GETARG_NAME(0)), false);
	if (cb_execute(&find_merchant, CB_ARGS(cb_arg(fcinfo, 1))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("merchant does not exist")));
	PG_RETURN_BOOL(cb_execute(&insert_role, CB_ARGS(cb_arg(fcinfo, 0), cb_arg(fcinfo, 1))) == 1);
}

/* charmbills.revoke_merchant(role_name, merchant_id) -> boolean */
CB_FUNCTION(revoke_merchant, CB_OPERATOR)
{
	cb_require_args(fcinfo, 2);
	PG_RETURN_BOOL(cb_execute(&delete_role, CB_ARGS(cb_arg(fcinfo, 0), cb_arg(fcinfo, 1))) == 1);
}

/* charmbills.setup_roles() -> void */
CB_FUNCTION(setup_roles, CB_OPERATOR)
{
	require_role_maker();
	for (int i = 0; i < (int) lengthof(role_grants); i++)
	{
		const RoleGrants *grants = &role_grants[i];

		make_role(grants->role);
		grant_all(&list_functions, grants->functions, "EXECUTE ON ROUTINE", grants->role);
		grant_all(&list_relations, grants->relations, "SELECT ON", grants->role);
	}
	PG_RETURN_VOID();
}

/* This runs as the extension's owner; the caller must be let to make roles. */
static void
require_role_maker(void)
{
	if (has_createrole_privilege(GetOuterUserId()))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("only a role that may create roles may do this")));
}

static void
make_role(const char *role)
{
	if (!OidIsValid(get_role_oid(role, true)))
		run_utility(psprintf("CREATE ROLE %s NOLOGIN", quote_identifier(role)));
}

static void
grant_all(CbStatement *objects, const char *const *names, const char *privilege, const char *role)
{
	int			n = (int) cb_execute(objects, CB_ARGS(name_array(names)));
	char	  **commands = palloc(sizeof(char *) * Max(n, 1));

	for (int i = 0; i < n; i++)
		commands[i] = psprintf("GRANT %s %s TO %s", privilege, cb_column_text(i, 1),
							   quote_identifier(role));
	for (int i = 0; i < n; i++)
		run_utility(commands[i]);
}

static NullableDatum
name_array(const char *const *names)
{
	Datum		values[lengthof(merchant_functions) + lengthof(monitor_functions)];
	int			n = 0;

	if (names == NULL)
		return cb_null();
	for (; names[n] != NULL; n++)
		values[n] = CStringGetTextDatum(names[n]);
	return cb_array(values, NULL, n, TEXTOID);
}

static void
run_utility(const char *command)
{
	int			result = SPI_execute(command, false, 0);

	if (result < 0)
		elog(ERROR, "statement failed: %s: %s", SPI_result_code_string(result), command);
}
