/* source.c -- fetching: the choice among the kinds of sources. */
#include "source_internal.h"
#include "network.h"

#include <stdlib.h>
#include <string.h>

#ifndef HAVE_LIBCURL
enum lr_code
lr_https_start(struct lr_error *err)
{
	return lr_fail(err, LR_EUNSUPPORTED, "https: this build is without libcurl");
}

void
lr_https_stop(void)
{
}

void
lr_https_before_chroot(void)
{
}

enum lr_code
lr_fetch_https(struct lr_source *source, const struct lr_request *request,
    struct lr_fetched *fetched, struct lr_error *err)
{
	(void)source, (void)request, (void)fetched;
	return lr_https_start(err);
}

enum lr_code
lr_fetch_list(struct lr_source *source, const struct lr_request *request,
    struct lr_fetched *fetched, struct lr_error *err)
{
	(void)source, (void)request, (void)fetched;
	return lr_https_start(err);
}

void
lr_listed_free(struct lr_listed *listed)
{
	(void)listed;
}

struct lr_source *
lr_listed_last(struct lr_listed *listed)
{
	(void)listed;
	return NULL;
}
#endif

static bool
copy_string(const char *string, char **copy)
{
	*copy = string ? strdup(string) : NULL;
	return !string || *copy;
}

static bool
copy_options(struct lr_source *s, const struct lr_source_options *options)
{
	bool transfer = lr_uri_is_transfer(&s->uri);
	const struct lr_tsig_key *key =
	    transfer ? lr_tsig_keys_for(options->keys, s->uri.host) : NULL;
	s->has_key = key != NULL;
	s->network = lr_network_ref(options->network);
	if (key)
		s->key = *key;
	return copy_string(options->ca_bundle, &s->ca_bundle) &&
	       copy_string(options->dir, &s->dir) &&
	       copy_string(options->client_certificate, &s->client_certificate);
}

enum lr_code
lr_source_new(const struct lr_uri *uri, const struct lr_source_options *options,
    struct lr_source **source, struct lr_error *err)
{
	enum lr_code code = lr_uri_is_web(uri) ? lr_https_start(err) : LR_OK;
	if (code != LR_OK)
		return code;
	struct lr_source *s = calloc(1, sizeof(*s));
	if (s)
		s->uri = *uri;
	if (!s || !copy_options(s, options)) {
		if (!s && lr_uri_is_web(uri))
			lr_https_stop();
		lr_source_free(s);
		return lr_fail(err, LR_ENOMEM, "out of memory");
	}
	*source = s;
	return LR_OK;
}

void
lr_source_free(struct lr_source *source)
{
	if (!source)
		return;
	if (lr_uri_is_web(&source->uri))
		lr_https_stop();
	lr_listed_free(source->listed);
	free(source->dir);
	free(source->ca_bundle);
	free(source->client_certificate);
	explicit_bzero(&source->key, sizeof(source->key));
	lr_network_unref(source->network);
	free(source);
}

const struct lr_uri *
lr_source_uri(const struct lr_source *source)
{
	return &source->uri;
}

const char *
lr_source_peer(const struct lr_source *source)
{
	return source->peer;
}

void
lr_source_distrust(struct lr_source *source)
{
	struct lr_source *last = lr_listed_last(source->listed);
	source->distrusted = true;
	if (last)
		last->distrusted = true;
}

enum lr_code
lr_fetch_by_scheme(struct lr_source *source, const struct lr_request *request,
    struct lr_fetched *fetched, struct lr_error *err)
{
	if (source->uri.list)
		return lr_fetch_list(source, request, fetched, err);
	switch (source->uri.scheme) {
	case LR_FILE:
		return lr_fetch_file(source, request, fetched, err);
	case LR_AXFR:
	case LR_IXFR:
	case LR_XOT:
		return lr_fetch_transfer(source, request, fetched, err);
	case LR_HTTP:
	case LR_HTTPS:
		return lr_fetch_https(source, request, fetched, err);
	}
	return lr_fail(err, LR_EUNSUPPORTED, "unknown scheme");
}

enum lr_code
lr_source_fetch(struct lr_source *source, const uint8_t *origin, const struct lr_zone *held,
    const struct lr_io *io, const struct lr_limits *limits, struct lr_fetched *fetched,
    struct lr_error *err)
{
	struct lr_budget budget;
	const struct lr_request request = {origin, held, &budget};
	struct lr_fetched got = {.draft = NULL};
	bool current;
	lr_budget_start(&budget, io, limits);
	budget.network = source->network;
	enum lr_code code = lr_fetch_by_scheme(source, &request, &got, err);
	memcpy(source->peer, budget.peer, sizeof(source->peer));
	if (code != LR_OK)
		return code;
	if (got.draft)
		lr_draft_heed(got.draft, NULL); /* the budget ends here */
	if (got.draft && lr_draft_serial(got.draft, origin, &got.serial))
		code = lr_check_announced(&request, got.serial, &current, err);
	if (code != LR_OK) {
		lr_draft_free(got.draft);
		return code;
	}
	if (got.draft && !got.increment) {
		struct lr_source *last = lr_listed_last(source->listed);
		source->distrusted = false;
		if (last)
			last->distrusted = false;
	}
	*fetched = got;
	return LR_OK;
}
