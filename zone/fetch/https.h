/*
 * https.h -- one HTTPS request and its response. For the sources, but for what module.c does before
 * a chroot. Without libcurl it is not built, and source.c has in its place what says so.
 */
#ifndef LR_HTTPS_H
#define LR_HTTPS_H

#include "budget.h"
#include "resolve.h"

#define LR_TAG_MAX 256 /* longer ones are not remembered */

/* What identifies the representation that gave the zone SERIAL (RFC 9110 section 8.8). */
struct lr_tags {
	uint32_t serial;
	int64_t when_ms;           /* monotonic */
	char etag[LR_TAG_MAX];     /* empty: none */
	char modified[LR_TAG_MAX]; /* Last-Modified; empty: none */
};

/*
 * The first user loads and starts libcurl, the last stops it. LR_EUNSUPPORTED: built without;
 * LR_EIO: it is not there, or too old; LR_ENOMEM.
 *
 * Starting and stopping libcurl may touch what other users of libcurl and OpenSSL in the process
 * have in hand, where it was built without atomics (curl_version_info(): CURL_VERSION_THREADSAFE).
 * So it is for the thread that loads and unloads the module, while it has no threads of its own:
 * lr_source_new() in init, lr_source_free() in deinit, both with no worker running. A lock keeps
 * several such threads apart: contexts of libunbound, and one that was left behind with its source
 * and frees that at its end (module/inquiry.h). Requests are for any thread, one at a time for a
 * source.
 */
enum lr_code lr_https_start(struct lr_error *err);
void lr_https_stop(void);

/*
 * Loads libcurl now or never, whether there will be an https: source or not: the process is about
 * to go into a chroot, and loads nothing from inside, where libcurl need not be. Any thread.
 */
void lr_https_before_chroot(void);

struct lr_https_request {
	const struct lr_uri *uri;
	const char *ca_bundle;            /* as in struct lr_source_options */
	const struct lr_tags *conditions; /* those that are not empty */
};

struct lr_https_response {
	long status;
	struct lr_tags tags; /* without the serial and the time */
	char *redirect;      /* where to, in full, or NULL */
	char *body;          /* decompressed */
	size_t size;         /* of it */
};

/*
 * GET. Of what the budget limits, header_octets count for one response, wire_octets for the bodies
 * of all the fetch's responses as they come, and for each decompressed. The response is the
 * caller's to clear. LR_EUNREACHABLE (also for a certificate that is not right), LR_ETIMEOUT,
 * LR_EFORMAT, LR_ELIMIT, LR_EIO, LR_ENOMEM, LR_ECANCELLED.
 */
enum lr_code lr_https_get(const struct lr_https_request *request, struct lr_budget *budget,
    struct lr_https_response *response, struct lr_error *err);
void lr_https_response_clear(struct lr_https_response *response);

#endif
