/*-------------------------------------------------------------------------
 *
 * cb_http_message.c
 *	  A job's HTTP request and its outcome, as JSON.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_http_message.h"
#include "cb_json_access.h"
#include "mb/pg_wchar.h"

/* Bytes that a character cut in two may leave behind. */
#define MAX_REST 3

static void read_headers(json_t *headers, CbFetchRequest *request);
static char *header_line(const char *name, const char *value);
static json_t *body_text(const CbFetchAnswer *answer, size_t max_answer);
static const char *dump_outcome(json_t *http);

void
cb_read_http_request(const char *text, CbFetchRequest *request)
{
	json_t	   *root = cb_json_parse(text);
	const char *method;
	json_t	   *headers;
	json_t	   *body;
	json_int_t	timeout_ms;
	json_int_t	max_answer;
	int			allow_private;

	MemSet(request, 0, sizeof(CbFetchRequest));
	if (json_unpack(root, "{s:s, s:s, s:o, s:o, s:I, s:I, s:b}", "method", &method,
					"url", &request->url, "headers", &headers, "body", &body,
					"timeout_ms", &timeout_ms, "max_answer", &max_answer,
					"allow_private", &allow_private) != 0 ||
		timeout_ms <= 0 || max_answer < 0)
		elog(ERROR, "http_request() gave no request");
	request->is_post = strcmp(method, "POST") == 0;
	if (!request->is_post && strcmp(method, "GET") != 0)
		elog(ERROR, "http_request() asks for method \"%s\"", method);
	request->body = json_string_value(body);
	request->length = json_string_length(body);
	request->timeout_ms = (int) Min(timeout_ms, CB_HTTP_MAX_TIMEOUT_MS);
	request->max_answer = (size_t) Min(max_answer, CB_HTTP_MAX_ANSWER);
	request->allow_private = allow_private != 0;
	read_headers(headers, request);
}

static void
read_headers(json_t *headers, CbFetchRequest *request)
{
	const char *name;
	json_t	   *value;

	request->headers = palloc0(sizeof(char *) * (json_object_size(headers) + 1));
	json_object_foreach(headers, name, value)
	{
		if (!json_is_string(value))
			elog(ERROR, "http_request() gave a header that is no text");
		request->headers[request->n_headers++] = header_line(name, json_string_value(value));
	}
}

/* A line break in it would begin another header. */
static char *
header_line(const char *name, const char *value)
{
	char	   *line = psprintf("%s: %s", name, value);

	for (const char *c = line; *c != '\0'; c++)
	{
		if ((unsigned char) *c < ' ' || *c == 0x7f)
			elog(ERROR, "http_request() gave a header with a control character");
	}
	return line;
}

const char *
cb_http_outcome(const CbFetchAnswer *answer, size_t max_answer)
{
	json_t	   *http;

	if (answer->error != NULL)
		http = json_pack("{s:s, s:i}", "error", cb_make_printable(pstrdup(answer->error)),
						 "duration_ms", answer->duration_ms);
	else
		http = json_pack("{s:i, s:o, s:o, s:i}", "status", (int) answer->status,
						 "retry_after", answer->retry_after > 0 ?
						 json_integer(answer->retry_after) : json_null(),
						 "body", body_text(answer, max_answer),
						 "duration_ms", answer->duration_ms);
	return dump_outcome(http);
}

const char *
cb_http_failure(const char *message)
{
	return dump_outcome(json_pack("{s:s, s:i}", "error", cb_make_printable(pstrdup(message)),
								  "duration_ms", 0));
}

/*
 * Null when it is no text, or none that this database's encoding is sure to
 * have.  Where it may have been cut off, so may its last character.
 */
static json_t *
body_text(const CbFetchAnswer *answer, size_t max_answer)
{
	int			length = (int) answer->length;
	int			valid = 0;

	if (length > 0)
		valid = pg_encoding_verifymbstr(PG_UTF8, answer->body, length);
	if (length - valid > (answer->length == max_answer ? MAX_REST : 0))
		return json_null();
	if (GetDatabaseEncoding() != PG_UTF8)
	{
		for (int i = 0; i < valid; i++)
		{
			if (IS_HIGHBIT_SET(answer->body[i]))
				return json_null();
		}
	}
	return json_stringn(valid > 0 ? answer->body : "", (size_t) valid);
}

static const char *
dump_outcome(json_t *http)
{
	return cb_json_dump(cb_json_own(json_pack("{s:o}", "http", http)));
}
