/*
 * failing.h -- what failing.c counts and makes fail; test/lab/failing.py writes the same layout.
 */
#ifndef LR_FAILING_H
#define LR_FAILING_H

#include <stdatomic.h>
#include <stdint.h>

struct failing {
	_Atomic uint64_t counted; /* allocations since this was set to 0 */
	_Atomic uint64_t first;   /* the number of the first that fails, from 1 on; 0: none */
	_Atomic uint64_t last;    /* and of the last */
	_Atomic uint64_t failed;  /* how many have failed */
};

/* The one of this process; counts nothing while counting is false. */
extern struct failing *failing;
extern _Atomic uint32_t failing_counts;

#endif
