/*
 * clock.h -- where the module gets time and chance from, to hand them to what is below it. Any
 * thread.
 */
#ifndef LR_CLOCK_H
#define LR_CLOCK_H

#include <stdint.h>

int64_t lr_clock_wall(void); /* seconds since 1970 */
int64_t lr_clock_monotonic_ms(void *unused);
int64_t lr_clock_cpu_ns(void);            /* of this thread */
uint16_t lr_clock_random16(void *unused); /* unpredictable */

#endif
