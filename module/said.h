/*
 * said.h -- one fault, one line: whether the log was told of a fault that goes on. Any thread; all
 * zero at the start.
 */
#ifndef LR_SAID_H
#define LR_SAID_H

#include <stdatomic.h>
#include <stdbool.h>

struct lr_said {
	_Atomic bool told;
};

/* The fault is there. True where the log is to be told: the first time since it was over. */
static inline bool
lr_said_first(struct lr_said *said)
{
	return !atomic_load_explicit(&said->told, memory_order_relaxed) &&
	       !atomic_exchange(&said->told, true);
}

/* The fault is not there. True where the log was
 * told of it, and is now to be told that it is over. */
static inline bool
lr_said_over(struct lr_said *said)
{
	return atomic_load_explicit(&said->told, memory_order_relaxed) &&
	       atomic_exchange(&said->told, false);
}

#endif
