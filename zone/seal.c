#include "seal.h"
#include "owner.h"
#include "pages.h"
#include "soa.h"
#include "zone_layout.h"

#include <string.h>

#include <ldns/ldns.h>

/* Run twice over the draft: once to measure, with the arrays NULL, and once to fill them. */
struct builder {
	const struct lr_draft *draft;
	struct lr_error *err;
	struct lr_zone_facts facts;
	struct lr_room room;
	struct lr_node *nodes;
	struct lr_rrset *rrsets;
	uint8_t *arena;
	uint32_t node_count, hidden_count; /* of names; hidden: below a cut or a DNAME */
	uint32_t first_hidden;             /* known the second time */
	uint32_t node;                     /* the one that rrsets are added to */
	uint32_t rrset_count, arena_used;
	uint32_t denial;
	unsigned origin_labels;
};

static uint32_t
put(struct builder *b, const void *octets, size_t size)
{
	uint32_t offset = b->arena_used;
	if (b->arena)
		memcpy(b->arena + offset, octets, size);
	b->arena_used += (uint32_t)size;
	return offset;
}

static void
put_rdata(struct builder *b, const struct lr_record *record)
{
	uint8_t length[2] = {(uint8_t)(record->rdata_length >> 8), (uint8_t)record->rdata_length};
	put(b, length, sizeof(length));
	put(b, record->rdata, record->rdata_length);
}

static uint16_t
put_records(struct builder *b, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		struct lr_record record = lr_draft_record(b->draft, i);
		put_rdata(b, &record);
	}
	return (uint16_t)(end - first);
}

/* Where the data of an rrset begins, behind its room. */
static void
leave_room(struct builder *b, size_t records)
{
	b->arena_used = (b->arena_used + 7) & ~UINT32_C(7);
	b->arena_used += (uint32_t)(b->room.rrset + records * b->room.record);
}

static void
add_rrset(struct builder *b, const struct lr_signed *rrset)
{
	leave_room(b, rrset->end - rrset->start + rrset->signatures_end - rrset->signatures);
	struct lr_rrset sealed = {
	    .node = b->node,
	    .data = b->arena_used,
	    .ttl = lr_draft_record(b->draft, rrset->start).ttl,
	    .type = rrset->type,
	};
	sealed.count = put_records(b, rrset->start, rrset->end);
	sealed.signatures = put_records(b, rrset->signatures, rrset->signatures_end);
	sealed.octets = b->arena_used - sealed.data;
	if (b->rrsets)
		b->rrsets[b->rrset_count] = sealed;
	b->rrset_count++;
}

/* Where the next name goes. */
static uint32_t
next_node(struct builder *b, bool hidden)
{
	return hidden ? b->first_hidden + b->hidden_count++ : b->node_count++;
}

static void
put_node(struct builder *b, uint32_t at, struct lr_node node, const uint8_t *name)
{
	node.key = lr_name_key(name, b->origin_labels);
	node.denial = b->denial;
	if (b->nodes)
		b->nodes[at] = node;
}

/* Names between the previous owner and this one
 * that own nothing themselves (RFC 8020 section 2). */
static void
add_empty_nonterminals(struct builder *b, const uint8_t *previous, const struct lr_record *owner,
    uint32_t owner_offset)
{
	unsigned labels = lr_name_labels(owner->owner);
	for (unsigned depth = b->origin_labels + 1; depth < labels; depth++) {
		const uint8_t *name = lr_name_parent(owner->owner, labels - depth);
		if (lr_name_within(previous, name))
			continue;
		uint32_t skip = (uint32_t)(name - owner->owner);
		put_node(b, next_node(b, false),
		    (struct lr_node){.name = owner_offset + skip,
			.name_length = (uint8_t)(owner->owner_length - skip),
			.rrset = b->rrset_count},
		    name);
	}
}

static void
add_owner(struct builder *b, const struct lr_owner *owner, const uint8_t *previous)
{
	struct lr_record head = lr_draft_record(b->draft, owner->start);
	struct lr_signed_walk walk = lr_signed_start(b->draft, owner);
	struct lr_signed rrset;
	uint32_t name = put(b, head.owner, head.owner_length);

	if (!owner->occluded)
		add_empty_nonterminals(b, previous, &head, name);
	struct lr_node node = {.name = name,
	    .name_length = head.owner_length,
	    .rrset = b->rrset_count,
	    .cut = owner->delegation};
	b->node = next_node(b, owner->occluded);
	while (lr_signed_next(&walk, &rrset)) {
		/* Signatures over what is not there are for validate/ to refuse. */
		if (rrset.start == rrset.end)
			continue;
		if (rrset.type == LDNS_RR_TYPE_NSEC && !owner->occluded)
			b->denial = b->rrset_count;
		add_rrset(b, &rrset);
	}
	node.rrsets = (uint16_t)(b->rrset_count - node.rrset);
	b->facts.delegations += node.cut;
	put_node(b, b->node, node, head.owner);
}

/* LR_OK, or what the draft's STOP says. */
static enum lr_code
build(struct builder *b)
{
	enum lr_code code = LR_OK;
	struct lr_owner_walk walk = {b->draft, 0, NULL};
	struct lr_owner owner;
	const uint8_t *previous = lr_draft_origin(b->draft);

	b->facts.delegations = 0;
	b->first_hidden = b->node_count;
	b->node_count = b->hidden_count = b->rrset_count = b->arena_used = 0;
	b->denial = LR_NO_RRSET;
	while (code == LR_OK && lr_owner_next(&walk, &owner)) {
		uint32_t before = b->node_count;
		add_owner(b, &owner, previous);
		previous = owner.name;
		code = lr_draft_step(b->draft,
		    owner.end - owner.start + 2 * (size_t)(b->node_count - before), b->err);
	}
	return code;
}

/* The numbers of the SOA at the apex, which is the first name of all. */
static bool
read_soa(struct builder *b)
{
	struct lr_owner_walk walk = {b->draft, 0, NULL};
	struct lr_owner apex;
	if (!lr_owner_next(&walk, &apex) || !apex.apex)
		return false;
	for (size_t i = apex.start; i < apex.end; i++) {
		struct lr_record record = lr_draft_record(b->draft, i);
		struct lr_soa soa;
		if (record.type != LDNS_RR_TYPE_SOA)
			continue;
		if (!lr_soa_read(record.rdata, record.rdata_length, &soa))
			return false;
		b->facts.serial = soa.serial;
		b->facts.refresh = soa.refresh;
		b->facts.retry = soa.retry;
		b->facts.expire = soa.expire;
		b->facts.minimum = soa.minimum;
		return true;
	}
	return false;
}

enum lr_code
lr_zone_seal(const struct lr_draft *draft, uint32_t signatures_expire, const struct lr_room *room,
    const struct lr_zone **out, struct lr_error *err)
{
	struct builder b = {.draft = draft,
	    .err = err,
	    .room = room ? *room : (struct lr_room){0, 0},
	    .origin_labels = lr_name_labels(lr_draft_origin(draft))};
	b.facts.records = lr_draft_count(draft);
	b.facts.signatures_expire = signatures_expire;
	if (!lr_draft_sorted(draft) || !read_soa(&b))
		return lr_fail(err, LR_EFORMAT, "no SOA record at the apex");

	enum lr_code code = build(&b);
	if (code != LR_OK)
		return code;
	size_t names = (size_t)b.node_count + b.hidden_count;
	size_t nodes = names * sizeof(struct lr_node);
	size_t rrsets = b.rrset_count * sizeof(struct lr_rrset);
	b.facts.bytes = sizeof(struct lr_zone) + nodes + rrsets + b.arena_used;
	struct lr_zone *zone = lr_pages_new(b.facts.bytes);
	if (!zone)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	b.nodes = (struct lr_node *)(zone + 1);
	b.rrsets = (struct lr_rrset *)(b.nodes + names);
	b.arena = (uint8_t *)(b.rrsets + b.rrset_count);
	code = build(&b);
	if (code != LR_OK) {
		lr_pages_free(zone, b.facts.bytes);
		return code;
	}
	*zone = (struct lr_zone){
	    .origin_labels = b.origin_labels,
	    .facts = b.facts,
	    .room = b.room,
	    .node_count = b.node_count,
	    .hidden_count = b.hidden_count,
	    .rrset_count = b.rrset_count,
	    .nodes = b.nodes,
	    .rrsets = b.rrsets,
	    .arena = b.arena,
	};
	atomic_init(&zone->references, 1);
	zone->has_wildcard = lr_wildcard_search(zone, lr_zone_origin(zone), &zone->wildcard);
	*out = zone;
	return LR_OK;
}
