/*
 * notify.h -- listens for NOTIFY (RFC 1996) at the addresses of localroot-notify, in a thread of
 * its own: what comes from a peer (peers.h) is answered, and makes the refresher look.
 *
 * What cannot be bound is told in the log and the status, and tried again every ten seconds.
 */
#ifndef LR_NOTIFY_H
#define LR_NOTIFY_H

#include "mirror.h"
#include "refresher.h"
#include "settings.h"

#include <netinet/in.h>

struct lr_listener;

/* What it works with while it listens. */
struct lr_listener_uses {
	struct lr_mirror *mirror;       /* has the serial that is known already */
	struct lr_refresher *refresher; /* is told */
};

/* It does not listen yet. NULL: out of memory. SETTINGS outlive it. */
struct lr_listener *lr_listener_new(const struct lr_settings *settings);
void lr_listener_free(struct lr_listener *listener); /* NULL is allowed */

/* Starts the thread. LR_ENOMEM, LR_EIO. */
enum lr_code lr_listener_start(
    struct lr_listener *listener, const struct lr_listener_uses *uses, struct lr_error *err);

/* Ends the thread and closes the sockets, within about half a second; the facts stay. NULL is
 * allowed, and one that is not started. */
void lr_listener_stop(struct lr_listener *listener);

#define LR_TROUBLE_TEXT 256

/* Where it listens, or why not there. */
struct lr_place_facts {
	const char *endpoint;          /* the settings' */
	char trouble[LR_TROUBLE_TEXT]; /* or empty */
};

/* What came so far: messages of peers that were good, and all others. */
struct lr_listener_facts {
	uint64_t heeded, passed_over;
	char heeded_from[INET6_ADDRSTRLEN], passed_over_from[INET6_ADDRSTRLEN]; /* the last */
	struct lr_error passed_over_why;
};

/* PLACES has room for as many as the settings have. Any thread. */
void lr_listener_facts(
    struct lr_listener *listener, struct lr_listener_facts *facts, struct lr_place_facts *places);

#endif
