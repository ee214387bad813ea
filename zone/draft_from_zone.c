#include "draft_from_zone.h"

#include <ldns/ldns.h>

static enum lr_code
add_rrset(const struct lr_zone *zone, const struct lr_rrset *rrset,
    bool (*stays)(const void *arg, const struct lr_record *record), const void *arg,
    struct lr_draft *draft, struct lr_error *err)
{
	size_t owner_length;
	struct lr_record record = {.ttl = rrset->ttl};
	record.owner = lr_rrset_owner(zone, rrset, &owner_length);
	record.owner_length = (uint8_t)owner_length;
	const uint8_t *data = lr_rrset_data(zone, rrset);
	enum lr_code code = LR_OK;
	for (unsigned i = 0; i < (unsigned)rrset->count + rrset->signatures && code == LR_OK; i++) {
		record.type = i < rrset->count ? rrset->type : LDNS_RR_TYPE_RRSIG;
		record.rdata_length = ldns_read_uint16(data);
		record.rdata = data + 2;
		data += 2 + record.rdata_length;
		if (stays(arg, &record))
			code = lr_draft_add(draft, &record, err);
	}
	return code;
}

enum lr_code
lr_draft_from_zone_where(const struct lr_zone *zone,
    bool (*stays)(const void *arg, const struct lr_record *record), const void *arg,
    struct lr_draft *draft, struct lr_error *err)
{
	enum lr_code code = LR_OK;
	for (size_t i = 0; i < lr_zone_rrset_count(zone) && code == LR_OK; i++)
		code = add_rrset(zone, lr_zone_rrset(zone, i), stays, arg, draft, err);
	return code;
}

static bool
all_stay(const void *arg, const struct lr_record *record)
{
	(void)arg, (void)record;
	return true;
}

enum lr_code
lr_draft_from_zone(const struct lr_zone *zone, struct lr_draft **out, struct lr_error *err)
{
	static const struct lr_draft_limits limits = LR_DRAFT_LIMITS_DEFAULT;
	struct lr_draft *draft;
	enum lr_code code = lr_draft_new(lr_zone_origin(zone), &limits, &draft, err);
	if (code != LR_OK)
		return code;
	code = lr_draft_from_zone_where(zone, all_stay, NULL, draft, err);
	if (code != LR_OK) {
		lr_draft_free(draft);
		return code;
	}
	*out = draft;
	return LR_OK;
}
