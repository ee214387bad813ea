/*
 * settings.h -- the localroot options: those among Unbound's dynlib-file entries, and those that a
 * patched Unbound has for its dynlib modules, such as what stands in its server clause.
 */
#ifndef LR_SETTINGS_H
#define LR_SETTINGS_H

#include "lr_error.h"
#include "netblock.h"
#include "source.h"

#include <stdbool.h>
#include <stddef.h>

struct module_env;

struct lr_settings {
	bool enabled;           /* localroot: yes */
	struct lr_uri *sources; /* empty: none that was named can be used, and nobody is asked */
	size_t source_count;
	size_t ordered; /* so many of them, the first, are localroot-source's and are asked in the
			   order given; the others come from the list or are built in, and have no
			   order */
	char *dir;      /* localroot-dir */
	char *status_file;                /* localroot-status-file, or NULL */
	char *ca_bundle;                  /* localroot-ca-bundle, or NULL: the system's */
	char *client_certificate;         /* localroot-client-certificate, or NULL */
	struct lr_endpoint *notify;       /* localroot-notify: where to listen; none: nowhere */
	struct lr_notifier *allow_notify; /* localroot-allow-notify: besides the sources */
	size_t notify_count, allow_notify_count;
	struct lr_tsig_keys *tsig_keys; /* localroot-tsig-keys, or NULL */
	uint32_t max_age;               /* localroot-max-age, seconds; 0: the SOA's expire alone */
	uint32_t refresh;               /* localroot-refresh, seconds; 0: the SOA's refresh alone */
	struct lr_network *network;     /* which ways the fetches may go */
	struct lr_limits limits;        /* of a fetch */
	int32_t date_override; /* Unbound's val-override-date: 0 none, -1 dates do not count */
	char *passed_over; /* for localroot_status: a line for each option and each line of a list
			      that cannot be used, of the first 20, and how many more */
};

/*
 * Reads the options into *settings, on LR_OK only. Strings are copied: Unbound frees its own over a
 * reload. What cannot be used (zone/fetch/option.h) is passed over, with a line in the log that
 * quotes it, and never an error: only LR_ENOMEM is. Of an option that has one value, the last
 * counts, as in Unbound. To be called by init's thread, inside of the chroot.
 */
enum lr_code lr_settings_read(
    struct module_env *env, int id, struct lr_settings *settings, struct lr_error *err);
/* Frees all that is in *settings; all zero is allowed. */
void lr_settings_clear(struct lr_settings *settings);

#endif
