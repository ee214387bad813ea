/*
 * print.h -- a sealed zone as a master file (RFC 1035 section 5), one record a line, for our reader
 * (text.h) and everybody else's. Nothing is allocated; any thread.
 */
#ifndef LR_PRINT_H
#define LR_PRINT_H

#include "draft.h"
#include "lr_error.h"
#include "zone.h"

#include <stdio.h>

/* LR_EIO: the stream did not take it, and errno says why. The stream stays the caller's. */
enum lr_code lr_zone_print(const struct lr_zone *zone, FILE *out);

/* One line of it, of any record. LR_EIO. */
enum lr_code lr_record_print(const struct lr_record *record, FILE *out);

#endif
