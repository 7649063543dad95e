/*-------------------------------------------------------------------------
 *
 * cb_prover_binary.c
 *	  The program of the app that plans are of, for the prover to run.
 *
 * Where it lies, and what is wrong with the file, is for operators: it is
 * logged.  A merchant learns only that there is none, or that it is another.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bitcoin/cb_hash.h"
#include "cb_guc.h"
#include "proving/cb_prover.h"
#include "storage/fd.h"
#include "types/cb_types.h"

/* A request has 32 MiB at most, and base64 takes a third more. */
#define MAX_BINARY (16 * 1024 * 1024)
#define NO_BINARY "the server has not the app's program for the prover"

static const char *read_file(int fd, CbSpan *content);
static bool read_all(int fd, uint8 *data, size_t len);
static void warn(const char *problem);

const char *
cb_prover_binary(const uint8 vk[32], CbSpan *binary)
{
	const char *path = cb_guc_prover_binary_file;
	const char *problem;
	uint8		hash[32];
	int			fd;

	if (path[0] == '\0')
	{
		warn("charmbills.prover_binary_file is empty");
		return NO_BINARY;
	}
	fd = OpenTransientFile(path, O_RDONLY | O_NONBLOCK | PG_BINARY);
	if (fd < 0)
	{
		warn(psprintf("The file could not be opened: %m"));
		return NO_BINARY;
	}
	problem = read_file(fd, binary);
	CloseTransientFile(fd);
	if (problem != NULL)
	{
		warn(problem);
		return NO_BINARY;
	}
	cb_sha256(binary->data, binary->len, hash);
	if (memcmp(hash, vk, sizeof(hash)) == 0)
		return NULL;
	return psprintf("the server's app has the key %s, but the plan's app has %s",
					cb_hex_cstring((CbSpan) {hash, sizeof(hash)}), cb_hex_cstring((CbSpan) {vk, 32}));
}

/* NULL, or what is wrong with the file. */
static const char *
read_file(int fd, CbSpan *content)
{
	struct stat status;
	uint8	   *data;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return "It is no ordinary file";
	if (status.st_mode & (S_IWGRP | S_IWOTH))
		return "Others than its owner may write it";
	if (status.st_size == 0 || status.st_size > MAX_BINARY)
		return psprintf("It is empty, or larger than %d bytes", MAX_BINARY);
	data = palloc(status.st_size);
	if (!read_all(fd, data, status.st_size))
		return "It could not be read";
	*content = (CbSpan) {data, status.st_size};
	return NULL;
}

static bool
read_all(int fd, uint8 *data, size_t len)
{
	while (len > 0)
	{
		ssize_t		n = read(fd, data, len);

		if (n <= 0)
			return false;
		data += n;
		len -= n;
	}
	return true;
}

static void
warn(const char *problem)
{
	ereport(WARNING,
			(errcode(ERRCODE_CONFIG_FILE_ERROR),
			 errmsg("the app's program cannot be read for the prover"),
			 errdetail_log("%s: \"%s\".", problem, cb_guc_prover_binary_file),
			 errhint("Let charmbills.prover_binary_file name the WebAssembly file whose SHA-256 is charmbills.app_vk.")));
}
