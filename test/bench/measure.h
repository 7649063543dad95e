/*-------------------------------------------------------------------------
 *
 * measure.h
 *	  Times in milliseconds, and the median of many.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

static inline int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

/* The median of all, after one time that does not count. */
static inline void
measure(const char *name, void (*work) (void *), void *arg, int repeat)
{
	double	   *times = malloc((size_t) repeat * sizeof(double));

	work(arg);
	for (int i = 0; i < repeat; i++)
	{
		double		start = now_ms();

		work(arg);
		times[i] = now_ms() - start;
	}
	qsort(times, (size_t) repeat, sizeof(double), compare_doubles);
	printf("%s\t%.3f\n", name, times[repeat / 2]);
	free(times);
}

#endif							/* MEASURE_H */
