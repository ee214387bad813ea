/*
 * serial.h -- numbers that go round: serials of zones and times of signatures (RFC 1982; RFC 4034
 * section 3.1.5). Any thread.
 */
#ifndef LR_SERIAL_H
#define LR_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

/* Whether A comes after B. Neither does where they
 * are equal or 2^31 apart (RFC 1982 section 3.2). */
static inline bool
lr_serial_newer(uint32_t a, uint32_t b)
{
	return a != b && a - b < UINT32_C(1) << 31;
}

/* Whether A is B or before it. */
static inline bool
lr_serial_not_after(uint32_t a, uint32_t b)
{
	return a == b || lr_serial_newer(b, a);
}

#endif
