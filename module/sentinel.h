/*
 * sentinel.h -- names by which a client asks what the resolver trusts (RFC 8509), which the
 * validator heeds for answers that it makes.
 */
#ifndef LR_SENTINEL_H
#define LR_SENTINEL_H

#include "unbound.h"

/*
 * What a secure answer to the query is to be marked as: secure, or sec_status_secure_sentinel_fail
 * where the name says something else of the root's trust anchors than is the case. Worker's thread.
 */
enum sec_status lr_sentinel_security(struct module_env *env, const struct query_info *query);

#endif
