/*
 * source_internal.h -- what the kinds of sources have in common. For source.c and source_*.c alone.
 */
#ifndef LR_SOURCE_INTERNAL_H
#define LR_SOURCE_INTERNAL_H

#include "budget.h"
#include "https.h"
#include "lr_config.h"
#include "resolve.h"
#include "source.h"

struct lr_source {
	struct lr_uri uri;
	char *ca_bundle, *client_certificate; /* or NULL */
	struct lr_network *network;           /* or NULL */
	bool has_key;
	struct lr_tsig_key key; /* that it signs with */
	bool distrusted;        /* no increments until a whole zone has come */
	bool plain;             /* what came last, came without EDNS */
	struct lr_tags tags;    /* https */
};

/* One fetch. */
struct lr_request {
	const uint8_t *origin;
	const struct lr_zone *held; /* or NULL */
	struct lr_budget *budget;
};

/* Whether the serial that a source announces is the held zone's. LR_ESERIAL: it is older. */
enum lr_code lr_check_announced(
    const struct lr_request *request, uint32_t serial, bool *current, struct lr_error *err);

/* The serial of the draft's SOA; false where there is none, which is for validate/ to say. */
bool lr_draft_serial(const struct lr_draft *draft, const uint8_t *origin, uint32_t *serial);

/* An empty draft that heeds the fetch's budget. */
enum lr_code lr_new_draft(
    const struct lr_request *request, struct lr_draft **draft, struct lr_error *err);

/* One function a kind; outputs and errors are lr_source_fetch()'s. */
enum lr_code lr_fetch_file(struct lr_source *source, const struct lr_request *request,
    struct lr_fetched *fetched, struct lr_error *err);
enum lr_code lr_fetch_transfer(struct lr_source *source, const struct lr_request *request,
    struct lr_fetched *fetched, struct lr_error *err); /* axfr: ixfr: xot: */
enum lr_code lr_fetch_https(struct lr_source *source, const struct lr_request *request,
    struct lr_fetched *fetched, struct lr_error *err);

#endif
