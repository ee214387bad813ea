/*
 * precedence.h -- what the user has configured wins over the local root. Local zones and the RPZ
 * triggers on client queries come before any module; these do not.
 *
 * Worker's thread, but for lr_precedence_root_configured. The trees are looked at as they are at
 * the moment: unbound-control can change them. Where nothing of a kind is configured, that costs
 * one load; the hints cost their lock, where they have one.
 */
#ifndef LR_PRECEDENCE_H
#define LR_PRECEDENCE_H

#include "unbound.h"

/*
 * Whether something other than the root decides the query: a forward-zone, stub-zone or auth-zone
 * at or above the name, or subnetcache, whose answer to a client's ECS option (RFC 7871) is its
 * own. Closer trust anchors and domain-insecure do not matter: what the root zone decides, the
 * root's keys sign, and the validator goes by the signer.
 */
bool lr_precedence_claims(const struct module_qstate *qstate);

/*
 * What decides for "." instead of the root servers, as text for people ("stub-zone: \".\""), one
 * text for one reason; or NULL. The first is cheap enough for each query; the second, of what is
 * less likely to change, walks lists and takes locks, and is to be asked now and then.
 */
const char *lr_precedence_root_forwarded(struct module_env *env);
const char *lr_precedence_root_taken(struct module_env *env);

/* The same, by the configuration alone: for init, when Unbound has not made anything of it yet. */
const char *lr_precedence_root_configured(const struct config_file *cfg);

#endif
