/*-------------------------------------------------------------------------
 *
 * cb_url.c
 *	  URLs that others give us to talk to.
 *
 * Only the form is judged here.  Which address a name stands for is known when
 * the worker connects, and may be refused then.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_url.h"

#define MAX_URL_LENGTH 2048
#define MAX_HOST_LENGTH 253

static const char *authority_of(const char *url, bool allow_http);
static const char *fault_of_authority(const char *authority);
static const char *fault_of_host(const char *host, size_t len);
static const char *fault_of_port(const char *port);

const char *
cb_url_fault(const char *url, bool allow_http)
{
	const char *authority;

	if (strlen(url) > MAX_URL_LENGTH)
		return "It is longer than 2048 characters";
	for (const char *c = url; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~' || strchr("\"<>\\^`{|}", *c) != NULL)
			return "It has a character that a URL must have encoded";
	if (strchr(url, '#') != NULL)
		return "It has a fragment, which is never sent";
	authority = authority_of(url, allow_http);
	if (authority == NULL)
		return allow_http ? "It must begin with https:// or http://" :
			"It must begin with https://";
	return fault_of_authority(authority);
}

/* What follows the scheme; NULL where that is not allowed. */
static const char *
authority_of(const char *url, bool allow_http)
{
	if (pg_strncasecmp(url, "https://", 8) == 0)
		return url + 8;
	if (allow_http && pg_strncasecmp(url, "http://", 7) == 0)
		return url + 7;
	return NULL;
}

/* host, [host] or either with :port, up to the path. */
static const char *
fault_of_authority(const char *authority)
{
	size_t		len = strcspn(authority, "/?");
	char	   *copy = pnstrdup(authority, len);
	size_t		host_len;

	if (strchr(copy, '@') != NULL)
		return "It must not contain a user name or password";
	if (copy[0] == '[')
	{
		host_len = strspn(copy + 1, "0123456789abcdefABCDEF:.") + 2;
		if (host_len < 4 || copy[host_len - 1] != ']')
			return "Its host is not an address in brackets";
		return fault_of_port(copy + host_len);
	}
	host_len = strcspn(copy, ":");
	if (fault_of_host(copy, host_len) != NULL)
		return fault_of_host(copy, host_len);
	return fault_of_port(copy + host_len);
}

static const char *
fault_of_host(const char *host, size_t len)
{
	if (len == 0)
		return "It must name a host";
	if (len > MAX_HOST_LENGTH)
		return "Its host is longer than a name can be";
	if (strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") < len ||
		host[0] == '.' || host[0] == '-')
		return "Its host is not a name that can be looked up";
	return NULL;
}

/* Empty, or a colon and a number. */
static const char *
fault_of_port(const char *port)
{
	size_t		len = strlen(port);
	int			number;

	if (len == 0)
		return NULL;
	if (port[0] != ':' || len > 6 || strspn(port + 1, "0123456789") != len - 1)
		return "Its port is not a number from 1 to 65535";
	number = (int) strtol(port + 1, NULL, 10);
	if (number < 1 || number > PG_UINT16_MAX)
		return "Its port is not a number from 1 to 65535";
	return NULL;
}
