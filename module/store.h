/*
 * store.h -- the copy on disk: the verified zone as a plain master file, and a small state file
 * beside it.
 *
 *     DIR/localroot.zone   what ldns-verify-zone accepts
 *     DIR/localroot.state  serial, when it was confirmed, EDNS EXPIRE, source, and a checksum of
 * these lines
 *
 * Each is written to a temporary file, synced and renamed. What is read back is as untrusted as
 * what a source sends. One thread at a time.
 */
#ifndef LR_STORE_H
#define LR_STORE_H

#include "lr_error.h"
#include "zone.h"

#include <stdio.h>

struct lr_state {
	uint32_t serial; /* of the copy: the highest ever accepted, since older ones are refused */
	int64_t confirmed; /* seconds since 1970 */
	uint32_t expire;   /* EDNS EXPIRE in seconds counted from confirmed, or 0 */
	char source[1536]; /* the URI */
};

/* Where the copy lies: what a file: source would read. PATH is the caller's, to free; NULL: out of
 * memory. */
char *lr_store_zone_path(const char *dir);

/* LR_EIO names the file and the reason. */
enum lr_code lr_store_write_zone(const char *dir, const struct lr_zone *zone, struct lr_error *err);
enum lr_code lr_store_write_state(
    const char *dir, const struct lr_state *state, struct lr_error *err);

/* LR_EIO where there is none, LR_EFORMAT where it is cut or changed. */
enum lr_code lr_store_read_state(const char *dir, struct lr_state *state, struct lr_error *err);

/* Writes what PRINT prints to PATH in the same careful way. */
enum lr_code lr_store_replace(const char *path, enum lr_code (*print)(FILE *out, const void *what),
    const void *what, struct lr_error *err);

#endif
