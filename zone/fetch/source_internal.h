/*
 * source_internal.h -- what the kinds of sources have in common. For source.c and source_*.c alone.
 */
#ifndef LR_SOURCE_INTERNAL_H
#define LR_SOURCE_INTERNAL_H

#include "https.h"
#include "lr_config.h"
#include "request.h"
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

/* A master file, which may be packed by gzip, becomes a draft. LR_EFORMAT, LR_ELIMIT, LR_EIO,
 * LR_ENOMEM, and what the budget says. */
enum lr_code lr_read_master_file(
    FILE *in, const struct lr_request *request, struct lr_draft **draft, struct lr_error *err);

/* One function a kind; outputs and errors are lr_source_fetch()'s. */
enum lr_code lr_fetch_file(struct lr_source *source, const struct lr_request *request,
    struct lr_fetched *fetched, struct lr_error *err);
enum lr_code lr_fetch_transfer(struct lr_source *source, const struct lr_request *request,
    struct lr_fetched *fetched, struct lr_error *err); /* axfr: ixfr: xot: */
enum lr_code lr_fetch_https(struct lr_source *source, const struct lr_request *request,
    struct lr_fetched *fetched, struct lr_error *err);

#endif
