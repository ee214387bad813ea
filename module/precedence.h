/*
 * precedence.h -- what the user has configured wins over the local root. Local zones and the RPZ
 * triggers on client queries come before any module; these do not.
 *
 * Worker's thread. The trees are looked at as they are at the moment: unbound-control can change
 * them.
 */
#ifndef LR_PRECEDENCE_H
#define LR_PRECEDENCE_H

#include "unbound.h"

/*
 * Whether something other than the root decides the query: a forward-zone, stub-zone or auth-zone
 * at or above the name, an RPZ that looks at the name servers on the way, or a trust anchor (or
 * domain-insecure) closer than the root's.
 */
bool lr_precedence_claims(struct module_env *env, const struct query_info *query);

/* Whether "." itself is forwarded. */
bool lr_precedence_root_forwarded(struct module_env *env);

/* What the configuration itself has at ".", as text for people ("stub-zone: \".\""); or NULL. For
 * init. */
const char *lr_precedence_root_configured(const struct config_file *cfg);

#endif
