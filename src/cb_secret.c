/*-------------------------------------------------------------------------
 *
 * cb_secret.c
 *	  Secrets that no table holds: derived from a key in a file.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/xlog.h"
#include "cb_guc.h"
#include "cb_secret.h"
#include "common/hmac.h"
#include "common/sha2.h"
#include "miscadmin.h"
#include "port.h"
#include "storage/fd.h"

#define DEFAULT_FILE "charmbills.key"
#define FILE_MODE (S_IRUSR | S_IWUSR)
#define OTHERS (S_IRWXG | S_IRWXO)

static char *key_path(void);
static bool read_key(const char *path, CbSecret *key, CbSecretProblem *problem);
static bool read_private(int fd, const char *path, CbSecret *key, CbSecretProblem *problem);
static void make_key(char *path);
static bool write_new(const char *path);
static bool refuse(CbSecretProblem *problem, char *reason, const char *hint);

bool
cb_secret_derive(const char *purpose, CbSecret *secret, CbSecretProblem *problem)
{
	CbSecret	key;

	if (!read_key(key_path(), &key, problem))
		return false;
	cb_secret_sign(&key, purpose, strlen(purpose), secret->bytes);
	cb_secret_forget(&key);
	return true;
}

void
cb_secret_make(const char *purpose, CbSecret *secret)
{
	CbSecretProblem problem;
	char	   *path = key_path();

	if (access(path, F_OK) != 0 && errno == ENOENT && !RecoveryInProgress())
		make_key(path);
	if (!cb_secret_derive(purpose, secret, &problem))
		ereport(ERROR,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("no secret can be derived"),
				 errdetail("%s.", problem.reason),
				 errhint("%s", problem.hint)));
}

void
cb_secret_sign(const CbSecret *secret, const char *data, size_t len, uint8 out[CB_SECRET_SIZE])
{
	pg_hmac_ctx *ctx = pg_hmac_create(PG_SHA256);

	StaticAssertStmt(CB_SECRET_SIZE == PG_SHA256_DIGEST_LENGTH, "a secret is a SHA-256 digest");
	if (ctx == NULL ||
		pg_hmac_init(ctx, secret->bytes, CB_SECRET_SIZE) < 0 ||
		pg_hmac_update(ctx, (const uint8 *) data, len) < 0 ||
		pg_hmac_final(ctx, out, CB_SECRET_SIZE) < 0)
		elog(ERROR, "could not compute HMAC: %s", pg_hmac_error(ctx));
	pg_hmac_free(ctx);
}

void
cb_secret_forget(CbSecret *secret)
{
	explicit_bzero(secret, sizeof(*secret));
}

static char *
key_path(void)
{
	if (cb_guc_secret_file[0] != '\0')
		return pstrdup(cb_guc_secret_file);
	return psprintf("%s/%s", DataDir, DEFAULT_FILE);
}

static bool
read_key(const char *path, CbSecret *key, CbSecretProblem *problem)
{
	int			fd = OpenTransientFile(path, O_RDONLY | O_NONBLOCK | PG_BINARY);
	bool		ok;

	if (fd < 0)
		return refuse(problem, psprintf("The key file \"%s\" could not be opened: %m", path),
					  "Bring the key file of the server that this database comes from, "
					  "or give every webhook endpoint a new secret with rotate_webhook_secret().");
	ok = read_private(fd, path, key, problem);
	CloseTransientFile(fd);
	return ok;
}

static bool
read_private(int fd, const char *path, CbSecret *key, CbSecretProblem *problem)
{
	struct stat status;
	char		bytes[CB_SECRET_SIZE + 1];
	bool		complete;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return refuse(problem, psprintf("The key file \"%s\" is no ordinary file", path),
					  "Let charmbills.secret_file name a file of 32 random bytes, or none.");
	if (status.st_mode & OTHERS)
		return refuse(problem, psprintf("The key file \"%s\" is open to others", path),
					  "Take away the rights of group and others: chmod 0600. Consider the key disclosed.");
	complete = read(fd, bytes, sizeof(bytes)) == CB_SECRET_SIZE;
	if (complete)
		memcpy(key->bytes, bytes, CB_SECRET_SIZE);
	explicit_bzero(bytes, sizeof(bytes));
	if (!complete)
		return refuse(problem, psprintf("The key file \"%s\" does not have %d bytes", path, CB_SECRET_SIZE),
					  "Restore the file, or remove it so that a new one is made, "
					  "and give every webhook endpoint a new secret.");
	return true;
}

/*
 * A link is made at once and whole, or not at all: of several that do this
 * together one gives the key, and the others take it.
 */
static void
make_key(char *path)
{
	char	   *scratch = psprintf("%s.%d", path, MyProcPid);
	bool		ok;

	ok = write_new(scratch) && (link(scratch, path) == 0 || errno == EEXIST);
	if (!ok)
	{
		int			saved_errno = errno;

		unlink(scratch);
		errno = saved_errno;
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not create key file \"%s\": %m", path)));
	}
	unlink(scratch);
	get_parent_directory(path);
	fsync_fname_ext(path, true, true, WARNING);
}

static bool
write_new(const char *path)
{
	CbSecret	key;
	int			fd;
	bool		ok;

	if (!pg_strong_random(key.bytes, CB_SECRET_SIZE))
		elog(ERROR, "could not generate random bytes");
	unlink(path);
	fd = OpenTransientFilePerm(path, O_CREAT | O_EXCL | O_WRONLY | PG_BINARY, FILE_MODE);
	if (fd < 0)
		return false;
	errno = 0;
	ok = write(fd, key.bytes, CB_SECRET_SIZE) == CB_SECRET_SIZE && pg_fsync(fd) == 0;
	if (!ok && errno == 0)
		errno = ENOSPC;
	cb_secret_forget(&key);
	return CloseTransientFile(fd) == 0 && ok;
}

static bool
refuse(CbSecretProblem *problem, char *reason, const char *hint)
{
	problem->reason = reason;
	problem->hint = hint;
	return false;
}
