/*
 * precedence.h -- what the user has configured wins over the local root. Local zones and the RPZ
 * triggers on client queries come before any module; these do not.
 *
 * The trees are looked at as they are at the moment: unbound-control and fast_reload change them.
 */
#ifndef LR_PRECEDENCE_H
#define LR_PRECEDENCE_H

#include "reason.h"
#include "unbound.h"

enum lr_claim {
	LR_CLAIMS_NOTHING,
	LR_CLAIMS_NAME,
	LR_CLAIMS_ROOT, /* a forward-zone "." */
};

/*
 * Whether something other than the root decides the query: a forward-zone, stub-zone or auth-zone
 * at or above the name, or subnetcache, whose answer to a client's ECS option (RFC 7871) is its
 * own. Closer trust anchors and domain-insecure do not matter: what the root zone decides, the
 * root's keys sign, and the validator goes by the signer. Worker's thread; it costs the locks of
 * the forwards and of the hints, where they have one.
 */
enum lr_claim lr_precedence_claims(const struct module_qstate *qstate);

/* What decides for "." instead of the root servers, or LR_NO_REASON. Walks lists and takes locks:
 * to be asked now and then. Worker's thread and env. */
enum lr_reason lr_precedence_root(struct module_env *env);

/* The same, by the configuration alone: for init, when Unbound has not made anything of it yet. */
enum lr_reason lr_precedence_root_configured(const struct config_file *cfg);

#endif
