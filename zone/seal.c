#include "seal.h"
#include "owner.h"
#include "soa.h"
#include "zone_layout.h"

#include <stdlib.h>
#include <string.h>

#include <ldns/ldns.h>

/* Run twice over the draft: once to measure, with the arrays NULL, and once to fill them. */
struct builder {
	const struct lr_draft *draft;
	struct lr_error *err;
	struct lr_zone_facts facts;
	struct lr_node *nodes;
	struct lr_rrset *rrsets;
	uint8_t *arena;
	uint32_t node_count, rrset_count, arena_used;
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

/* Signatures over what is not there are for validate/ to refuse. */
static void
add_rrset(struct builder *b, const struct lr_signed *rrset)
{
	if (rrset->start == rrset->end)
		return;
	struct lr_rrset sealed = {
	    .node = b->node_count,
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

static void
add_node(struct builder *b, struct lr_node node, const uint8_t *name)
{
	node.key = lr_name_key(name, b->origin_labels);
	node.denial = b->denial;
	if (b->nodes)
		b->nodes[b->node_count] = node;
	b->node_count++;
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
		add_node(b,
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
	while (lr_signed_next(&walk, &rrset)) {
		if (rrset.type == LDNS_RR_TYPE_NSEC && !owner->occluded)
			b->denial = b->node_count;
		add_rrset(b, &rrset);
	}
	node.rrsets = (uint16_t)(b->rrset_count - node.rrset);
	b->facts.delegations += node.cut;
	add_node(b, node, head.owner);
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
	b->node_count = b->rrset_count = b->arena_used = 0;
	b->denial = LR_NO_NODE;
	while (code == LR_OK && lr_owner_next(&walk, &owner)) {
		uint32_t before = b->node_count;
		add_owner(b, &owner, previous);
		previous = owner.name;
		code = lr_draft_step(
		    b->draft, owner.end - owner.start + 2 * (b->node_count - before), b->err);
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
lr_zone_seal(const struct lr_draft *draft, uint32_t signatures_expire, const struct lr_zone **out,
    struct lr_error *err)
{
	struct builder b = {
	    .draft = draft, .err = err, .origin_labels = lr_name_labels(lr_draft_origin(draft))};
	b.facts.records = lr_draft_count(draft);
	b.facts.signatures_expire = signatures_expire;
	if (!lr_draft_sorted(draft) || !read_soa(&b))
		return lr_fail(err, LR_EFORMAT, "no SOA record at the apex");

	enum lr_code code = build(&b);
	if (code != LR_OK)
		return code;
	size_t nodes = b.node_count * sizeof(struct lr_node);
	size_t rrsets = b.rrset_count * sizeof(struct lr_rrset);
	struct lr_zone *zone = malloc(sizeof(*zone) + nodes + rrsets + b.arena_used);
	if (!zone)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	b.facts.bytes = sizeof(*zone) + nodes + rrsets + b.arena_used;
	b.nodes = (struct lr_node *)(zone + 1);
	b.rrsets = (struct lr_rrset *)(b.nodes + b.node_count);
	b.arena = (uint8_t *)(b.rrsets + b.rrset_count);
	code = build(&b);
	if (code != LR_OK) {
		free(zone);
		return code;
	}
	*zone = (struct lr_zone){
	    .origin_labels = b.origin_labels,
	    .facts = b.facts,
	    .node_count = b.node_count,
	    .rrset_count = b.rrset_count,
	    .nodes = b.nodes,
	    .rrsets = b.rrsets,
	    .arena = b.arena,
	};
	atomic_init(&zone->references, 1);
	*out = zone;
	return LR_OK;
}
