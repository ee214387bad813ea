#include "seal.h"
#include "cursor.h"
#include "schedule.h"
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

static uint32_t
earlier(uint32_t a, uint32_t b)
{
	return a == 0 || lr_serial_newer(a, b) ? b : a;
}

/* RFC 4034 section 3.1: type covered, algorithm, labels, original TTL, expiration … */
static uint16_t
covered_type(const struct lr_record *signature)
{
	struct lr_cursor c = lr_cursor_init(signature->rdata, signature->rdata_length);
	return lr_cursor_u16(&c);
}

static uint32_t
expiration(const struct lr_record *signature)
{
	struct lr_cursor c = lr_cursor_init(signature->rdata, signature->rdata_length);
	lr_cursor_bytes(&c, 8);
	return lr_cursor_u32(&c);
}

/* One rrset with its signatures, which stand among the owner's records from FIRST to END. */
static void
add_rrset(struct builder *b, size_t begin, size_t until, size_t first, size_t end)
{
	struct lr_record head = lr_draft_record(b->draft, begin);
	struct lr_rrset rrset = {
	    .node = b->node_count,
	    .data = b->arena_used,
	    .ttl = head.ttl,
	    .type = head.type,
	    .count = (uint16_t)(until - begin),
	};
	for (size_t i = begin; i < until; i++) {
		struct lr_record record = lr_draft_record(b->draft, i);
		put_rdata(b, &record);
	}
	for (size_t i = first; i < end; i++) {
		struct lr_record record = lr_draft_record(b->draft, i);
		if (record.type != LDNS_RR_TYPE_RRSIG || covered_type(&record) != head.type)
			continue;
		put_rdata(b, &record);
		rrset.signatures++;
		rrset.expires = earlier(rrset.expires, expiration(&record));
	}
	rrset.octets = b->arena_used - rrset.data;
	/* RFC 8976 leaves the signature over the ZONEMD out of the digest; it counts when verifying
	 * only. */
	if (rrset.signatures && head.type != LDNS_RR_TYPE_ZONEMD)
		b->facts.signatures_expire = earlier(b->facts.signatures_expire, rrset.expires);
	if (b->rrsets)
		b->rrsets[b->rrset_count] = rrset;
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

/* Names between the previous owner and this one that own nothing themselves (RFC 8020 section 2).
 */
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

/* LR_OK, or what the draft's STOP says. */
static enum lr_code
build(struct builder *b)
{
	enum lr_code code = LR_OK;
	size_t count = lr_draft_count(b->draft);
	const uint8_t *previous = lr_draft_origin(b->draft);
	const uint8_t *cut =
	    NULL; /* the delegation, or DNAME, below which names are not looked up */

	b->facts.delegations = 0;
	b->facts.signatures_expire = 0;
	b->node_count = b->rrset_count = b->arena_used = 0;
	b->denial = LR_NO_NODE;
	for (size_t begin = 0, end; begin < count && code == LR_OK; begin = end) {
		struct lr_record owner = lr_draft_record(b->draft, begin);
		bool has_ns = false, has_dname = false, has_nsec = false;
		for (end = begin; end < count; end++) {
			struct lr_record record = lr_draft_record(b->draft, end);
			if (end > begin && !lr_name_equal(record.owner, owner.owner))
				break;
			has_ns |= record.type == LDNS_RR_TYPE_NS;
			has_dname |= record.type == LDNS_RR_TYPE_DNAME;
			has_nsec |= record.type == LDNS_RR_TYPE_NSEC;
		}
		bool apex = begin == 0;
		bool below = cut && lr_name_within(owner.owner, cut);
		uint32_t name = put(b, owner.owner, owner.owner_length);
		if (!below) {
			cut = (has_ns && !apex) || has_dname ? owner.owner : NULL;
			add_empty_nonterminals(b, previous, &owner, name);
			if (has_nsec)
				b->denial = b->node_count;
		}
		struct lr_node node = {.name = name,
		    .name_length = owner.owner_length,
		    .rrset = b->rrset_count,
		    .cut = !below && has_ns && !apex};
		b->facts.delegations += node.cut;
		for (size_t i = begin, next; i < end; i = next) {
			next = lr_draft_rrset_end(b->draft, i);
			if (lr_draft_record(b->draft, i).type != LDNS_RR_TYPE_RRSIG)
				add_rrset(b, i, next, begin, end);
		}
		node.rrsets = (uint16_t)(b->rrset_count - node.rrset);
		add_node(b, node, owner.owner);
		previous = owner.owner;
		code = lr_draft_step(b->draft, end - begin, b->err);
	}
	return code;
}

/* The timers of the SOA record (RFC 1035 section 3.3.13). */
static bool
read_soa(struct builder *b)
{
	for (size_t i = 0; i < lr_draft_count(b->draft); i++) {
		struct lr_record record = lr_draft_record(b->draft, i);
		if (record.type != LDNS_RR_TYPE_SOA)
			continue;
		struct lr_cursor c = lr_cursor_init(record.rdata, record.rdata_length);
		uint8_t name[LR_NAME_MAX];
		lr_cursor_name(&c, name);
		lr_cursor_name(&c, name);
		b->facts.serial = lr_cursor_u32(&c);
		b->facts.refresh = lr_cursor_u32(&c);
		b->facts.retry = lr_cursor_u32(&c);
		b->facts.expire = lr_cursor_u32(&c);
		b->facts.minimum = lr_cursor_u32(&c);
		return lr_cursor_ok(&c) && lr_name_equal(record.owner, lr_draft_origin(b->draft));
	}
	return false;
}

enum lr_code
lr_zone_seal(const struct lr_draft *draft, const struct lr_zone **out, struct lr_error *err)
{
	struct builder b = {.draft = draft,
	    .err = err,
	    .origin_labels = lr_name_labels(lr_draft_origin(draft))};
	b.facts.records = lr_draft_count(draft);
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
	b.facts.octets = sizeof(*zone) + nodes + rrsets + b.arena_used;
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
