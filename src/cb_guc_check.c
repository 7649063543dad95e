/*-------------------------------------------------------------------------
 *
 * cb_guc_check.c
 *	  Syntax checks that several settings share.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_guc_internal.h"

/* sandbox, or http[s]://host[:port][/path] without credentials. */
bool
cb_check_node_url(char **newval, void **extra, GucSource source)
{
	const char *url = *newval;
	const char *host;

	if (url[0] == '\0' || strcmp(url, "sandbox") == 0)
		return true;
	/* Without this message, the usual one would repeat them. */
	if (strchr(url, '@') != NULL)
	{
		GUC_check_errmsg("the address of a node or prover must not contain credentials");
		GUC_check_errhint("For a node, use charmbills.rpc_user and charmbills.rpc_password_file, or charmbills.rpc_cookie_file.");
		return false;
	}
	if (strncmp(url, "http://", 7) == 0)
		host = url + 7;
	else if (strncmp(url, "https://", 8) == 0)
		host = url + 8;
	else
	{
		GUC_check_errdetail("It must be \"sandbox\" or begin with http:// or https://.");
		return false;
	}
	if (host[0] == '\0' || host[0] == '/' || host[0] == ':' || strpbrk(host, " \t\r\n\"") != NULL)
	{
		GUC_check_errdetail("It must name a host.");
		return false;
	}
	return true;
}

bool
cb_check_absolute_path(char **newval, void **extra, GucSource source)
{
	if ((*newval)[0] == '\0' || is_absolute_path(*newval))
		return true;
	GUC_check_errdetail("It must be an absolute path.");
	return false;
}

bool
cb_check_app_vk(char **newval, void **extra, GucSource source)
{
	const char *text = *newval;

	if (text[0] == '\0' || (strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64))
		return true;
	GUC_check_errdetail("It must be 64 lower-case hex digits.");
	return false;
}
