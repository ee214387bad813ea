/*
 * zone_layout.h -- how a sealed zone lies in memory. For zone.c, find.c and seal.c alone.
 */
#ifndef LR_ZONE_LAYOUT_H
#define LR_ZONE_LAYOUT_H

#include "zone.h"

#include <stdatomic.h>

#define LR_NO_NODE UINT32_MAX

/* A name of the zone: one that owns records, or an authoritative empty non-terminal. */
struct lr_node {
	uint64_t key;    /* lr_name_key */
	uint32_t name;   /* arena offset */
	uint32_t rrset;  /* index of its first rrset */
	uint32_t denial; /* the last node up to this one that owns an NSEC rrset, or LR_NO_NODE */
	uint16_t rrsets; /* none for an empty non-terminal */
	uint8_t name_length;
	bool cut; /* a delegation; below it there is only glue, which look-ups do not reach */
};

/* One block of memory: this, then the nodes in canonical order, the rrsets, and the arena. */
struct lr_zone {
	atomic_uint references;
	unsigned origin_labels;
	struct lr_zone_facts facts;
	uint32_t node_count, rrset_count;
	const struct lr_node *nodes; /* nodes[0] is the apex */
	const struct lr_rrset *rrsets;
	const uint8_t *arena;
};

/* Whether the node NAME is there; *position is its index, or else that of the first node after
 * where it would be. */
bool lr_node_search(const struct lr_zone *zone, const uint8_t *name, uint32_t *position);

/* The node's rrset of the type, or NULL. */
const struct lr_rrset *lr_node_rrset(
    const struct lr_zone *zone, const struct lr_node *node, uint16_t type);

#endif
