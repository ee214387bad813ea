/*
 * uri_list.h -- a file of sources: one URI a line, `#` at the start of a line or after white space
 * begins a comment, blank lines are passed over, as is without a word what begins with a scheme
 * that is not known here. Where a line of `----` ends the list, a line follows that says SHA256 and
 * the hexadecimal digest of all that precedes (draft-hardaker-dnsop-root-zone-publication-points).
 */
#ifndef LR_URI_LIST_H
#define LR_URI_LIST_H

#include "uri.h"

#include <stdio.h>

#define LR_URI_LIST_OCTETS 65536 /* of a file */
#define LR_URI_LIST_MAX 64       /* sources */

/* A line that is not taken, numbered from 1, and why (the reason quotes it). */
struct lr_uri_list_skipped {
	void (*line)(void *arg, unsigned number, const char *why);
	void *arg;
};

/*
 * Reads the sources into *URIS, the caller's to free, and *COUNT, which may be 0. A malformed line
 * is skipped, as is everything after LR_URI_LIST_MAX sources. LR_EIO; LR_ELIMIT: the file is larger
 * than LR_URI_LIST_OCTETS; LR_EFORMAT: not text, or the digest is another; LR_ENOMEM.
 */
enum lr_code lr_uri_list_read(FILE *in, const struct lr_uri_list_skipped *skipped,
    struct lr_uri **uris, size_t *count, struct lr_error *err);

#endif
