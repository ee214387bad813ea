/*
 * store.h -- the copy on disk: the verified zone as a plain master file, and a small state file
 * beside it.
 *
 *     DIR/localroot.zone   what ldns-verify-zone accepts
 *     DIR/localroot.state  serial, when it was confirmed, EDNS EXPIRE, source, the key that the
 *                          zone's root of trust was, when the serial was first held, and a checksum
 *                          of these lines
 *
 * What is read back is as untrusted as what a source sends. One thread at a time; everything here
 * may hang with the disk.
 */
#ifndef LR_STORE_H
#define LR_STORE_H

#include "folder.h"
#include "io.h"
#include "lr_error.h"
#include "zone.h"

#include <stdbool.h>

#define LR_STATE_KEY_MAX 1024

struct lr_state {
	uint32_t serial; /* the highest ever accepted */
	/* Seconds since 1970, or 0: not known. */
	int64_t confirmed;       /* when it was last known to be the current one */
	int64_t renewed;         /* when its serial was first held */
	uint32_t expire;         /* EDNS EXPIRE in seconds counted from confirmed, or 0 */
	char source[1536];       /* the URI */
	char peer[LR_PEER_TEXT]; /* ADDRESS@PORT where that was reached; empty: nowhere, or not
				    known, for it is not kept on disk */
	/* The DNSKEY RDATA that the trust anchors vouched for: serials of another root do not
	 * compare. Length 0: not known. */
	uint16_t key_length;
	uint8_t key[LR_STATE_KEY_MAX];
};

/* Where the zone lies. The caller's to free; NULL: out of memory. */
char *lr_store_zone_path(const char *dir);

/* When the state was written, in seconds since 1970; 0: there is none. */
int64_t lr_store_when(const struct lr_folder *folder);

/* As lr_folder_replace(). */
enum lr_code lr_store_write_zone(
    const struct lr_folder *folder, const struct lr_zone *zone, struct lr_error *err);
enum lr_code lr_store_write_state(
    const struct lr_folder *folder, const struct lr_state *state, struct lr_error *err);

/* Forgets both: zone and state are not there any more. */
enum lr_code lr_store_remove(const struct lr_folder *folder, struct lr_error *err);

/* *FOUND: there is one. LR_EIO where it cannot be read, LR_EFORMAT where it is cut, changed, or of
 * another version. LR_ENOMEM. */
enum lr_code lr_store_read_state(
    const struct lr_folder *folder, bool *found, struct lr_state *state, struct lr_error *err);

/*
 * Whether a state that lies there already, another server's, is to stay in place of ours: it knows
 * a newer serial (RFC 1982), or the same confirmed later. Not one of another root, nor from the
 * future, as seen at NOW.
 */
bool lr_store_supersedes(const struct lr_state *there, const struct lr_state *ours, int64_t now);

#endif
