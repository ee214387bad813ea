/*
 * gunzip.h -- a stream that reads another one: unpacked where that is gzip (RFC 1952), as its first
 * octets tell, else as it is. One thread.
 */
#ifndef LR_GUNZIP_H
#define LR_GUNZIP_H

#include "lr_error.h"
#include "stop.h"

#include <stddef.h>
#include <stdio.h>

struct lr_gunzip;

/* IN stays the caller's and outlives it, as STOP (or NULL) does: there can be much to unpack before
 * anything comes of it. What is packed gives MAX octets at the most, or reading fails; what is not
 * packed has no limit here. *STREAM is closed by lr_gunzip_close() alone. LR_ENOMEM. */
enum lr_code lr_gunzip_open(FILE *in, size_t max, struct lr_stop *stop, struct lr_gunzip **gunzip,
    FILE **stream, struct lr_error *err);

/* Closes and frees. Why the stream could not be read to its end, if it could not: LR_EFORMAT,
 * LR_ELIMIT, LR_ENOMEM, LR_EIO, or what STOP says; LR_OK as long as nothing was wrong. NULL is
 * allowed. */
enum lr_code lr_gunzip_close(struct lr_gunzip *gunzip, struct lr_error *err);

#endif
