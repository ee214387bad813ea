/* source.c -- fetching: the choice among the sources, and their limits. */
#include "source.h"

#include <stdlib.h>

/*
 * The root zone of 2026 is 24,878 records, 1.3 MB on the wire and 2.2 MB as text: the octets leave
 * room for it to grow thirtyfold, the records fortyfold, and no source can make the resolver's host
 * run out of memory.
 */
const struct lr_limits lr_limits_default = {
    .connect_ms = 5000,
    .idle_ms = 10000,
    .total_ms = 120000,
    .wire_octets = (size_t)64 << 20,
    .draft = {.octets = (size_t)64 << 20, .records = 1000000},
};

struct lr_source {
	struct lr_uri uri;
};

enum lr_code
lr_source_new(const struct lr_uri *uri, const struct lr_source_options *options,
    struct lr_source **source, struct lr_error *err)
{
	struct lr_source *s = calloc(1, sizeof(*s));
	(void)options;
	if (!s)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	s->uri = *uri;
	*source = s;
	return LR_OK;
}

void
lr_source_free(struct lr_source *source)
{
	free(source);
}

const struct lr_uri *
lr_source_uri(const struct lr_source *source)
{
	return &source->uri;
}

void
lr_source_distrust(struct lr_source *source)
{
	(void)source;
}

enum lr_code
lr_source_fetch(struct lr_source *source, const uint8_t *origin, const struct lr_zone *held,
    const struct lr_io *io, const struct lr_limits *limits, struct lr_fetched *fetched,
    struct lr_error *err)
{
	const struct lr_uri *uri = &source->uri;
	(void)held;
	switch (uri->scheme) {
	case LR_FILE:
		return lr_source_file(uri, origin, io, limits, fetched, err);
	case LR_AXFR:
		return lr_source_axfr(uri, origin, io, limits, fetched, err);
	case LR_IXFR:
		return lr_fail(err, LR_EUNSUPPORTED, "ixfr: is not built in");
	case LR_XOT:
		return lr_fail(err, LR_EUNSUPPORTED, "xot: is not built in");
	case LR_HTTPS:
		return lr_fail(err, LR_EUNSUPPORTED, "https: is not built in");
	}
	return lr_fail(err, LR_EUNSUPPORTED, "unknown scheme");
}
