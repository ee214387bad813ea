#include "draft.h"
#include "pages.h"
#include "rdata.h"

#include <stdlib.h>
#include <string.h>

/*
 * An entry of the index. In the arena a record is its owner, type, class, TTL, RDATA length and
 * RDATA, as on the wire (RFC 1035 section 3.2.1) with the numbers in host order: nobody else reads
 * it.
 */
struct entry {
	uint64_t key; /* lr_name_key: settles most comparisons without looking at the names */
	uint32_t offset;
	uint16_t type;
	uint8_t owner_length;
	uint8_t starts; /* in a sorted draft: what begins here */
};

enum { STARTS_RRSET = 1, STARTS_OWNER = 2 };

struct fixed {
	uint32_t ttl;
	uint16_t rdata_length;
};

struct lr_draft {
	struct lr_draft_limits limits;
	uint8_t *arena;
	size_t used, room;
	struct entry *index;
	size_t count, slots;
	size_t outside; /* records left out */
	bool sorted;
	struct lr_stop *stop; /* or NULL */
	unsigned origin_labels;
	uint8_t origin[LR_NAME_MAX];
};

enum lr_code
lr_draft_new(const uint8_t *origin, const struct lr_draft_limits *limits, struct lr_draft **out,
    struct lr_error *err)
{
	struct lr_draft *draft = calloc(1, sizeof(*draft));
	if (!draft)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	draft->limits = *limits;
	if (draft->limits.octets > UINT32_MAX)
		draft->limits.octets = UINT32_MAX; /* offsets are 32 bits */
	draft->origin_labels = lr_name_labels(origin);
	memcpy(draft->origin, origin, lr_name_length(origin, LR_NAME_MAX));
	*out = draft;
	return LR_OK;
}

void
lr_draft_free(struct lr_draft *draft)
{
	if (!draft)
		return;
	lr_pages_free(draft->arena, draft->room);
	lr_pages_free(draft->index, draft->slots * sizeof(*draft->index));
	free(draft);
}

const uint8_t *
lr_draft_origin(const struct lr_draft *draft)
{
	return draft->origin;
}

void
lr_draft_heed(struct lr_draft *draft, struct lr_stop *stop)
{
	draft->stop = stop;
}

enum lr_code
lr_draft_step(const struct lr_draft *draft, size_t steps, struct lr_error *err)
{
	return lr_stop_step(draft->stop, steps, err);
}

/* Makes room for one record more by doubling, so
 * that adding costs the same however large the zone. */
static bool
reserve(struct lr_draft *draft, size_t octets)
{
	if (draft->used + octets > draft->room) {
		size_t room = draft->room ? draft->room * 2 : 1 << 20;
		while (room < draft->used + octets)
			room *= 2;
		uint8_t *arena = lr_pages_resize(draft->arena, draft->room, room);
		if (!arena)
			return false;
		draft->arena = arena;
		draft->room = room;
	}
	if (draft->count == draft->slots) {
		size_t slots = draft->slots ? draft->slots * 2 : 1 << 14;
		struct entry *index = lr_pages_resize(
		    draft->index, draft->slots * sizeof(*index), slots * sizeof(*index));
		if (!index)
			return false;
		draft->index = index;
		draft->slots = slots;
	}
	return true;
}

enum lr_code
lr_draft_add(struct lr_draft *draft, const struct lr_record *record, struct lr_error *err)
{
	size_t octets = record->owner_length + sizeof(struct fixed) + record->rdata_length;
	if (!lr_name_within(record->owner, draft->origin)) {
		draft->outside++;
		return lr_draft_step(draft, 1, err);
	}
	if (draft->count >= draft->limits.records)
		return lr_fail(err, LR_ELIMIT, "more than %zu records", draft->limits.records);
	if (draft->limits.record_octets && record->rdata_length > draft->limits.record_octets)
		return lr_fail(err, LR_ELIMIT, "a record of more than %zu octets",
		    draft->limits.record_octets);
	if (octets > draft->limits.octets - draft->used)
		return lr_fail(
		    err, LR_ELIMIT, "more than %zu octets of records", draft->limits.octets);
	if (!reserve(draft, octets))
		return lr_fail(err, LR_ENOMEM, "out of memory");

	struct fixed fixed = {record->ttl, record->rdata_length};
	uint8_t *at = draft->arena + draft->used;
	memcpy(at, record->owner, record->owner_length);
	memcpy(at + record->owner_length, &fixed, sizeof(fixed));
	if (record->rdata_length)
		memcpy(
		    at + record->owner_length + sizeof(fixed), record->rdata, record->rdata_length);
	draft->index[draft->count++] = (struct entry){
	    .key = lr_name_key(record->owner, draft->origin_labels),
	    .offset = (uint32_t)draft->used,
	    .type = record->type,
	    .owner_length = record->owner_length,
	};
	draft->used += octets;
	draft->sorted = false;
	return lr_draft_step(draft, 1, err);
}

static struct lr_record
record_at(const struct lr_draft *draft, const struct entry *entry)
{
	const uint8_t *owner = draft->arena + entry->offset;
	struct fixed fixed;
	memcpy(&fixed, owner + entry->owner_length, sizeof(fixed));
	return (struct lr_record){
	    .owner = owner,
	    .rdata = owner + entry->owner_length + sizeof(fixed),
	    .ttl = fixed.ttl,
	    .type = entry->type,
	    .rdata_length = fixed.rdata_length,
	    .owner_length = entry->owner_length,
	};
}

/* Whether they have one owner, letter case aside. */
static bool
same_owner(const struct lr_record *a, const struct lr_record *b)
{
	return a->owner_length == b->owner_length &&
	       (memcmp(a->owner, b->owner, a->owner_length) == 0 ||
		   lr_name_equal(a->owner, b->owner));
}

int
lr_record_compare(const struct lr_record *a, const struct lr_record *b)
{
	if (!same_owner(a, b))
		return lr_name_compare(a->owner, b->owner);
	if (a->type != b->type)
		return a->type - b->type;
	return lr_rdata_compare(a->type, a->rdata, a->rdata_length, b->rdata, b->rdata_length);
}

static int
compare_entries(const struct lr_draft *draft, const struct entry *a, const struct entry *b)
{
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	struct lr_record left = record_at(draft, a), right = record_at(draft, b);
	return lr_record_compare(&left, &right);
}

/* Merges the two halves, each in order. However it ends, every entry is there. */
static enum lr_code
merge(const struct lr_draft *draft, struct entry *entries, struct entry *scratch, size_t half,
    size_t count, struct lr_error *err)
{
	enum lr_code code = LR_OK;
	size_t left = 0, right = half, out = 0;
	memcpy(scratch, entries, half * sizeof(*entries));
	while (left < half && right < count && code == LR_OK) {
		entries[out++] = compare_entries(draft, &scratch[left], &entries[right]) <= 0
				     ? scratch[left++]
				     : entries[right++];
		code = lr_draft_step(draft, 1, err);
	}
	while (left < half)
		entries[out++] = scratch[left++];
	return code;
}

/* A stable merge sort, so that the first of two equal records comes first. */
static enum lr_code
merge_sort(const struct lr_draft *draft, struct entry *entries, struct entry *scratch, size_t count,
    struct lr_error *err)
{
	if (count < 2)
		return LR_OK;
	size_t half = count / 2;
	enum lr_code code = merge_sort(draft, entries, scratch, half, err);
	if (code == LR_OK)
		code = merge_sort(draft, entries + half, scratch, count - half, err);
	if (code == LR_OK)
		code = lr_draft_step(draft, 1, err);
	/* Sources send zones in order or nearly so. */
	if (code != LR_OK || compare_entries(draft, &entries[half - 1], &entries[half]) <= 0)
		return code;
	return merge(draft, entries, scratch, half, count, err);
}

/* Notes what begins at an entry, which stands behind BEFORE, or first of all where that is NULL.
 * False: it is equal to BEFORE. */
static bool
note_start(const struct lr_draft *draft, const struct entry *before, struct entry *entry)
{
	entry->starts = STARTS_RRSET | STARTS_OWNER;
	if (!before || before->key != entry->key)
		return true;
	struct lr_record a = record_at(draft, before), b = record_at(draft, entry);
	if (!same_owner(&a, &b))
		return true;
	entry->starts = a.type != b.type ? STARTS_RRSET : 0;
	return entry->starts ||
	       lr_rdata_compare(a.type, a.rdata, a.rdata_length, b.rdata, b.rdata_length) != 0;
}

/* Of equal records, which are neighbours, the first stays. */
static enum lr_code
drop_duplicates(struct lr_draft *draft, struct lr_error *err)
{
	enum lr_code code = LR_OK;
	size_t kept = 0, i = 0;
	for (; i < draft->count && code == LR_OK; i++) {
		struct entry *before = kept ? &draft->index[kept - 1] : NULL;
		if (note_start(draft, before, &draft->index[i]))
			draft->index[kept++] = draft->index[i];
		code = lr_draft_step(draft, 1, err);
	}
	while (i < draft->count)
		draft->index[kept++] = draft->index[i++];
	draft->count = kept;
	return code;
}

enum lr_code
lr_draft_sort(struct lr_draft *draft, struct lr_error *err)
{
	if (draft->sorted)
		return LR_OK;
	struct entry *scratch = malloc((draft->count / 2 + 1) * sizeof(*scratch));
	if (!scratch)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	enum lr_code code = merge_sort(draft, draft->index, scratch, draft->count, err);
	free(scratch);
	if (code == LR_OK)
		code = drop_duplicates(draft, err);
	draft->sorted = code == LR_OK;
	return code;
}

bool
lr_draft_sorted(const struct lr_draft *draft)
{
	return draft->sorted;
}

size_t
lr_draft_count(const struct lr_draft *draft)
{
	return draft->count;
}

size_t
lr_draft_outside(const struct lr_draft *draft)
{
	return draft->outside;
}

struct lr_record
lr_draft_record(const struct lr_draft *draft, size_t index)
{
	return record_at(draft, &draft->index[index]);
}

/* The next entry at which WHAT begins. */
static size_t
next_start(const struct lr_draft *draft, size_t index, uint8_t what)
{
	do
		index++;
	while (index < draft->count && !(draft->index[index].starts & what));
	return index;
}

size_t
lr_draft_rrset_end(const struct lr_draft *draft, size_t index)
{
	return next_start(draft, index, STARTS_RRSET);
}

size_t
lr_draft_owner_end(const struct lr_draft *draft, size_t index)
{
	return next_start(draft, index, STARTS_OWNER);
}
