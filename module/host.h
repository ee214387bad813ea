/*
 * host.h -- which program has loaded the module, and whether its structs are those of our headers.
 *
 * Unbound checks nothing of a dynlib, and its structs change with its version, with the options
 * that it was configured with, and with what a distribution patches into it.
 */
#ifndef LR_HOST_H
#define LR_HOST_H

#include "unbound.h"

/* Room for a reason in words. */
#define LR_HOST_WHY 400

/*
 * Whether the running program is the Unbound that the module was built for. Nothing that the
 * program made is looked into. False: WHY, of LR_HOST_WHY bytes, says what is different and how to
 * build for this one; then no struct of Unbound's may be read or written, by anybody. From init
 * alone: no other thread may run in the functions of Unbound's that this asks.
 */
bool lr_host_fits(char *why);

/*
 * What an Unbound of our version and with our options has otherwise: "another struct NAME", or the
 * option, with its colon, whose field of config_file is elsewhere; NULL: nothing. As above.
 */
const char *lr_host_other_struct(void);

/* The version of the Unbound that runs, as lr_host_fits()
 * has found it; empty: it is another program. */
const char *lr_host_version(void);

/* Says in the log why nothing is served; on standard error where there is no log of Unbound's. */
void lr_host_warn(const char *why);

/* What operate() does in an Unbound that does not
 * fit: the query goes to the next module, or back. */
void lr_host_pass(struct module_qstate *qstate, enum module_ev event, int id);

#endif
