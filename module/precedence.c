#include "precedence.h"

#include "services/rpz.h"

static const char forward_zone[] = "forward-zone: \".\"";
static const char stub_zone[] = "stub-zone: \".\"";
static const char auth_zone[] = "auth-zone: \".\"";
static const char policy_zone[] = "RPZ with a trigger on the root servers";

static size_t
tree_count(const rbtree_type *tree)
{
	/* Another thread may change it; either count is right at some moment of this query. */
	return __atomic_load_n(&tree->count, __ATOMIC_RELAXED);
}

/* The zone that is asked for a DS is the one above (RFC 4035 section 3.1.4.1). */
static void
asked_name(const struct query_info *query, uint8_t **name, size_t *length)
{
	*name = query->qname;
	*length = query->qname_len;
	if (query->qtype == LDNS_RR_TYPE_DS && !dname_is_root(*name))
		dname_remove_label(name, length);
}

static bool
forwarded(struct module_env *env, uint8_t *name)
{
	if (!env->fwds || tree_count(env->fwds->tree) == 0)
		return false;
	LR_FWD_LOCK(env->fwds);
	bool found = forwards_lookup(env->fwds, name, LDNS_RR_CLASS_IN LR_NOLOCK) != NULL;
	LR_FWD_UNLOCK(env->fwds);
	return found;
}

static bool
stubbed(struct module_env *env, uint8_t *name)
{
	/* The root hints are one entry of this tree, which always stands. */
	if (!env->hints || tree_count(&env->hints->tree) <= 1)
		return false;
	LR_FWD_LOCK(env->hints);
	bool found = hints_lookup_stub(env->hints, name, LDNS_RR_CLASS_IN, NULL LR_NOLOCK) != NULL;
	LR_FWD_UNLOCK(env->hints);
	return found;
}

/* Unlike a stub-zone, root hints are asked once, for the name servers (stub-prime: yes makes no
 * difference to them). */
static bool
root_stubbed(struct module_env *env)
{
	uint8_t root[] = {0};
	if (!env->hints)
		return false;
	LR_FWD_LOCK(env->hints);
	const struct iter_hints_stub *stub = (struct iter_hints_stub *)name_tree_find(
	    &env->hints->tree, root, sizeof(root), 1, LDNS_RR_CLASS_IN);
	bool found = stub && stub->noprime;
	LR_FWD_UNLOCK(env->hints);
	return found;
}

static bool
authoritative(struct module_env *env, uint8_t *name, size_t length)
{
	struct auth_zones *zones = env->auth_zones;
	/* Only the configuration makes any, but for the lent one. */
	if (!zones || !env->cfg->auths)
		return false;
	lock_rw_rdlock(&zones->lock);
	const struct auth_zone *zone = auth_zones_find_zone(zones, name, length, LDNS_RR_CLASS_IN);
	bool found = zone && zone->namelen > 1;
	lock_rw_unlock(&zones->lock);
	return found;
}

static bool
has_client_subnet(const struct module_qstate *qstate)
{
#ifdef CLIENT_SUBNET
	const struct config_file *cfg = qstate->env->cfg;
	return qstate->edns_opts_front_in &&
	       edns_opt_list_find(qstate->edns_opts_front_in, cfg->client_subnet_opcode) &&
	       strstr(cfg->module_conf, "subnetcache");
#else
	(void)qstate;
	return false;
#endif
}

bool
lr_precedence_claims(const struct module_qstate *qstate)
{
	struct module_env *env = qstate->env;
	uint8_t *name;
	size_t length;
	asked_name(&qstate->qinfo, &name, &length);
	return forwarded(env, name) || stubbed(env, name) || authoritative(env, name, length) ||
	       has_client_subnet(qstate);
}

static bool
names_root(const char *name)
{
	return name && strcmp(name, ".") == 0;
}

static bool
stub_configured(const struct config_stub *stub)
{
	while (stub && !names_root(stub->name))
		stub = stub->next;
	return stub != NULL;
}

static bool
auth_configured(const struct config_auth *auth)
{
	while (auth && !names_root(auth->name))
		auth = auth->next;
	return auth != NULL;
}

const char *
lr_precedence_root_forwarded(struct module_env *env)
{
	uint8_t root[] = {0};
	return forwarded(env, root) ? forward_zone : NULL;
}

const char *
lr_precedence_root_configured(const struct config_file *cfg)
{
	if (stub_configured(cfg->forwards))
		return forward_zone;
	if (stub_configured(cfg->stubs))
		return stub_zone;
	return auth_configured(cfg->auths) ? auth_zone : NULL;
}

/* The trigger on the name or on a wildcard above it, under the lock of the tree; or NULL. */
static const struct local_zone *
find_trigger(struct local_zones *triggers, const uint8_t *name, size_t length)
{
	uint8_t wildcard[LDNS_MAX_DOMAINLEN + 2] = {1, '*'};
	uint8_t *rest = (uint8_t *)(uintptr_t)name;
	const struct local_zone *found =
	    local_zones_find(triggers, rest, length, dname_count_labels(rest), LDNS_RR_CLASS_IN);
	while (!found && length > 1) {
		dname_remove_label(&rest, &length);
		memcpy(wildcard + 2, rest, length);
		found = local_zones_find(
		    triggers, wildcard, length + 2, dname_count_labels(wildcard), LDNS_RR_CLASS_IN);
	}
	return found;
}

/* Sets *passes where a trigger was found: it lets the query go on. */
static bool
name_triggers(const struct rpz *rpz, const struct delegpt *servers, bool *passes)
{
	const struct local_zone *found = NULL;
	lock_rw_rdlock(&rpz->nsdname_zones->lock);
	if (rpz->nsdname_zones->ztree.count)
		for (const struct delegpt_ns *ns = servers->nslist; ns && !found; ns = ns->next)
			found = find_trigger(rpz->nsdname_zones, ns->name, ns->namelen);
	if (found)
		*passes = found->type == local_zone_always_transparent;
	lock_rw_unlock(&rpz->nsdname_zones->lock);
	return found != NULL;
}

static bool
address_triggers(const struct rpz *rpz, struct delegpt *servers, bool *passes)
{
	const struct clientip_synthesized_rr *found = NULL;
	lock_rw_rdlock(&rpz->ns_set->lock);
	if (rpz->ns_set->entries.count)
		for (struct delegpt_addr *a = servers->target_list; a && !found; a = a->next_target)
			found = (const struct clientip_synthesized_rr *)addr_tree_lookup(
			    &rpz->ns_set->entries, &a->addr, a->addrlen);
	if (found)
		*passes = found->action == RPZ_PASSTHRU_ACTION;
	lock_rw_unlock(&rpz->ns_set->lock);
	return found != NULL;
}

/* The first policy zone that has a trigger decides, as in rpz_callback_from_iterator_module(). */
static bool
rpz_takes(struct auth_zones *zones, struct delegpt *servers)
{
	bool found = false, passes = true;
	lock_rw_rdlock(&zones->rpz_lock);
	for (struct auth_zone *zone = zones->rpz_first; zone && !found; zone = zone->rpz_az_next) {
		lock_rw_rdlock(&zone->lock);
		const struct rpz *rpz = zone->rpz;
		if (rpz && !rpz->disabled && rpz->action_override != RPZ_DISABLED_ACTION) {
			found = name_triggers(rpz, servers, &passes) ||
				address_triggers(rpz, servers, &passes);
			if (found && rpz->action_override != RPZ_NO_OVERRIDE_ACTION)
				passes = rpz->action_override == RPZ_PASSTHRU_ACTION;
		}
		lock_rw_unlock(&zone->lock);
	}
	lock_rw_unlock(&zones->rpz_lock);
	return !passes;
}

/*
 * Whether an RPZ has a trigger on a root server's name or address (rpz-nsdname, rpz-nsip). It acts
 * on queries that go to the root servers, so that they have to. One that lets them pass
 * (rpz-passthru) does not count.
 */
static bool
rpz_on_root(struct module_env *env)
{
	if (!env->auth_zones || !env->auth_zones->rpz_first || !env->hints)
		return false;
	LR_FWD_LOCK(env->hints);
	struct delegpt *servers = LR_HINTS_ROOT(env->hints);
	bool found = servers && rpz_takes(env->auth_zones, servers);
	LR_FWD_UNLOCK(env->hints);
	return found;
}

const char *
lr_precedence_root_taken(struct module_env *env)
{
	if (stub_configured(env->cfg->stubs) || root_stubbed(env))
		return stub_zone;
	if (auth_configured(env->cfg->auths))
		return auth_zone;
	return rpz_on_root(env) ? policy_zone : NULL;
}
