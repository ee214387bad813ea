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
	struct lr_tsig_key key;   /* that it signs with */
	bool distrusted;          /* no increments until a whole zone has come */
	char peer[LR_PEER_TEXT];  /* as lr_source_peer() */
	bool plain;               /* the last answer came without EDNS */
	struct lr_tags tags;      /* https */
	char *dir;                /* where a list is kept, or NULL */
	struct lr_listed *listed; /* whom the list names, or NULL */
	int64_t list_again_ms;    /* monotonic: not asked for again before */
};

/* A master file, which may be packed by gzip, becomes a draft. LR_EFORMAT, LR_ELIMIT, LR_EIO,
 * LR_ENOMEM, and what the budget says. */
enum lr_code lr_read_master_file(
    FILE *in, const struct lr_request *request, struct lr_draft **draft, struct lr_error *err);

/* Who is asked in the place of a list. For the thread of the source. NULL is allowed. */
struct lr_listed;
void lr_listed_free(struct lr_listed *listed);
struct lr_source *lr_listed_last(struct lr_listed *listed); /* that gave the zone, or NULL */

/* Where a response sends us: *URI becomes it. LR_EREFUSED: it does not, or where we do not go. */
enum lr_code lr_https_redirected(const struct lr_https_response *response,
    const struct lr_source *source, struct lr_uri *uri, struct lr_error *err);

/* Whatever kind it is. */
enum lr_code lr_fetch_by_scheme(struct lr_source *source, const struct lr_request *request,
    struct lr_fetched *fetched, struct lr_error *err);

/* One function a kind; outputs and errors are lr_source_fetch()'s. */
enum lr_code lr_fetch_file(struct lr_source *source, const struct lr_request *request,
    struct lr_fetched *fetched, struct lr_error *err);
enum lr_code lr_fetch_transfer(struct lr_source *source, const struct lr_request *request,
    struct lr_fetched *fetched, struct lr_error *err); /* axfr: ixfr: xot: */
enum lr_code lr_fetch_list(struct lr_source *source, const struct lr_request *request,
    struct lr_fetched *fetched, struct lr_error *err);
enum lr_code lr_fetch_https(struct lr_source *source, const struct lr_request *request,
    struct lr_fetched *fetched, struct lr_error *err);

#endif
