/*
 * localroot.h -- the module as a whole: what init makes, operate asks and deinit takes apart.
 */
#ifndef LR_LOCALROOT_H
#define LR_LOCALROOT_H

#include "mirror.h"
#include "notify.h"
#include "upstream.h"
#include "refresher.h"
#include "settings.h"
#include "snapshot.h"
#include "stats.h"
#include "overridden.h"
#include "unbound.h"

#include <stdatomic.h>

struct lr_localroot {
	struct module_env *env; /* the daemon's, never a worker's */
	struct lr_settings settings;
	struct lr_snapshot *snapshot;
	struct lr_stats *stats;
	struct lr_upstream *upstream;
	struct lr_mirror *mirror;
	struct lr_refresher *refresher;
	struct lr_listener *listener; /* or NULL: nobody is listened to */
	_Atomic bool host_ready;      /* every module is set up: env->anchors can be read */
	struct lr_overridden overridden;
	_Atomic int64_t sent_at; /* seconds since 1970: when something was last sent upstream */
	_Atomic bool unlent;     /* the log was told that the iterator cannot use the copy */
};

/*
 * Sets up and, with a good copy on disk, serves already. *made is NULL where it cannot: LR_EUSAGE:
 * it is not turned on (said in the log); LR_ENOMEM; LR_EIO: the machine refused something;
 * LR_EUNSUPPORTED: it is not for this Unbound, or not at this place among its modules.
 */
enum lr_code lr_localroot_start(
    struct module_env *env, struct lr_localroot **made, struct lr_error *err);
void lr_localroot_stop(struct lr_localroot *module);

/* A worker runs: every module is set up, and Unbound has made what it makes of its
 * configuration. */
void lr_localroot_host_ready(struct lr_localroot *module);

/* A query as it arrives. True: answered, in qstate. False: for the modules behind. Worker's
 * thread. */
bool lr_localroot_answer(struct lr_localroot *module, struct module_qstate *qstate);

/*
 * An answer of the modules behind to such a query. It is replaced by one of the copy where they
 * have failed, or have one that is older than the copy. True: it is older, and they are to make
 * another, which comes from the copy now. Worker's thread.
 */
bool lr_localroot_revise(struct lr_localroot *module, struct module_qstate *qstate);

/*
 * Makes the iterator follow what is so now: it goes on from the upstream auth zone while the copy
 * is fresh and nothing else decides for ".". What does (unbound-control and fast_reload can change
 * that at any time) is looked at first, in a worker's thread, whose ENV it is; the refresher goes
 * by what a worker saw last (NULL). What decides, or LR_NO_REASON. To be called whenever somebody
 * asks, and once a second, or ten times while lr_localroot_awaits().
 */
enum lr_reason lr_localroot_look(struct lr_localroot *module, struct module_env *env);

/* Whether queries may be on their way upstream, for which a time-out is all that may come: then the
 * iterator is to be looked at more often. Any thread. */
bool lr_localroot_awaits(struct lr_localroot *module);

/* Why it does not serve, as last seen; LR_NO_REASON: it does. Any thread. */
enum lr_reason lr_localroot_reason(struct lr_localroot *module);

/* An upstream server has answered, and the iterator is about to go on. Worker's thread. */
void lr_localroot_go_on(struct lr_localroot *module, const struct module_qstate *qstate);

/* A query that is about to be sent upstream, to a server of ZONE. Worker's thread. */
void lr_localroot_sent(
    struct lr_localroot *module, const struct module_qstate *qstate, const uint8_t *zone);

/* Octets of memory. Any thread. */
size_t lr_localroot_octets(struct lr_localroot *module);

/* Prints the statistics; any thread. */
void lr_localroot_stats(struct lr_localroot *module, enum lr_format format, bool reset, FILE *out);

/* unbound-control's commands: true where COMMAND is one of the module's, and its answer for people
 * is printed. Worker 0's thread. */
bool lr_localroot_control(struct lr_localroot *module, const char *command, FILE *out);

#endif
