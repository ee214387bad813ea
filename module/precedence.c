#include "precedence.h"

/* The zone that is asked for a DS is the one above (RFC 4035 section 3.1.4.1). */
static void
asked_name(const struct query_info *query, uint8_t **name, size_t *length)
{
	*name = query->qname;
	*length = query->qname_len;
	if (query->qtype == LDNS_RR_TYPE_DS && !dname_is_root(*name))
		dname_remove_label(name, length);
}

/* The labels of the forward-zone that takes the name, with the root's; 0: none does. */
static int
forward_labels(struct module_env *env, uint8_t *name)
{
	int labels = 0;
	LR_TREES_LOCK(env->fwds);
	if (env->fwds->tree->count > 0) {
		const struct delegpt *found =
		    forwards_lookup(env->fwds, name, LDNS_RR_CLASS_IN LR_NOLOCK);
		labels = found ? found->namelabs : 0;
	}
	LR_TREES_UNLOCK(env->fwds);
	return labels;
}

static bool
stubbed(struct module_env *env, uint8_t *name)
{
	bool found = false;
	LR_TREES_LOCK(env->hints);
	/* The root hints are one entry of this tree, which always stands. */
	if (env->hints->tree.count > 1)
		found =
		    hints_lookup_stub(env->hints, name, LDNS_RR_CLASS_IN, NULL LR_NOLOCK) != NULL;
	LR_TREES_UNLOCK(env->hints);
	return found;
}

static bool
authoritative(struct module_env *env, uint8_t *name, size_t length)
{
	struct auth_zones *zones = env->auth_zones;
	/* Only the configuration makes any, but for the lent one. The pointer alone is looked at:
	 * fast_reload +p changes it under a worker. */
	if (!zones || !LR_CFG(env->cfg, auths))
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
	/* fast_reload +p changes them under a worker, and waits for it before it frees the text. */
	struct config_file *cfg = qstate->env->cfg;
	return qstate->edns_opts_front_in &&
	       edns_opt_list_find(qstate->edns_opts_front_in, LR_CFG(cfg, client_subnet_opcode)) &&
	       strstr(__atomic_load_n(&cfg->module_conf, __ATOMIC_ACQUIRE), "subnetcache");
#else
	(void)qstate;
	return false;
#endif
}

enum lr_claim
lr_precedence_claims(const struct module_qstate *qstate)
{
	struct module_env *env = qstate->env;
	uint8_t *name;
	size_t length;
	asked_name(&qstate->qinfo, &name, &length);
	int labels = forward_labels(env, name);
	if (labels)
		return labels == 1 ? LR_CLAIMS_ROOT : LR_CLAIMS_NAME;
	return stubbed(env, name) || authoritative(env, name, length) || has_client_subnet(qstate)
		   ? LR_CLAIMS_NAME
		   : LR_CLAIMS_NOTHING;
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

enum lr_reason
lr_precedence_root_configured(const struct config_file *cfg)
{
	if (stub_configured(cfg->forwards))
		return LR_FORWARDED;
	if (stub_configured(cfg->stubs))
		return LR_STUBBED;
	return auth_configured(cfg->auths) ? LR_AUTHORITATIVE : LR_NO_REASON;
}

/*
 * Unlike a stub-zone, root hints are asked once, for the name servers. In the tree a stub-zone with
 * stub-prime: yes looks like them: so the configuration is looked at as well, which changes under
 * this lock where it can change at all.
 */
static bool
root_stubbed(struct module_env *env)
{
	uint8_t root[] = {0};
	LR_TREES_LOCK(env->hints);
	const struct iter_hints_stub *stub = (struct iter_hints_stub *)name_tree_find(
	    &env->hints->tree, root, sizeof(root), 1, LDNS_RR_CLASS_IN);
	bool found = (stub && stub->noprime) || stub_configured(env->cfg->stubs);
	LR_TREES_UNLOCK(env->hints);
	return found;
}

static bool
root_authoritative(struct module_env *env)
{
	lock_rw_rdlock(&env->auth_zones->lock); /* of the configuration, as above */
	bool found = auth_configured(env->cfg->auths);
	lock_rw_unlock(&env->auth_zones->lock);
	return found;
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

static bool
has_policies(struct auth_zones *zones)
{
	lock_rw_rdlock(&zones->rpz_lock);
	bool found = zones->rpz_first != NULL;
	lock_rw_unlock(&zones->rpz_lock);
	return found;
}

/* A copy of the root hints, so that their lock is not held while others are taken. */
static struct delegpt *
copy_root_servers(struct module_env *env, struct regional *region)
{
	LR_TREES_LOCK(env->hints);
	struct delegpt *servers = LR_HINTS_ROOT(env->hints);
	struct delegpt *copy = servers ? delegpt_copy(servers, region) : NULL;
	LR_TREES_UNLOCK(env->hints);
	return copy;
}

/*
 * Whether an RPZ has a trigger on a root server's name or address (rpz-nsdname, rpz-nsip). It acts
 * on queries that go to the root servers, so that they have to. One that lets them pass
 * (rpz-passthru) does not count.
 */
static bool
rpz_on_root(struct module_env *env)
{
	if (!has_policies(env->auth_zones))
		return false;
	struct regional *region = regional_create();
	struct delegpt *servers = region ? copy_root_servers(env, region) : NULL;
	bool found = servers && rpz_takes(env->auth_zones, servers);
	regional_destroy(region);
	return found;
}

enum lr_reason
lr_precedence_root(struct module_env *env)
{
	uint8_t root[] = {0};
	if (forward_labels(env, root))
		return LR_FORWARDED;
	if (root_stubbed(env))
		return LR_STUBBED;
	if (root_authoritative(env))
		return LR_AUTHORITATIVE;
	return rpz_on_root(env) ? LR_POLICY : LR_NO_REASON;
}
