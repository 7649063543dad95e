/*-------------------------------------------------------------------------
 *
 * cb_guc.c
 *	  The settings charmbills.*: definitions and syntax checks.
 *
 * Who may set one follows from what it can do: those that only the worker
 * reads and that concern the whole server are PGC_SIGHUP; those that may differ
 * between databases are PGC_SUSET, for ALTER DATABASE ... SET.  No setting lets
 * an ordinary role choose a file that the server reads or a host it talks to.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_compat.h"
#include "cb_guc.h"
#include "cb_guc_internal.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#define PASSWORD_MASK "********"

int			cb_guc_network = CB_MAINNET;
char	   *cb_guc_rpc_url;
char	   *cb_guc_rpc_user;
char	   *cb_guc_rpc_password_file;
char	   *cb_guc_rpc_cookie_file;
int			cb_guc_rpc_timeout = 30;
char	   *cb_guc_webhook_ca_file;
char	   *cb_guc_databases;
int			cb_guc_poll_interval = 120;
int			cb_guc_mempool_interval = 5;
int			cb_guc_confirmations = 1;
int			cb_guc_max_reorg_depth = 100;
int			cb_guc_max_stale = 24 * 60 * 60;
int			cb_guc_quote_validity = 15 * 60;
int			cb_guc_index_jump = 100;
int			cb_guc_start_height = -1;
char	   *cb_guc_checkpoint;
bool		cb_guc_jobs = true;
char	   *cb_guc_secret_file;
bool		cb_guc_webhook_allow_private = false;
int			cb_guc_log_level = LOG;

static char *no_password;		/* what the server keeps in its place: always empty */
static const char *password = "";

static const struct config_enum_entry network_options[] = {
	{"mainnet", CB_MAINNET, false},
	{"testnet3", CB_TESTNET3, false},
	{"testnet4", CB_TESTNET4, false},
	{"signet", CB_SIGNET, false},
	{"regtest", CB_REGTEST, false},
	{NULL, 0, false}
};

static const struct config_enum_entry log_level_options[] = {
	{"debug2", DEBUG2, false},
	{"debug1", DEBUG1, false},
	{"log", LOG, false},
	{"warning", WARNING, false},
	{NULL, 0, false}
};

static void define_node_settings(void);
static void define_secret_settings(void);
static void define_http_settings(void);
static void define_worker_settings(void);
static void define_chain_settings(void);
static bool check_rpc_user(char **newval, void **extra, GucSource source);
static bool check_password(char **newval, void **extra, GucSource source);
static void assign_password(const char *newval, void *extra);
static const char *show_password(void);
static bool check_databases(char **newval, void **extra, GucSource source);
static bool check_checkpoint(char **newval, void **extra, GucSource source);

void
cb_guc_define(void)
{
	define_node_settings();
	define_secret_settings();
	define_http_settings();
	define_worker_settings();
	define_chain_settings();
	cb_guc_define_charms();
	MarkGUCPrefixReserved("charmbills");
}

const char *
cb_rpc_password(void)
{
	return password;
}

const CbNetwork *
cb_current_network(void)
{
	return cb_network((CbNetworkId) cb_guc_network);
}

bool
cb_is_sandbox(void)
{
	return strcmp(cb_guc_rpc_url, "sandbox") == 0;
}

static void
define_node_settings(void)
{
	DefineCustomEnumVariable("charmbills.network",
							 "Bitcoin network this database bills on.",
							 "Written down when the first row depends on it; another value later is refused.",
							 &cb_guc_network, CB_MAINNET, network_options,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("charmbills.rpc_url",
							   "Address of the Bitcoin node's JSON-RPC, or sandbox.",
							   "Empty takes http://127.0.0.1 with the network's usual port.",
							   &cb_guc_rpc_url, "",
							   PGC_SUSET, GUC_SUPERUSER_ONLY, cb_check_node_url, NULL, NULL);
	DefineCustomIntVariable("charmbills.rpc_timeout",
							"Longest time one request to the node may take.",
							NULL,
							&cb_guc_rpc_timeout, 30, 1, 600,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
}

static void
define_secret_settings(void)
{
	DefineCustomStringVariable("charmbills.rpc_user",
							   "User name for the node's JSON-RPC.",
							   NULL,
							   &cb_guc_rpc_user, "",
							   PGC_SIGHUP, GUC_SUPERUSER_ONLY, check_rpc_user, NULL, NULL);
	DefineCustomStringVariable("charmbills.rpc_password",
							   "Password for the node's JSON-RPC.",
							   "Never shown; prefer the cookie file or rpc_password_file.",
							   &no_password, "",
							   PGC_SIGHUP, GUC_SUPERUSER_ONLY | GUC_NO_SHOW_ALL,
							   check_password, assign_password, show_password);
	DefineCustomStringVariable("charmbills.rpc_password_file",
							   "File with the password for the node's JSON-RPC; readable by the server alone.",
							   NULL,
							   &cb_guc_rpc_password_file, "",
							   PGC_SUSET, GUC_SUPERUSER_ONLY, cb_check_absolute_path, NULL, NULL);
	DefineCustomStringVariable("charmbills.rpc_cookie_file",
							   "The node's cookie file; read again whenever the node refuses.",
							   NULL,
							   &cb_guc_rpc_cookie_file, "",
							   PGC_SUSET, GUC_SUPERUSER_ONLY, cb_check_absolute_path, NULL, NULL);
}

static void
define_http_settings(void)
{
	DefineCustomStringVariable("charmbills.webhook_ca_file",
							   "Certificates of the authorities that HTTPS addresses of webhooks, prices and provers are checked against.",
							   "Empty takes the system's.",
							   &cb_guc_webhook_ca_file, "",
							   PGC_SUSET, GUC_SUPERUSER_ONLY, cb_check_absolute_path, NULL, NULL);
	DefineCustomStringVariable("charmbills.secret_file",
							   "File with the key from which webhooks' secrets are derived.",
							   "Empty takes charmbills.key in the data directory. Made at first need.",
							   &cb_guc_secret_file, "",
							   PGC_SUSET, GUC_SUPERUSER_ONLY, cb_check_absolute_path, NULL, NULL);
	DefineCustomBoolVariable("charmbills.webhook_allow_private",
							 "Whether webhooks may go to private addresses, and unencrypted.",
							 NULL,
							 &cb_guc_webhook_allow_private, false,
							 PGC_SUSET, 0, NULL, NULL, NULL);
}

static void
define_worker_settings(void)
{
	DefineCustomStringVariable("charmbills.databases",
							   "Databases that get a background worker, separated by commas.",
							   NULL,
							   &cb_guc_databases, "postgres",
							   PGC_SIGHUP, GUC_LIST_INPUT, check_databases, NULL, NULL);
	DefineCustomIntVariable("charmbills.poll_interval",
							"Time between looks for a new block where the node cannot announce one.",
							NULL,
							&cb_guc_poll_interval, 120, 1, 3600,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("charmbills.mempool_interval",
							"Time between looks at the node's mempool while a payment is awaited.",
							NULL,
							&cb_guc_mempool_interval, 5, 1, 3600,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomBoolVariable("charmbills.jobs",
							 "Whether jobs for the outside world are run.",
							 NULL,
							 &cb_guc_jobs, true,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("charmbills.log_level",
							 "Level at which the worker reports what it does.",
							 NULL,
							 &cb_guc_log_level, LOG, log_level_options,
							 PGC_SIGHUP, 0, NULL, NULL, NULL);
}

static void
define_chain_settings(void)
{
	DefineCustomIntVariable("charmbills.confirmations",
							"Depth at which a payment counts, where the plan does not say.",
							NULL,
							&cb_guc_confirmations, 1, 1, 1000,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("charmbills.max_reorg_depth",
							"Blocks that may be undone without an operator's word.",
							NULL,
							&cb_guc_max_reorg_depth, 100, 1, 100000,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("charmbills.start_height",
							"Height from which a new chain is followed; -1 is the node's tip less max_reorg_depth.",
							NULL,
							&cb_guc_start_height, -1, -1, INT_MAX - 1,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("charmbills.checkpoint",
							   "height:hash of a block that the chain must contain.",
							   "Tells chains with the same genesis apart.",
							   &cb_guc_checkpoint, "",
							   PGC_SUSET, 0, check_checkpoint, NULL, NULL);
	DefineCustomIntVariable("charmbills.max_stale",
							"How far behind the clock lapsing may be judged while the chain is not followed.",
							NULL,
							&cb_guc_max_stale, 24 * 60 * 60, 0, 365 * 24 * 60 * 60,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("charmbills.quote_validity",
							"How long the rate of a quote holds.",
							NULL,
							&cb_guc_quote_validity, 15 * 60, 10, 24 * 60 * 60,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("charmbills.index_jump",
							"Derivation indexes skipped after a promotion or a restore.",
							NULL,
							&cb_guc_index_jump, 100, 1, 1000000,
							PGC_SUSET, 0, NULL, NULL, NULL);
}

/* A colon ends the name where it meets the password. */
static bool
check_rpc_user(char **newval, void **extra, GucSource source)
{
	if (strpbrk(*newval, ":\r\n") == NULL)
		return true;
	GUC_check_errdetail("It must not contain a colon or a line break.");
	GUC_check_errhint("The password is set apart, by charmbills.rpc_password_file.");
	return false;
}

/*
 * Keep the password aside and leave the setting empty, so that
 * pg_settings.reset_val does not have it.  A reload logs the new text of every
 * setting whose value differs from before: this one's never does.
 */
static bool
check_password(char **newval, void **extra, GucSource source)
{
	char	   *kept;

	if (*newval == NULL || (*newval)[0] == '\0')
		return true;
	kept = cb_guc_strdup(*newval);
	if (kept == NULL)
		return false;
	(*newval)[0] = '\0';
	*extra = kept;
	return true;
}

static void
assign_password(const char *newval, void *extra)
{
	password = extra ? (const char *) extra : "";
}

static const char *
show_password(void)
{
	return password[0] == '\0' ? "" : PASSWORD_MASK;
}

static bool
check_databases(char **newval, void **extra, GucSource source)
{
	char	   *copy = pstrdup(*newval);
	List	   *names;
	bool		ok = SplitIdentifierString(copy, ',', &names);

	list_free(names);
	pfree(copy);
	if (!ok)
		GUC_check_errdetail("It must be a list of database names separated by commas.");
	return ok;
}

static bool
check_checkpoint(char **newval, void **extra, GucSource source)
{
	const char *text = *newval;
	size_t		digits;

	if (text[0] == '\0')
		return true;
	digits = strspn(text, "0123456789");
	if (digits == 0 || digits > 9 || text[digits] != ':' ||
		strlen(text + digits + 1) != 64 ||
		strspn(text + digits + 1, "0123456789abcdef") != 64)
	{
		GUC_check_errdetail("It must be a height, a colon and a block hash of 64 lower-case hex digits.");
		return false;
	}
	return true;
}
