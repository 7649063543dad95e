/*-------------------------------------------------------------------------
 *
 * cb_credentials.c
 *	  User and password for the node.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cb_credentials.h"
#include "storage/fd.h"

static char kept[CB_CREDENTIALS_SIZE];
static bool is_kept = false;

static void take_cookie(const char *path);
static void take_password(const char *user, const char *password);
static void read_secret(const char *path, mode_t forbidden, char *secret, size_t size);
static void check_mode(const char *path, int fd, mode_t forbidden);

const char *
cb_credentials(const CbWorkerSettings *settings, bool fresh)
{
	char		password[CB_CREDENTIALS_SIZE];

	if (is_kept && !fresh)
		return kept[0] == '\0' ? NULL : kept;
	is_kept = false;
	kept[0] = '\0';
	if (settings->rpc_cookie_file[0] != '\0')
		take_cookie(settings->rpc_cookie_file);
	else if (settings->rpc_password_file[0] != '\0')
	{
		read_secret(settings->rpc_password_file, S_IRWXG | S_IRWXO, password, sizeof(password));
		take_password(settings->rpc_user, password);
	}
	else if (settings->rpc_user[0] != '\0')
		take_password(settings->rpc_user, settings->rpc_password);
	is_kept = true;
	return kept[0] == '\0' ? NULL : kept;
}

/*
 * The node writes its cookie as user:password.  It may let its group read it,
 * which is how a server under another account gets it.
 */
static void
take_cookie(const char *path)
{
	read_secret(path, S_IRWXO, kept, sizeof(kept));
	if (strchr(kept, ':') == NULL)
	{
		kept[0] = '\0';
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("cookie file \"%s\" is not a cookie", path)));
	}
}

static void
take_password(const char *user, const char *password)
{
	size_t		length = snprintf(kept, sizeof(kept), "%s:%s", user, password);

	if (length >= sizeof(kept))
	{
		kept[0] = '\0';
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("user name and password for the node are too long")));
	}
}

/*
 * The first line of a file that others cannot read.  A node that is down has no
 * cookie.
 */
static void
read_secret(const char *path, mode_t forbidden, char *secret, size_t size)
{
	int			fd = OpenTransientFile(path, O_RDONLY | PG_BINARY);
	bool		no_file = (fd < 0 && errno == ENOENT);
	ssize_t		length;

	if (fd < 0)
		ereport(ERROR,
				(errcode(no_file ? ERRCODE_CONNECTION_FAILURE :
						 ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("could not open file \"%s\": %m", path)));
	check_mode(path, fd, forbidden);
	length = read(fd, secret, size - 1);
	if (length < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("could not read file \"%s\": %m", path)));
	(void) CloseTransientFile(fd);
	secret[length] = '\0';
	secret[strcspn(secret, "\r\n")] = '\0';
}

static void
check_mode(const char *path, int fd, mode_t forbidden)
{
	struct stat status;

	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & forbidden) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
			 errmsg("file \"%s\" with a secret is not private", path),
			 errhint("It must be a plain file with mode %s.",
					 (forbidden & S_IRWXG) ? "0600" : "0640 or less")));
}
