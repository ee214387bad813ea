#include "host_anchors.h"

static enum lr_code
add_rrset(struct lr_anchors *anchors, const struct ub_packed_rrset_key *rrset)
{
	enum lr_code code = LR_OK;
	const struct packed_rrset_data *data = rrset ? rrset->entry.data : NULL;
	for (size_t i = 0; data && i < data->count && code != LR_ENOMEM; i++)
		/* One that cannot be used is as good as none. */
		code = lr_anchors_add(anchors, ntohs(rrset->rk.type), data->rr_data[i] + 2,
		    data->rr_len[i] - 2, NULL);
	return code == LR_ENOMEM ? code : LR_OK;
}

/* Under the anchor's lock. */
static enum lr_code
copy_anchor(const struct trust_anchor *from, struct lr_anchors **anchors)
{
	uint8_t root[] = {0};
	struct lr_anchors *copy = lr_anchors_new(root);
	if (!copy)
		return LR_ENOMEM;
	enum lr_code code = add_rrset(copy, from->ds_rrset);
	if (code == LR_OK)
		code = add_rrset(copy, from->dnskey_rrset);
	if (code != LR_OK || lr_anchors_count(copy) == 0) {
		lr_anchors_free(copy);
		copy = NULL;
	}
	if (code == LR_OK)
		*anchors = copy;
	return code;
}

/*
 * anchor_find() gives the anchor back under the anchor's own lock alone, which is enough for a
 * worker. fast_reload waits for those before it deletes the tree that it has taken away under the
 * lock of all, and for no other thread: so that one is held as long as the anchor is read.
 */
enum lr_code
lr_host_anchors_validator(struct val_anchors *from, struct lr_anchors **anchors)
{
	uint8_t root[] = {0};
	struct trust_anchor key = {.node.key = &key,
	    .name = root,
	    .namelabs = 1,
	    .namelen = 1,
	    .dclass = LDNS_RR_CLASS_IN};
	enum lr_code code = LR_OK;
	*anchors = NULL;
	if (!from) /* no validator */
		return LR_OK;
	lock_basic_lock(&from->lock);
	struct trust_anchor *anchor = (struct trust_anchor *)rbtree_search(from->tree, &key);
	if (anchor) {
		lock_basic_lock(&anchor->lock);
		code = copy_anchor(anchor, anchors);
		lock_basic_unlock(&anchor->lock);
	}
	lock_basic_unlock(&from->lock);
	return code;
}

enum lr_code
lr_host_anchors_configured(struct config_file *cfg, struct lr_anchors **anchors)
{
	*anchors = NULL;
	if (!strstr(cfg->module_conf, "validator"))
		return LR_OK;
	struct val_anchors *read = anchors_create();
	/* Where reading fails for another reason than memory, so does the validator's own in a
	 * moment, which says why and ends Unbound. */
	enum lr_code code = read && anchors_apply_cfg(read, cfg)
				? lr_host_anchors_validator(read, anchors)
				: LR_ENOMEM;
	anchors_delete(read);
	return code;
}

uint16_t
lr_anchored_key(
    const struct lr_anchors *anchors, const struct lr_zone *zone, uint8_t *key, size_t room)
{
	const struct lr_rrset *keys =
	    lr_zone_lookup(zone, (const uint8_t *)"", LDNS_RR_TYPE_DNSKEY);
	const uint8_t *at = keys ? lr_rrset_data(zone, keys) : NULL;
	for (uint16_t i = 0; anchors && keys && i < keys->count; i++) {
		uint16_t length = (uint16_t)(at[0] << 8 | at[1]);
		if (length <= room && lr_anchors_match(anchors, at + 2, length) == LR_OK) {
			memcpy(key, at + 2, length);
			return length;
		}
		at += 2 + length;
	}
	return 0;
}
