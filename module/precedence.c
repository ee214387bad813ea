#include "precedence.h"

#include "services/rpz.h"

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
	/* The root hints are one entry of this tree. */
	if (!env->hints || tree_count(&env->hints->tree) <= 1)
		return false;
	LR_FWD_LOCK(env->hints);
	bool found = hints_lookup_stub(env->hints, name, LDNS_RR_CLASS_IN, NULL LR_NOLOCK) != NULL;
	LR_FWD_UNLOCK(env->hints);
	return found;
}

static bool
authoritative(struct module_env *env, uint8_t *name, size_t length)
{
	struct auth_zones *zones = env->auth_zones;
	/* The lent zone is one entry of this tree. */
	if (!zones || tree_count(&zones->ztree) <= 1)
		return false;
	lock_rw_rdlock(&zones->lock);
	const struct auth_zone *zone = auth_zones_find_zone(zones, name, length, LDNS_RR_CLASS_IN);
	bool found = zone && zone->namelen > 1;
	lock_rw_unlock(&zones->lock);
	return found;
}

/* Whether the root's is the closest trust anchor. */
static bool
anchored_at_root(struct module_env *env, const struct query_info *query)
{
	struct val_anchors *anchors = env->anchors;
	if (!anchors || tree_count(anchors->tree) == 0)
		return false;
	/* Only "." can be the single one: without an anchor there nothing was verified. */
	if (tree_count(anchors->tree) == 1)
		return true;
	struct trust_anchor *anchor =
	    anchors_lookup(anchors, query->qname, query->qname_len, LDNS_RR_CLASS_IN);
	if (!anchor)
		return false;
	bool root = anchor->namelen == 1 && (anchor->numDS || anchor->numDNSKEY);
	lock_basic_unlock(&anchor->lock);
	return root;
}

bool
lr_precedence_claims(struct module_env *env, const struct query_info *query)
{
	uint8_t *name;
	size_t length;
	asked_name(query, &name, &length);
	return forwarded(env, name) || stubbed(env, name) || authoritative(env, name, length) ||
	       !anchored_at_root(env, query) || (env->auth_zones && env->auth_zones->rpz_first);
}

static bool
names_root(const char *name)
{
	return name && strcmp(name, ".") == 0;
}

bool
lr_precedence_root_forwarded(struct module_env *env)
{
	uint8_t root[] = {0};
	return forwarded(env, root);
}

const char *
lr_precedence_root_configured(const struct config_file *cfg)
{
	for (const struct config_stub *stub = cfg->stubs; stub; stub = stub->next)
		if (names_root(stub->name))
			return "stub-zone: \".\"";
	for (const struct config_auth *auth = cfg->auths; auth; auth = auth->next)
		if (names_root(auth->name))
			return "auth-zone: \".\"";
	return NULL;
}
