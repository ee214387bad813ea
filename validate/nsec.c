#include "nsec.h"
#include "owner.h"

#include <ldns/ldns.h>
#include <string.h>

enum { WINDOWS = 256, WINDOW_MAX = 2 + 32, BITMAP_MAX = WINDOWS * WINDOW_MAX };

static enum lr_code
fault(const uint8_t *owner, const char *what, struct lr_error *err)
{
	char text[160];
	return lr_fail(
	    err, LR_EBOGUS, "%s: %s", lr_rrset_text(owner, LDNS_RR_TYPE_NSEC, text), what);
}

/* Writes the type bit maps field that the owner's types ask for (RFC 4034 section 4.1.2). */
static size_t
bitmap(const struct lr_draft *draft, const struct lr_owner *owner, uint8_t out[BITMAP_MAX])
{
	size_t used = 0;
	int window = -1;
	for (size_t i = owner->start; i < owner->end; i = lr_draft_rrset_end(draft, i)) {
		uint16_t type = lr_draft_record(draft, i).type;
		if (type != LDNS_RR_TYPE_RRSIG && type != LDNS_RR_TYPE_NS &&
		    !lr_owner_signs(owner, type))
			continue;
		if (type >> 8 != window) { /* types come in order */
			if (window >= 0)
				used += 2u + out[used + 1];
			window = type >> 8;
			memset(out + used, 0, WINDOW_MAX);
			out[used] = (uint8_t)window;
		}
		unsigned bit = type & 0xff;
		out[used + 2 + bit / 8] |= (uint8_t)(0x80 >> bit % 8);
		out[used + 1] = (uint8_t)(bit / 8 + 1);
	}
	return window < 0 ? 0 : used + 2u + out[used + 1];
}

/* How many NSEC records the owner has; the first of them. */
static size_t
find_nsec(const struct lr_draft *draft, const struct lr_owner *owner, struct lr_record *nsec)
{
	for (size_t i = owner->start, end; i < owner->end; i = end) {
		end = lr_draft_rrset_end(draft, i);
		*nsec = lr_draft_record(draft, i);
		if (nsec->type == LDNS_RR_TYPE_NSEC)
			return end - i;
	}
	return 0;
}

static bool
has_nsec3(const struct lr_draft *draft)
{
	size_t count = lr_draft_count(draft);
	for (size_t i = 0; i < count; i++) {
		uint16_t type = lr_draft_record(draft, i).type;
		if (type == LDNS_RR_TYPE_NSEC3 || type == LDNS_RR_TYPE_NSEC3PARAM)
			return true;
	}
	return false;
}

enum lr_code
lr_nsec_verify(const struct lr_draft *draft, struct lr_error *err)
{
	uint8_t expected[BITMAP_MAX];
	struct lr_owner_walk walk = {draft, 0, NULL};
	struct lr_owner owner;
	const uint8_t *previous = NULL, *next = lr_draft_origin(draft);

	if (has_nsec3(draft))
		return lr_fail(
		    err, LR_EUPDATE, "the zone denies with NSEC3: please update this software");
	while (lr_owner_next(&walk, &owner)) {
		struct lr_record nsec;
		size_t count = find_nsec(draft, &owner, &nsec);
		enum lr_code code = lr_draft_step(draft, owner.end - owner.start, err);
		if (code != LR_OK)
			return code;
		if (owner.occluded) {
			if (count) /* taken for a proof, it would prove nothing */
				return fault(owner.name, "under a delegation", err);
			continue;
		}
		if (count != 1)
			return fault(owner.name, count ? "more than one" : "missing", err);
		if (!lr_name_equal(next, owner.name))
			return fault(previous ? previous : owner.name,
			    "does not name the next name of the zone", err);
		size_t length = lr_name_length(nsec.rdata, nsec.rdata_length);
		if (length == 0)
			return fault(owner.name, "malformed", err);
		size_t size = bitmap(draft, &owner, expected);
		if (nsec.rdata_length - length != size ||
		    memcmp(nsec.rdata + length, expected, size) != 0)
			return fault(owner.name, "lists other types than are there", err);
		previous = owner.name;
		next = nsec.rdata;
	}
	if (!previous || !lr_name_equal(next, lr_draft_origin(draft)))
		return fault(previous ? previous : lr_draft_origin(draft),
		    "the last one does not name the apex", err);
	return LR_OK;
}
