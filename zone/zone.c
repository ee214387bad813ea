#include "zone_layout.h"

#include <stdlib.h>

const struct lr_zone *
lr_zone_ref(const struct lr_zone *zone)
{
	/* The count is the one field that changes in a sealed zone. */
	struct lr_zone *counted = (struct lr_zone *)(uintptr_t)zone;
	atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
	return zone;
}

void
lr_zone_unref(const struct lr_zone *zone)
{
	if (!zone)
		return;
	struct lr_zone *counted = (struct lr_zone *)(uintptr_t)zone;
	if (atomic_fetch_sub_explicit(&counted->references, 1, memory_order_acq_rel) == 1)
		free(counted);
}

const struct lr_zone_facts *
lr_zone_facts(const struct lr_zone *zone)
{
	return &zone->facts;
}

const uint8_t *
lr_zone_origin(const struct lr_zone *zone)
{
	return zone->arena + zone->nodes[0].name;
}

size_t
lr_zone_rrset_count(const struct lr_zone *zone)
{
	return zone->rrset_count;
}

const struct lr_rrset *
lr_zone_rrset(const struct lr_zone *zone, size_t index)
{
	return &zone->rrsets[index];
}

const struct lr_rrset *
lr_zone_lookup(const struct lr_zone *zone, const uint8_t *name, uint16_t type)
{
	uint32_t position;
	if (!lr_node_search(zone, name, &position))
		return NULL;
	return lr_node_rrset(zone, &zone->nodes[position], type);
}

const uint8_t *
lr_rrset_owner(const struct lr_zone *zone, const struct lr_rrset *rrset, size_t *length)
{
	const struct lr_node *node = &zone->nodes[rrset->node];
	*length = node->name_length;
	return zone->arena + node->name;
}

const uint8_t *
lr_rrset_data(const struct lr_zone *zone, const struct lr_rrset *rrset)
{
	return zone->arena + rrset->data;
}
