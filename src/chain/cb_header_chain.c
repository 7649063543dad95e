/*-------------------------------------------------------------------------
 *
 * cb_header_chain.c
 *	  The headers held, and judging a new one against them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_errors.h"
#include "cb_guc.h"
#include "cb_sql.h"
#include "chain/cb_header_chain.h"

#define MEDIAN_BLOCKS 11

CB_STATEMENT(read_header, "int4",
			 "SELECT header FROM charmbills.blocks WHERE height = $1");
CB_STATEMENT(read_headers_below, "int4 int4",
			 "SELECT header, height FROM charmbills.blocks "
			 "WHERE height < $1 AND height >= $1 - $2 ORDER BY height DESC");
CB_STATEMENT(read_headers_above, "int4",
			 "SELECT header FROM charmbills.blocks WHERE height > $1");
CB_STATEMENT(insert_block, "int4 text bytea timestamptz timestamptz",
			 "INSERT INTO charmbills.blocks (height, hash, header, block_time, median_time) "
			 "VALUES ($1, $2, $3, $4, $5)");
CB_STATEMENT(read_place, "int4",
			 "SELECT hash, median_time FROM charmbills.blocks WHERE height = $1");
CB_STATEMENT(delete_blocks, "int4",
			 "DELETE FROM charmbills.blocks WHERE height > $1");

static void column_header(uint64 row, CbHeader *header);
static bool load_header(int32 height, CbHeader *header);
static int	load_times_below(int32 height, uint32 times[MEDIAN_BLOCKS]);
static uint32 median(uint32 *times, int n);
static int	compare_times(const void *a, const void *b);
static void load_period_start(CbHeaderContext *context);
static void load_last_real_bits(CbHeaderContext *context, const CbNetwork *network);
static bool is_real_target(int32 height, uint32 bits, const CbNetwork *network);

TimestampTz
cb_unix_time(uint32 seconds)
{
	return time_t_to_timestamptz((pg_time_t) seconds);
}

void
cb_header_chain_check(int32 height, const CbHeader *header)
{
	const CbNetwork *network = cb_current_network();
	CbHeaderContext context;
	uint32		times[MEDIAN_BLOCKS];
	int			n_times;
	CbResult	result;

	memset(&context, 0, sizeof(context));
	context.height = (uint32) height;
	if (height == 0 || !load_header(height - 1, &context.parent))
		return;
	n_times = load_times_below(height, times);
	context.has_median_time = n_times == Min(height, MEDIAN_BLOCKS);
	if (context.has_median_time)
		context.median_time = median(times, n_times);
	load_period_start(&context);
	load_last_real_bits(&context, network);
	result = cb_header_check_context(header, &context, network);
	if (result != CB_OK)
		cb_raise(result, "block");
}

static void
column_header(uint64 row, CbHeader *header)
{
	CbSpan		raw = cb_column_bytea(row, 1);

	if (raw.len != CB_HEADER_SIZE || cb_header_parse(raw.data, header) != CB_OK)
		elog(ERROR, "stored header is damaged");
}

static bool
load_header(int32 height, CbHeader *header)
{
	if (cb_execute(&read_header, CB_ARGS(cb_int4(height))) == 0)
		return false;
	column_header(0, header);
	return true;
}

static int
load_times_below(int32 height, uint32 times[MEDIAN_BLOCKS])
{
	int			n = (int) cb_execute(&read_headers_below, CB_ARGS(cb_int4(height), cb_int4(MEDIAN_BLOCKS)));

	for (int i = 0; i < n; i++)
	{
		CbHeader	header;

		column_header(i, &header);
		times[i] = header.time;
	}
	return n;
}

static uint32
median(uint32 *times, int n)
{
	qsort(times, n, sizeof(uint32), compare_times);
	return times[n / 2];
}

static int
compare_times(const void *a, const void *b)
{
	uint32		x = *(const uint32 *) a;
	uint32		y = *(const uint32 *) b;

	return x < y ? -1 : x > y;
}

static void
load_period_start(CbHeaderContext *context)
{
	CbHeader	start;

	if (context->height % CB_RETARGET_BLOCKS != 0)
		return;
	context->has_period_start = load_header((int32) context->height - CB_RETARGET_BLOCKS, &start);
	if (!context->has_period_start)
		return;
	context->period_start_time = start.time;
	context->period_start_bits = start.bits;
}

/*
 * For the test networks' 20-minute rule: the last target that was not eased by
 * it, no further back than the period's first block.
 */
static void
load_last_real_bits(CbHeaderContext *context, const CbNetwork *network)
{
	int32		height = (int32) context->height;
	uint64		n;

	if (!network->allow_min_difficulty || network->no_retargeting)
		return;
	if (is_real_target(height - 1, context->parent.bits, network))
	{
		context->has_last_real_bits = true;
		context->last_real_bits = context->parent.bits;
		return;
	}
	n = cb_execute(&read_headers_below, CB_ARGS(cb_int4(height), cb_int4(CB_RETARGET_BLOCKS)));
	for (uint64 i = 0; i < n && !context->has_last_real_bits; i++)
	{
		CbHeader	header;

		column_header(i, &header);
		if (!is_real_target(cb_column_int4(i, 2), header.bits, network))
			continue;
		context->has_last_real_bits = true;
		context->last_real_bits = header.bits;
	}
}

static bool
is_real_target(int32 height, uint32 bits, const CbNetwork *network)
{
	return bits != network->pow_limit_bits || height % CB_RETARGET_BLOCKS == 0;
}

TimestampTz
cb_header_chain_add(int32 height, CbHeader *header, const char *hash)
{
	uint8		raw[CB_HEADER_SIZE];
	CbSpan		span = {raw, sizeof(raw)};
	uint32		times[MEDIAN_BLOCKS];
	int			n = load_times_below(height, times);
	TimestampTz median_time;

	/* The block itself takes the place of the oldest of eleven. */
	n = Min(n, MEDIAN_BLOCKS - 1);
	times[n++] = header->time;
	median_time = cb_unix_time(median(times, n));
	cb_header_serialize(header, raw);
	cb_execute(&insert_block,
			   CB_ARGS(cb_int4(height), cb_text(hash), cb_bytea(span),
					   cb_timestamptz(cb_unix_time(header->time)), cb_timestamptz(median_time)));
	return median_time;
}

bool
cb_header_chain_at(int32 height, char hash[CB_HASH_TEXT_SIZE], TimestampTz *median_time)
{
	if (cb_execute(&read_place, CB_ARGS(cb_int4(height))) == 0)
		return false;
	strlcpy(hash, cb_column_text(0, 1), CB_HASH_TEXT_SIZE);
	*median_time = cb_column_timestamptz(0, 2);
	return true;
}

void
cb_header_chain_truncate(int32 height)
{
	cb_execute(&delete_blocks, CB_ARGS(cb_int4(height)));
}

CbUint256
cb_header_chain_work_above(int32 height)
{
	CbUint256	sum;
	uint64		n = cb_execute(&read_headers_above, CB_ARGS(cb_int4(height)));

	memset(&sum, 0, sizeof(sum));
	for (uint64 i = 0; i < n; i++)
	{
		CbHeader	header;
		CbUint256	target;
		CbUint256	work;

		column_header(i, &header);
		if (cb_target_from_bits(header.bits, &target) != CB_OK)
			elog(ERROR, "stored header is damaged");
		cb_target_work(&target, &work);
		cb_uint256_add(&sum, &work);
	}
	return sum;
}
