/*
 * print.h -- a sealed zone as a master file (RFC 1035 section 5), one record a line; ldns writes
 * the records.
 */
#ifndef LR_PRINT_H
#define LR_PRINT_H

#include "lr_error.h"
#include "zone.h"

#include <stdio.h>

/* LR_EIO, LR_ENOMEM. The stream stays the caller's. */
enum lr_code lr_zone_print(const struct lr_zone *zone, FILE *out);

#endif
