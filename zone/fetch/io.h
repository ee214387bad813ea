/*
 * io.h -- what a fetch is given of the world outside, and how much of it it may use.
 */
#ifndef LR_IO_H
#define LR_IO_H

#include "draft.h"

/* Octets of ADDRESS@PORT, with the end of the string. */
#define LR_PEER_TEXT 52

struct lr_io {
	int cancel_fd; /* readable: stop; -1 for none */
	int64_t (*monotonic_ms)(void *arg);
	/* Unpredictable, for message IDs. False: cannot be had, and nothing is asked. */
	bool (*random16)(void *arg, uint16_t *number);
	void *arg;
	bool ldns; /* master files may hold what ldns alone reads: see lr_text_read() */
	int64_t (*wall)(void *arg); /* seconds since 1970; for signed transfers and lists */
};

/* Everything that a source could use up. Over a limit is LR_ELIMIT, but for the times. */
struct lr_limits {
	int connect_ms;     /* to one address; others are tried beside it */
	int idle_ms;        /* between two reads that bring something */
	int total_ms;       /* of the whole fetch, however many connections it takes */
	int work_ms;        /* between two of its reads, at work on what came */
	unsigned rate;      /* octets a second, the least; 0: any */
	int rate_ms;        /* that the rate is looked at for */
	size_t wire_octets; /* read from the source, and also after decompression */
	struct lr_draft_limits draft;
	int resolve_ms;     /* for the look-up of a host name */
	unsigned addresses; /* of a host name: as many are tried, the others are not */
	unsigned messages;  /* of a transfer */
	unsigned steps; /* sequences of differences in an IXFR (then the whole zone is asked for) */
	unsigned redirects;   /* of an HTTPS request */
	size_t header_octets; /* of the HTTP responses' headers */
};

/* The limits that the man page documents. */
extern const struct lr_limits lr_limits_default;

#endif
