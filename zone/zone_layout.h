/*
 * zone_layout.h -- how a sealed zone lies in memory. For zone.c, find.c and seal.c alone.
 */
#ifndef LR_ZONE_LAYOUT_H
#define LR_ZONE_LAYOUT_H

#include "zone.h"

#include <stdalign.h>
#include <stdatomic.h>

#define LR_NO_RRSET UINT32_MAX

/* A name of the zone: one that owns records, or an authoritative empty non-terminal. */
struct lr_node {
	uint64_t key;    /* lr_name_key */
	uint32_t name;   /* arena offset */
	uint32_t rrset;  /* index of its first rrset */
	uint32_t denial; /* index of the last NSEC rrset up to this name's, or LR_NO_RRSET */
	uint16_t rrsets; /* none for an empty non-terminal */
	uint8_t name_length;
	bool cut; /* a delegation */
};

/* In one piece (pages.h): this, then the nodes, the rrsets, and the arena. */
struct lr_zone {
	alignas(8) atomic_uint references;
	unsigned origin_labels;
	struct lr_zone_facts facts;
	struct lr_room room;
	uint32_t node_count;   /* those that questions reach, in canonical order; then */
	uint32_t hidden_count; /* those below a cut or a DNAME, glue most of them, also in order */
	uint32_t rrset_count;
	uint32_t wildcard; /* lr_wildcard_search() at the origin, where most junk comes to */
	bool has_wildcard;
	const struct lr_node *nodes; /* nodes[0] is the apex */
	const struct lr_rrset *rrsets;
	const uint8_t *arena;
};

/* So that what lies at a multiple of eight in the arena does so in memory. */
_Static_assert(sizeof(struct lr_zone) % 8 == 0 && sizeof(struct lr_node) % 8 == 0 &&
		   sizeof(struct lr_rrset) % 8 == 0,
    "alignment of the arena");

/* Whether the node NAME is there, of those that questions reach; *position is its index, or else
 * that of the first node after where it would be. */
bool lr_node_search(const struct lr_zone *zone, const uint8_t *name, uint32_t *position);

/* The same for the wildcard under ENCLOSER; 0 where its name would be too long for one. */
bool lr_wildcard_search(const struct lr_zone *zone, const uint8_t *encloser, uint32_t *position);

/* The node's rrset of the type, or NULL. */
const struct lr_rrset *lr_node_rrset(
    const struct lr_zone *zone, const struct lr_node *node, uint16_t type);

#endif
