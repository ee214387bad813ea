/*
 * localroot.h -- the module as a whole: what init makes, operate asks and deinit takes apart.
 */
#ifndef LR_LOCALROOT_H
#define LR_LOCALROOT_H

#include "lr_error.h"
#include "unbound.h"

#include <stdio.h>

struct lr_localroot;

/*
 * Sets up and, with a good copy on disk, serves already. *made is NULL where it cannot: LR_EUSAGE:
 * it is not turned on (said in the log); LR_ENOMEM; LR_EIO: the machine refused something;
 * LR_EUNSUPPORTED: it is not for this Unbound, or not at this place among its modules.
 */
enum lr_code lr_localroot_start(
    struct module_env *env, int id, struct lr_localroot **made, struct lr_error *err);
void lr_localroot_stop(struct lr_localroot *module);

/* A query as it arrives. True: answered, in qstate.
 * False: for the modules behind. Worker's thread. */
bool lr_localroot_answer(struct lr_localroot *module, struct module_qstate *qstate);

/*
 * An answer of the modules behind to such a query. It is replaced by one of the copy where they
 * have failed, or have one that is older than the copy. True: it is older, and they are to make
 * another, which comes from the copy now. Worker's thread.
 */
bool lr_localroot_revise(struct lr_localroot *module, struct module_qstate *qstate);

/* Somebody asks how things stand: looked at now, in a worker's thread, whose ENV it is. */
void lr_localroot_look(struct lr_localroot *module, struct module_env *env);

/* An upstream server has answered, and the iterator is about to go on. Worker's thread. */
void lr_localroot_go_on(struct lr_localroot *module, const struct module_qstate *qstate);

/* A query that is about to be sent upstream, to a server of ZONE. Worker's thread. */
void lr_localroot_sent(
    struct lr_localroot *module, const struct module_qstate *qstate, const uint8_t *zone);

/* Bytes of memory. Any thread. */
size_t lr_localroot_bytes(struct lr_localroot *module);

/* Prints the statistics as `unbound-control stats`
 * has them, and RESETs the counters. Any thread. */
void lr_localroot_stats(struct lr_localroot *module, bool reset, FILE *out);

/* unbound-control's commands: true where COMMAND is one of the
 * module's, and its answer is printed, to a stream of open_memstream();
 * of ROOM octets at the most where a program asks. Worker 0's thread. */
bool lr_localroot_control(struct lr_localroot *module, const char *command, size_t room, FILE *out);

#endif
