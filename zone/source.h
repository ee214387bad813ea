/*
 * source.h -- fetching: a source yields bytes, a reader makes them a draft, and nothing here trusts them.
 *
 * One thread owns a fetch. It blocks, but never longer than its limits, and returns at once when the cancel
 * descriptor becomes readable. Clock and randomness are handed in.
 */
#ifndef LR_SOURCE_H
#define LR_SOURCE_H

#include "draft.h"
#include "uri.h"

struct lr_io {
	int cancel_fd;                       /* readable: stop; -1 for none */
	int64_t (*monotonic_ms)(void *arg);
	uint16_t (*random16)(void *arg);     /* unpredictable: message IDs */
	void *arg;
};

struct lr_limits {
	int connect_ms;
	int idle_ms;                   /* between two reads that bring something */
	int total_ms;                  /* of the whole fetch */
	size_t wire_octets;            /* read from the source */
	struct lr_draft_limits draft;
};

/* The limits that the man page documents. */
extern const struct lr_limits lr_limits_default;

struct lr_fetched {
	struct lr_draft *draft; /* the caller's */
	bool has_expire;        /* the source gave EDNS EXPIRE (RFC 7314) */
	uint32_t expire;        /* seconds */
	size_t octets;          /* read from the source */
};

/*
 * Fetches the zone ORIGIN from a source. LR_EUNREACHABLE, LR_ETIMEOUT, LR_EREFUSED, LR_EFORMAT, LR_ELIMIT,
 * LR_ECANCELLED, LR_EIO, LR_ENOMEM; *err says why, without naming the source (the caller knows it).
 */
enum lr_code lr_source_fetch(const struct lr_uri *uri, const uint8_t *origin, const struct lr_io *io,
    const struct lr_limits *limits, struct lr_fetched *fetched, struct lr_error *err);

/* One function a scheme; lr_source_fetch() chooses among them. */
enum lr_code lr_source_file(const struct lr_uri *uri, const uint8_t *origin, const struct lr_io *io,
    const struct lr_limits *limits, struct lr_fetched *fetched, struct lr_error *err);
enum lr_code lr_source_axfr(const struct lr_uri *uri, const uint8_t *origin, const struct lr_io *io,
    const struct lr_limits *limits, struct lr_fetched *fetched, struct lr_error *err);

#endif
