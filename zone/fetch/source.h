/*
 * source.h -- fetching: a source yields bytes, a reader makes them a draft, and nothing here trusts
 * them.
 *
 * One thread owns a fetch. It blocks, but never longer than its limits, and returns at once when
 * the cancel descriptor becomes readable. Clock and randomness are handed in.
 */
#ifndef LR_SOURCE_H
#define LR_SOURCE_H

#include "draft.h"
#include "io.h"
#include "tsig_keys.h"
#include "uri.h"
#include "zone.h"

struct lr_fetched {
	struct lr_draft *draft; /* the caller's; NULL: the zone held is the source's current one */
	uint32_t serial;        /* announced, and that of the draft where there is one */
	bool has_expire;        /* the source gave EDNS EXPIRE (RFC 7314) */
	uint32_t expire;        /* seconds */
	size_t octets;          /* read from the source */
	bool increment;         /* the draft is the zone held with changes applied (RFC 1995) */
	/* When a file was changed, in seconds since 1970: it says nothing of any time after that.
	 * 0: the source is no file. */
	int64_t changed;
};

/* One configured source: its URI and what it remembers from one fetch to the next. One thread's. */
struct lr_source;

struct lr_network; /* network.h */

struct lr_source_options {
	const char *ca_bundle; /* a file of certificates to trust, or NULL for the system's */
	const char *client_certificate;  /* for xot: our own and its key, or NULL */
	const struct lr_tsig_keys *keys; /* that transfers are signed with, or NULL */
	struct lr_network *network;      /* which ways they may go, or NULL: all */
	const char *dir;                 /* where a list that is a URL is kept, or NULL */
};

/* What the options point to is copied, and a reference to the network
 * is kept. By the thread that loads and unloads the module (https.h),
 * as lr_source_free(). LR_ENOMEM; LR_EUNSUPPORTED: this build cannot. */
enum lr_code lr_source_new(const struct lr_uri *uri, const struct lr_source_options *options,
    struct lr_source **source, struct lr_error *err);
void lr_source_free(struct lr_source *source); /* NULL is allowed */

const struct lr_uri *lr_source_uri(const struct lr_source *source);

/* ADDRESS@PORT that the last fetch was connected to, of a proxy if there is one, or that it tried
 * last; empty: nobody, as for a file. Of a source that is being asked, for that thread alone. */
const char *lr_source_peer(const struct lr_source *source);

/*
 * Fetches the zone ORIGIN. HELD is the verified zone held, or NULL: with it, only what is newer is
 * transferred. LR_EUNREACHABLE, LR_ETIMEOUT, LR_EREFUSED, LR_EFORMAT, LR_ELIMIT, LR_ESERIAL (older
 * than HELD, or not the serial announced), LR_ECANCELLED, LR_EIO, LR_ENOMEM; *err says why, without
 * naming the source (the caller knows it).
 */
enum lr_code lr_source_fetch(struct lr_source *source, const uint8_t *origin,
    const struct lr_zone *held, const struct lr_io *io, const struct lr_limits *limits,
    struct lr_fetched *fetched, struct lr_error *err);

/* What the last increment made did not verify: the next fetch is a full one. */
void lr_source_distrust(struct lr_source *source);

/* A file without a source around it: always read as a whole. */
enum lr_code lr_source_file(const struct lr_uri *uri, const uint8_t *origin, const struct lr_io *io,
    const struct lr_limits *limits, struct lr_fetched *fetched, struct lr_error *err);

#endif
