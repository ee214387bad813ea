/*
 * store.h -- the copy on disk: the verified zone as a plain master file, and a small state file
 * beside it.
 *
 *     DIR/localroot.zone   what ldns-verify-zone accepts
 *     DIR/localroot.state  serial, when it was confirmed, EDNS EXPIRE, source, the key that the
 *                          zone's root of trust was, and a checksum of these lines
 *
 * Each is written to a temporary file, synced and renamed. What is read back is as untrusted as
 * what a source sends. One thread at a time.
 */
#ifndef LR_STORE_H
#define LR_STORE_H

#include "lr_error.h"
#include "zone.h"

#include <stdbool.h>
#include <stdio.h>

#define LR_STATE_KEY_MAX 1024

struct lr_state {
	uint32_t serial;   /* the highest ever accepted */
	int64_t confirmed; /* seconds since 1970: when it was last known to be the current one; 0:
			      not known */
	uint32_t expire;   /* EDNS EXPIRE in seconds counted from confirmed, or 0 */
	char source[1536]; /* the URI */
	/* The DNSKEY RDATA that the trust anchors vouched for: serials of another root do not
	 * compare. Length 0: not known. */
	uint16_t key_length;
	uint8_t key[LR_STATE_KEY_MAX];
};

/* Where the copy and its state lie. The caller's to free; NULL: out of memory. */
char *lr_store_zone_path(const char *dir);
char *lr_store_state_path(const char *dir);

/* LR_EIO names the file and the reason. */
enum lr_code lr_store_write_zone(const char *dir, const struct lr_zone *zone, struct lr_error *err);
enum lr_code lr_store_write_state(
    const char *dir, const struct lr_state *state, struct lr_error *err);

/* LR_EIO where it cannot be read, LR_EFORMAT where it is cut, changed, or of another version. */
enum lr_code lr_store_read_state(const char *dir, struct lr_state *state, struct lr_error *err);

/*
 * Writes what PRINT prints to PATH in the same way: who reads it finds the old contents or the new.
 * DURABLE: also over a power failure, which costs a wait for the disk.
 */
enum lr_code lr_store_replace(const char *path, enum lr_code (*print)(FILE *out, const void *what),
    const void *what, bool durable, struct lr_error *err);

#endif
