/* changes.c -- the differences of an IXFR, gathered over the zone that they start from. */
#include "changes.h"
#include "rdata.h"
#include "draft_from_zone.h"

#include <stdlib.h>
#include <string.h>

#include <ldns/ldns.h>

/* What has become of one record: of the base's, or of one that came since. */
struct change {
	ldns_rbnode_t node;
	uint64_t key; /* lr_name_key: settles most comparisons */
	bool of_base; /* a record of the base is its equal, which counts no more */
	bool present; /* and this one does */
	struct lr_record record;
	uint8_t octets[]; /* owner and RDATA */
};

struct lr_changes {
	const struct lr_zone *base;
	struct lr_draft_limits limits;
	struct lr_stop *stop;
	ldns_rbtree_t *tree;
	size_t octets, records; /* in the tree */
	/* A bit for each byte of the base: set where a
	 * record's RDATA that a change stands for begins. */
	uint8_t *replaced;
};

static int
compare(const void *a, const void *b)
{
	const struct change *left = a, *right = b;
	if (left->key != right->key)
		return left->key < right->key ? -1 : 1;
	return lr_record_compare(&left->record, &right->record);
}

enum lr_code
lr_changes_new(const struct lr_zone *base, const struct lr_draft_limits *limits,
    struct lr_stop *stop, struct lr_changes **out, struct lr_error *err)
{
	struct lr_changes *changes = calloc(1, sizeof(*changes));
	if (changes) {
		changes->base = base;
		changes->limits = *limits;
		changes->stop = stop;
		changes->tree = ldns_rbtree_create(compare);
		changes->replaced = calloc(1, lr_zone_facts(base)->bytes / 8 + 1);
	}
	if (!changes || !changes->tree || !changes->replaced) {
		lr_changes_free(changes);
		return lr_fail(err, LR_ENOMEM, "out of memory");
	}
	*out = changes;
	return LR_OK;
}

static void
free_change(ldns_rbnode_t *node, void *unused)
{
	(void)unused;
	free(node);
}

void
lr_changes_free(struct lr_changes *changes)
{
	if (!changes)
		return;
	if (changes->tree)
		ldns_traverse_postorder(changes->tree, free_change, NULL);
	free(changes->tree);
	free(changes->replaced);
	free(changes);
}

/* A zone is one piece of memory (zone.h). */
static size_t
offset_in_base(const struct lr_changes *changes, const uint8_t *rdata)
{
	return (size_t)(rdata - (const uint8_t *)changes->base);
}

static bool
is_replaced(const struct lr_changes *changes, const uint8_t *rdata)
{
	size_t at = offset_in_base(changes, rdata);
	return changes->replaced[at / 8] >> at % 8 & 1;
}

static void
replace(struct lr_changes *changes, const uint8_t *rdata)
{
	size_t at = offset_in_base(changes, rdata);
	changes->replaced[at / 8] |= (uint8_t)(1u << at % 8);
}

/* The rrset of the base that the record is of: a signature lies with what it covers. */
static const struct lr_rrset *
find_rrset(const struct lr_changes *changes, const struct lr_record *record)
{
	uint16_t type = record->type;
	if (type == LDNS_RR_TYPE_RRSIG && record->rdata_length < 2)
		return NULL;
	if (type == LDNS_RR_TYPE_RRSIG)
		type = ldns_read_uint16(record->rdata);
	return lr_zone_lookup(changes->base, record->owner, type);
}

/* The RDATA of the base's equal record, or NULL. */
static enum lr_code
find_in_base(struct lr_changes *changes, const struct lr_record *record, const uint8_t **found,
    struct lr_error *err)
{
	const struct lr_rrset *rrset = find_rrset(changes, record);
	bool signature = record->type == LDNS_RR_TYPE_RRSIG;
	*found = NULL;
	if (!rrset)
		return LR_OK;
	const uint8_t *data = lr_rrset_data(changes->base, rrset);
	for (unsigned i = 0; i < (unsigned)rrset->count + rrset->signatures; i++) {
		uint16_t length = ldns_read_uint16(data);
		const uint8_t *rdata = data + 2;
		data = rdata + length;
		if ((i >= rrset->count) != signature)
			continue;
		if (lr_rdata_compare(
			record->type, rdata, length, record->rdata, record->rdata_length) == 0) {
			*found = rdata;
			return LR_OK;
		}
	}
	return lr_stop_step(changes->stop, (size_t)rrset->count + rrset->signatures, err);
}

static size_t
size_of(const struct lr_record *record)
{
	return (size_t)record->owner_length + record->rdata_length;
}

static enum lr_code
check_limits(const struct lr_changes *changes, const struct lr_record *record, struct lr_error *err)
{
	const struct lr_draft_limits *limits = &changes->limits;
	if (changes->records >= limits->records)
		return lr_fail(err, LR_ELIMIT, "more than %zu changes", limits->records);
	if (limits->record_octets && record->rdata_length > limits->record_octets)
		return lr_fail(
		    err, LR_ELIMIT, "a record of more than %zu octets", limits->record_octets);
	if (size_of(record) > limits->octets - changes->octets)
		return lr_fail(err, LR_ELIMIT, "more than %zu octets of changes", limits->octets);
	return LR_OK;
}

static enum lr_code
insert(struct lr_changes *changes, const struct lr_record *record, uint64_t key, bool of_base,
    bool present, struct lr_error *err)
{
	enum lr_code code = check_limits(changes, record, err);
	if (code != LR_OK)
		return code;
	struct change *change = malloc(sizeof(*change) + size_of(record));
	if (!change)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	memcpy(change->octets, record->owner, record->owner_length);
	if (record->rdata_length)
		memcpy(change->octets + record->owner_length, record->rdata, record->rdata_length);
	change->key = key;
	change->of_base = of_base;
	change->present = present;
	change->record = *record;
	change->record.owner = change->octets;
	change->record.rdata = change->octets + record->owner_length;
	change->node.key = change;
	(void)ldns_rbtree_insert(changes->tree, &change->node);
	changes->octets += size_of(record);
	changes->records++;
	return LR_OK;
}

static void
drop(struct lr_changes *changes, struct change *change)
{
	(void)ldns_rbtree_delete(changes->tree, change);
	changes->octets -= size_of(&change->record);
	changes->records--;
	free(change);
}

/* The change that stands for the record, or NULL; *key is the record's. */
static struct change *
find(const struct lr_changes *changes, const struct lr_record *record, uint64_t *key)
{
	unsigned labels = lr_name_labels(lr_zone_origin(changes->base));
	const struct change wanted = {.key = lr_name_key(record->owner, labels), .record = *record};
	*key = wanted.key;
	return (struct change *)ldns_rbtree_search(changes->tree, &wanted);
}

enum lr_code
lr_changes_remove(struct lr_changes *changes, const struct lr_record *record, struct lr_error *err)
{
	uint64_t key;
	const uint8_t *rdata = NULL;
	struct change *change = find(changes, record, &key);
	enum lr_code code = lr_stop_step(changes->stop, 1, err);
	if (code == LR_OK && !change)
		code = find_in_base(changes, record, &rdata, err);
	if (code != LR_OK)
		return code;
	if (change ? !change->present : !rdata) {
		char name[LR_NAME_TEXT_MAX];
		return lr_fail(err, LR_EFORMAT, "deletes a record of %.200s that is not there",
		    lr_name_text(record->owner, name));
	}
	if (!change) {
		code = insert(changes, record, key, true, false, err);
		if (code == LR_OK)
			replace(changes, rdata);
	} else if (change->of_base) {
		change->present = false;
	} else {
		drop(changes, change);
	}
	return code;
}

enum lr_code
lr_changes_add(struct lr_changes *changes, const struct lr_record *record, struct lr_error *err)
{
	uint64_t key;
	const uint8_t *rdata = NULL;
	struct change *change = find(changes, record, &key);
	enum lr_code code = lr_stop_step(changes->stop, 1, err);
	if (code == LR_OK && !change)
		code = find_in_base(changes, record, &rdata, err);
	if (code != LR_OK || (change ? change->present : rdata != NULL))
		return code; /* the first of two equal records stays */
	bool comes_back = change != NULL;
	if (comes_back)
		drop(changes, change); /* its TTL and letter case may be others now */
	return insert(changes, record, key, comes_back, true, err);
}

static bool
stays(const void *arg, const struct lr_record *record)
{
	return !is_replaced(arg, record->rdata);
}

enum lr_code
lr_changes_apply(const struct lr_changes *changes, struct lr_draft **out, struct lr_error *err)
{
	struct lr_draft *draft;
	enum lr_code code =
	    lr_draft_new(lr_zone_origin(changes->base), &changes->limits, &draft, err);
	if (code != LR_OK)
		return code;
	lr_draft_heed(draft, changes->stop);
	code = lr_draft_from_zone_where(changes->base, stays, changes, draft, err);
	for (ldns_rbnode_t *node = ldns_rbtree_first(changes->tree);
	     code == LR_OK && node != LDNS_RBTREE_NULL; node = ldns_rbtree_next(node)) {
		const struct change *change = node->key;
		if (change->present)
			code = lr_draft_add(draft, &change->record, err);
	}
	if (code != LR_OK) {
		lr_draft_free(draft);
		return code;
	}
	*out = draft;
	return LR_OK;
}
