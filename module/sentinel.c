#include "sentinel.h"

/* What processFinished() in validator/validator.c makes of the first label. */
static bool
names_key(uint8_t *name, const char *prefix, uint16_t *tag)
{
	char *start, *end, digits[SENTINEL_KEYTAG_LEN + 1] = "";
	if (*name != strlen(prefix) + SENTINEL_KEYTAG_LEN ||
	    !dname_lab_startswith(name, (char *)(uintptr_t)prefix, &start))
		return false;
	memcpy(digits, start, SENTINEL_KEYTAG_LEN);
	*tag = (uint16_t)strtol(digits, &end, 10);
	return *end == '\0';
}

static bool
has_key(struct module_env *env, uint16_t tag)
{
	uint8_t root[] = {0};
	return anchor_has_keytag(env->anchors, root, 1, sizeof(root), LDNS_RR_CLASS_IN, tag);
}

enum sec_status
lr_sentinel_security(struct module_env *env, const struct query_info *query)
{
	uint16_t tag;
	if (!LR_CFG(env->cfg, root_key_sentinel) ||
	    (query->qtype != LDNS_RR_TYPE_A && query->qtype != LDNS_RR_TYPE_AAAA))
		return sec_status_secure;
	if (names_key(query->qname, SENTINEL_IS, &tag))
		return has_key(env, tag) ? sec_status_secure : sec_status_secure_sentinel_fail;
	if (names_key(query->qname, SENTINEL_NOT, &tag))
		return has_key(env, tag) ? sec_status_secure_sentinel_fail : sec_status_secure;
	return sec_status_secure;
}
