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
#include "tsig_keys.h"
#include "uri.h"
#include "zone.h"

struct lr_io {
	int cancel_fd; /* readable: stop; -1 for none */
	int64_t (*monotonic_ms)(void *arg);
	/* Unpredictable, for message IDs. False: cannot be had, and nothing is asked. */
	bool (*random16)(void *arg, uint16_t *number);
	void *arg;
	bool ldns; /* master files may hold what ldns alone reads: see lr_text_read() */
	int64_t (*wall)(void *arg); /* seconds since 1970; for signed transfers alone */
};

/* For long work on what was fetched: it ends as a fetch does, with LR_ECANCELLED. IO outlives
 * it. */
struct lr_stop lr_io_stop(const struct lr_io *io);

/* Everything that a source could use up. Over a limit is LR_ELIMIT, but for the times. */
struct lr_limits {
	int connect_ms;     /* to one address; 2 s at the most while others are left to try */
	int idle_ms;        /* between two reads that bring something */
	int total_ms;       /* of the whole fetch, however many connections it takes */
	int work_ms;        /* between two of its reads, at work on what came */
	unsigned rate;      /* octets a second, the least; 0: any */
	int rate_ms;        /* that the rate is looked at for */
	size_t wire_octets; /* read from the source, and also after decompression */
	struct lr_draft_limits
	    draft;          /* octets and records of the zone, octets of one record's RDATA */
	int resolve_ms;     /* for the look-up of a host name */
	unsigned addresses; /* of a host name: as many are tried, the others are not */
	unsigned messages;  /* of a transfer */
	unsigned steps; /* sequences of differences in an IXFR (then the whole zone is asked for) */
	unsigned redirects;   /* of an HTTPS request */
	size_t header_octets; /* of the HTTP responses' headers */
};

/* The limits that the man page documents. */
extern const struct lr_limits lr_limits_default;

struct lr_fetched {
	struct lr_draft *draft; /* the caller's; NULL: the zone held is the source's current one */
	uint32_t serial;        /* announced, and that of the draft where there is one */
	bool has_expire;        /* the source gave EDNS EXPIRE (RFC 7314) */
	uint32_t expire;        /* seconds */
	size_t octets;          /* read from the source */
	bool increment;         /* the draft is the zone held with changes applied (RFC 1995) */
	int64_t
	    changed; /* a file: when (seconds since 1970), and it says nothing of later; else 0 */
};

/* One configured source: its URI and what it remembers from one fetch to the next. One thread's. */
struct lr_source;

struct lr_network; /* network.h */

struct lr_source_options {
	const char *ca_bundle; /* a file of certificates to trust, or NULL for the system's */
	const char *client_certificate;  /* for xot: our own and its key, or NULL */
	const struct lr_tsig_keys *keys; /* that transfers are signed with, or NULL */
	struct lr_network *network;      /* which ways they may go, or NULL: all */
};

/* What the options point to is copied, and a reference to the network is kept. By the thread that
 * loads and unloads the module (https.h), as lr_source_free(). LR_ENOMEM; LR_EUNSUPPORTED: this
 * build cannot. */
enum lr_code lr_source_new(const struct lr_uri *uri, const struct lr_source_options *options,
    struct lr_source **source, struct lr_error *err);
void lr_source_free(struct lr_source *source); /* NULL is allowed */

const struct lr_uri *lr_source_uri(const struct lr_source *source);

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
