/*
 * peers.h -- who may say that the zone has changed (RFC 1996 section 3.10): the servers that
 * transfers are asked of, and those of localroot-allow-notify.
 *
 * Servers named by host are looked up aside, at the start and once an hour. For one thread.
 */
#ifndef LR_PEERS_H
#define LR_PEERS_H

#include "settings.h"

#include <stdint.h>
#include <sys/socket.h>

struct lr_peers;

/* What is known of one. */
struct lr_peer {
	size_t source;                 /* its place among the settings' sources, or LR_NO_SOURCE */
	bool signed_only;              /* only what is signed with KEY counts */
	const struct lr_tsig_key *key; /* the settings'; NULL: no such key, so nothing counts */
};

#define LR_NO_SOURCE SIZE_MAX

/* SETTINGS outlive it. NOTIFY_FD, an eventfd that does not block, becomes readable when there is
 * work. LR_ENOMEM. */
enum lr_code lr_peers_new(const struct lr_settings *settings, int notify_fd,
    struct lr_peers **peers, struct lr_error *err);
void lr_peers_free(struct lr_peers *peers); /* NULL is allowed */

/* Takes what was looked up, and begins what is due at NOW_MS (monotonic). Never waits. */
void lr_peers_work(struct lr_peers *peers, int64_t now_ms);

/* Whether who sends from ADDRESS (AF_INET or AF_INET6; the port does not count) may say it, and if
 * so who it is. */
bool lr_peers_find(
    const struct lr_peers *peers, const struct sockaddr *address, struct lr_peer *peer);

#endif
