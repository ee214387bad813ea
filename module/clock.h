/*
 * clock.h -- where the module gets time and chance from, to hand them to what is below it. Any
 * thread. Whatever the machine refuses, none of the times is undefined.
 */
#ifndef LR_CLOCK_H
#define LR_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

int64_t lr_clock_wall(void); /* seconds since 1970 */

/* Milliseconds of the best steady clock that the machine has: with the time it sleeps, without, or
 * the wall clock. */
int64_t lr_clock_monotonic_ms(void *unused);

/* Milliseconds by which the two move against each other when somebody has set the wall clock. */
#define LR_CLOCK_SET_MS 30000

int64_t lr_clock_cpu_ns(void); /* of this thread; 0 where that cannot be had */

/* False: there is nothing unpredictable to be had now. */
bool lr_clock_random16(void *unused, uint16_t *number);

/* To scatter what would be done at once: the time's last digits will do. */
uint16_t lr_clock_jitter(void);

#endif
