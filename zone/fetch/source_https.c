/*
 * source_https.c -- the zone as a master file by HTTPS or HTTP.
 *
 * A request is conditional where the source remembers what identifies the zone held, so that one
 * that has not changed costs a small answer; for some time, then the whole is asked for again.
 */
#include "schedule.h"
#include "source_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { OK = 200, NOT_MODIFIED = 304 };

/* Where a response sends us; from https to nothing else. */
enum lr_code
lr_https_redirected(const struct lr_https_response *response, const struct lr_source *source,
    struct lr_uri *uri, struct lr_error *err)
{
	char text[sizeof(uri->text)];
	if (!response->redirect)
		return lr_fail(err, LR_EREFUSED, "the server answered %ld", response->status);
	snprintf(
	    text, sizeof(text), "%.*s", (int)strcspn(response->redirect, "#"), response->redirect);
	if (source->uri.scheme == LR_HTTPS && strncasecmp(text, "https://", 8) != 0)
		return lr_fail(err, LR_EREFUSED, "redirected to %.120s, which is not https", text);
	if (lr_uri_parse(text, uri, NULL) != LR_OK || !lr_uri_is_web(uri))
		return lr_fail(err, LR_EREFUSED, "redirected to %.120s", text);
	/* The address after @ is our users' way of writing; in a server's URL it is the path's. */
	size_t length = strlen(uri->path);
	if (*uri->address)
		snprintf(uri->path + length, sizeof(uri->path) - length, "@%s", uri->address);
	bool same_host =
	    strcasecmp(uri->host, source->uri.host) == 0 && uri->port == source->uri.port;
	strcpy(uri->address, same_host ? source->uri.address : "");
	return LR_OK;
}

static enum lr_code
read_body(const struct lr_https_response *response, const struct lr_request *request,
    struct lr_draft **out, struct lr_error *err)
{
	if (response->size == 0)
		return lr_fail(err, LR_EFORMAT, "an empty body");
	FILE *stream = fmemopen(response->body, response->size, "r");
	if (!stream)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	enum lr_code code = lr_read_master_file(stream, request, out, err);
	fclose(stream);
	return code;
}

static int64_t
now(const struct lr_request *request)
{
	return request->budget->io->monotonic_ms(request->budget->io->arg);
}

/* A server, or a cache on the way, may say for ever that nothing has changed. */
static bool
may_be_conditional(const struct lr_source *source, const struct lr_request *request)
{
	const struct lr_tags *tags = &source->tags;
	return request->held && lr_zone_facts(request->held)->serial == tags->serial &&
	       now(request) - tags->when_ms < LR_STILL_SECONDS * 1000;
}

static enum lr_code
take_zone(struct lr_source *source, const struct lr_request *request,
    const struct lr_https_response *response, struct lr_fetched *fetched, struct lr_error *err)
{
	uint32_t serial;
	enum lr_code code = read_body(response, request, &fetched->draft, err);
	if (code == LR_OK && lr_draft_serial(fetched->draft, request->origin, &serial)) {
		source->tags = response->tags;
		source->tags.serial = serial;
		source->tags.when_ms = now(request);
	}
	return code;
}

/* One request. *again: *uri has become the place to ask next. */
static enum lr_code
ask(struct lr_source *source, const struct lr_request *request, const struct lr_tags *conditions,
    struct lr_uri *uri, bool *again, struct lr_fetched *fetched, struct lr_error *err)
{
	const struct lr_https_request get = {uri, source->ca_bundle, conditions};
	struct lr_https_response response;
	enum lr_code code = lr_https_get(&get, request->budget, &response, err);
	if (code != LR_OK)
		return code;
	if (response.status == OK) {
		code = take_zone(source, request, &response, fetched, err);
	} else if (response.status == NOT_MODIFIED &&
		   (conditions->etag[0] || conditions->modified[0])) {
		fetched->serial = conditions->serial;
	} else {
		code = lr_https_redirected(&response, source, uri, err);
		*again = code == LR_OK;
	}
	lr_https_response_clear(&response);
	return code;
}

enum lr_code
lr_fetch_https(struct lr_source *source, const struct lr_request *request,
    struct lr_fetched *fetched, struct lr_error *err)
{
	struct lr_uri uri = source->uri;
	unsigned max = request->budget->limits->redirects;
	const struct lr_tags none = {0};
	const struct lr_tags conditions = may_be_conditional(source, request) ? source->tags : none;
	for (unsigned i = 0; i <= max; i++) {
		bool again = false;
		enum lr_code code = ask(source, request, &conditions, &uri, &again, fetched, err);
		fetched->octets = request->budget->octets;
		if (code != LR_OK || !again)
			return code;
	}
	return lr_fail(err, LR_ELIMIT, "more than %u redirects", max);
}
