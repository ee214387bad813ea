#include "pages.h"
#include "zone_layout.h"

#include <string.h>

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
		lr_pages_free(counted, counted->facts.bytes);
}

/* Where PART of ZONE is in the copy. */
static const void *
moved(const struct lr_zone *copy, const struct lr_zone *zone, const void *part)
{
	return (const char *)copy + ((const char *)part - (const char *)zone);
}

const struct lr_zone *
lr_zone_copy(const struct lr_zone *zone)
{
	struct lr_zone *copy = lr_pages_new(zone->facts.bytes);
	if (!copy)
		return NULL;
	memcpy(copy + 1, zone + 1, zone->facts.bytes - sizeof(*zone));
	*copy = (struct lr_zone){
	    .origin_labels = zone->origin_labels,
	    .facts = zone->facts,
	    .room = zone->room,
	    .node_count = zone->node_count,
	    .hidden_count = zone->hidden_count,
	    .rrset_count = zone->rrset_count,
	    .wildcard = zone->wildcard,
	    .has_wildcard = zone->has_wildcard,
	    .nodes = moved(copy, zone, zone->nodes),
	    .rrsets = moved(copy, zone, zone->rrsets),
	    .arena = moved(copy, zone, zone->arena),
	};
	atomic_init(&copy->references, 1);
	return copy;
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

/* Among the nodes LOW to HIGH - 1. */
static bool
search(const struct lr_zone *zone, const uint8_t *name, uint32_t low, uint32_t high,
    uint32_t *position)
{
	uint64_t key = lr_name_key(name, zone->origin_labels);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct lr_node *node = &zone->nodes[middle];
		int order;
		if (key != node->key)
			order = key < node->key ? -1 : 1;
		else if ((order = lr_name_compare(name, zone->arena + node->name)) == 0) {
			*position = middle;
			return true;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	*position = low;
	return false;
}

bool
lr_node_search(const struct lr_zone *zone, const uint8_t *name, uint32_t *position)
{
	return search(zone, name, 0, zone->node_count, position);
}

bool
lr_wildcard_search(const struct lr_zone *zone, const uint8_t *encloser, uint32_t *position)
{
	uint8_t wildcard[2 + LR_NAME_MAX] = {1, '*'};
	size_t length = lr_name_length(encloser, LR_NAME_MAX);
	*position = 0;
	if (length + 2 > LR_NAME_MAX)
		return false;
	memcpy(wildcard + 2, encloser, length);
	return lr_node_search(zone, wildcard, position);
}

const struct lr_rrset *
lr_node_rrset(const struct lr_zone *zone, const struct lr_node *node, uint16_t type)
{
	const struct lr_rrset *rrset = &zone->rrsets[node->rrset];
	for (unsigned i = 0; i < node->rrsets; i++)
		if (rrset[i].type == type)
			return &rrset[i];
	return NULL;
}

const struct lr_rrset *
lr_zone_lookup(const struct lr_zone *zone, const uint8_t *name, uint16_t type)
{
	uint32_t position;
	uint32_t reached = zone->node_count;
	if (!search(zone, name, 0, reached, &position) &&
	    !search(zone, name, reached, reached + zone->hidden_count, &position))
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

void *
lr_rrset_room(const struct lr_zone *zone, const struct lr_rrset *rrset)
{
	size_t records = (size_t)rrset->count + rrset->signatures;
	const uint8_t *data = lr_rrset_data(zone, rrset);
	return (void *)(uintptr_t)(data - zone->room.rrset - records * zone->room.record);
}
