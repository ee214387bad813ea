/*
 * option.h -- the grammar of the localroot options: one table, for the module, for the question
 * that a patched unbound-checkconf asks, and for localroot-check.
 *
 * An option is one line of text, "localroot-refresh: 3600". No state, any thread.
 */
#ifndef LR_OPTION_H
#define LR_OPTION_H

#include "lr_error.h"
#include "netblock.h"
#include "path.h"
#include "tsig_keys.h"
#include "uri.h"

#include <stdbool.h>
#include <stddef.h>

struct lr_options {
	bool enabled;           /* localroot: yes */
	struct lr_uri *sources; /* localroot-source, those that can be used, in their order */
	size_t source_count;
	char *source_list;                /* localroot-source-list, or NULL */
	char *dir;                        /* localroot-dir, or NULL: the default */
	char *status_file;                /* localroot-status-file, or NULL */
	char *ca_bundle;                  /* localroot-ca-bundle, or NULL: the system's */
	struct lr_endpoint *notify;       /* localroot-notify, those that can be used */
	struct lr_notifier *allow_notify; /* localroot-allow-notify */
	size_t notify_count, allow_notify_count;
	struct lr_tsig_keys *tsig_keys; /* localroot-tsig-keys, or NULL */
	char *client_certificate;       /* localroot-client-certificate, or NULL */
	char *proxy;                    /* localroot-proxy, or NULL */
	char **outgoing;                /* localroot-outgoing-interface, in their order */
	size_t outgoing_count;
	uint32_t max_age;           /* localroot-max-age, seconds; 0: none */
	uint32_t refresh;           /* localroot-refresh, seconds; 0: none */
	uint32_t max_transfer_time; /* localroot-max-transfer-time, seconds; 0: the default */
	uint32_t min_transfer_rate; /* localroot-min-transfer-rate, octets a second; 0: as above */
	bool sources_missed;        /* the last source or list named cannot be used */
	bool ca_bundle_missed;      /* the last ca-bundle named cannot be used */
	bool tsig_keys_missed;      /* the last file of keys cannot be used */
	bool proxy_missed;          /* the last proxy named cannot be used */
};

/*
 * Takes one option into *OPTIONS; of those that have one value, the last counts. LR_EUSAGE: no such
 * option, or a value that is malformed or leads to something else than it should; LR_EUNSUPPORTED:
 * a source that this build cannot ask; LR_ENOMEM. *err names the option and quotes the value; what
 * the option was before stays, and *OPTIONS notes who was missed: nobody else is to be asked or
 * trusted in the place of those who were named.
 */
enum lr_code lr_option_take(struct lr_options *options, const char *text,
    const struct lr_paths *paths, struct lr_error *err);

/* What cannot be used of a list: LINE is called with each, why it is so, and ARG. */
struct lr_option_faults {
	void (*line)(void *arg, unsigned number, const char *why);
	void *arg;
};

/*
 * Adds the sources of localroot-source-list. LR_EUSAGE: it cannot be read, or holds none that can
 * be used; LR_ENOMEM.
 */
enum lr_code lr_option_take_list(struct lr_options *options, const struct lr_paths *paths,
    const struct lr_option_faults *faults, struct lr_error *err);

/*
 * The same for a checker, that takes nothing: the errors of both, of a list the first line that
 * cannot be used. *known: there is such an option, of whatever value.
 */
enum lr_code lr_option_check(
    const char *text, const struct lr_paths *paths, bool *known, struct lr_error *err);

/* How many times "dynlib" stands in a module-config. The nth takes the nth dynlib-file, a library;
 * the options are those that follow. */
unsigned lr_option_dynlibs(const char *modules);

/* Why the source cannot be asked with what is missed, or NULL: https: and xot: trust the
 * certificates that were named, or nobody; a transfer may want one of the keys. */
const char *lr_option_misses(const struct lr_options *options, const struct lr_uri *uri);

void lr_options_clear(struct lr_options *options);

#endif
