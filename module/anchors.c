#include "anchors.h"

static void
add_rrset(struct lr_anchors *anchors, const struct ub_packed_rrset_key *rrset)
{
	if (!rrset)
		return;
	const struct packed_rrset_data *data = rrset->entry.data;
	for (size_t i = 0; i < data->count; i++)
		/* One that cannot be used is as good as none. */
		(void)lr_anchors_add(anchors, ntohs(rrset->rk.type), data->rr_data[i] + 2,
		    data->rr_len[i] - 2, NULL);
}

struct lr_anchors *
lr_anchors_of_validator(struct val_anchors *from)
{
	uint8_t root[] = {0};
	struct trust_anchor *anchor =
	    from ? anchor_find(from, root, 1, sizeof(root), LDNS_RR_CLASS_IN) : NULL;
	if (!anchor)
		return NULL;
	struct lr_anchors *anchors = lr_anchors_new(root);
	if (anchors) {
		add_rrset(anchors, anchor->ds_rrset);
		add_rrset(anchors, anchor->dnskey_rrset);
	}
	lock_basic_unlock(&anchor->lock);
	if (anchors && lr_anchors_count(anchors) == 0) {
		lr_anchors_free(anchors);
		anchors = NULL;
	}
	return anchors;
}

struct lr_anchors *
lr_anchors_of_config(struct config_file *cfg)
{
	if (!strstr(cfg->module_conf, "validator"))
		return NULL;
	struct val_anchors *read = anchors_create();
	struct lr_anchors *anchors = NULL;
	/* Where this fails, the validator's own reading fails in a moment and says why. */
	if (read && anchors_apply_cfg(read, cfg))
		anchors = lr_anchors_of_validator(read);
	anchors_delete(read);
	return anchors;
}

uint16_t
lr_anchors_key(
    const struct lr_anchors *anchors, const struct lr_zone *zone, uint8_t *key, size_t room)
{
	const struct lr_rrset *keys =
	    lr_zone_lookup(zone, (const uint8_t *)"", LDNS_RR_TYPE_DNSKEY);
	const uint8_t *at = keys ? lr_rrset_data(zone, keys) : NULL;
	for (uint16_t i = 0; anchors && keys && i < keys->count; i++) {
		uint16_t length = (uint16_t)(at[0] << 8 | at[1]);
		if (length <= room && lr_anchors_match(anchors, at + 2, length)) {
			memcpy(key, at + 2, length);
			return length;
		}
		at += 2 + length;
	}
	return 0;
}
