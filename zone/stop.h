/*
 * stop.h -- how long work that does not wait for anything can be broken off: sorting, reading,
 * verifying. Whoever does it takes a step now and then, whoever asked for it says when to end.
 */
#ifndef LR_STOP_H
#define LR_STOP_H

#include "lr_error.h"

#include <stddef.h>

struct lr_stop {
	enum lr_code (*ask)(void *arg, struct lr_error *err); /* LR_OK: go on */
	void *arg;
	size_t steps; /* since it was asked last */
};

/* A step is what takes a microsecond or less, ten under a sanitizer. */
#define LR_STOP_EVERY 1024

/* Counts STEPS, and asks when they are many. NULL never stops. */
static inline enum lr_code
lr_stop_step(struct lr_stop *stop, size_t steps, struct lr_error *err)
{
	if (!stop || (stop->steps += steps) < LR_STOP_EVERY)
		return LR_OK;
	stop->steps = 0;
	return stop->ask(stop->arg, err);
}

#endif
