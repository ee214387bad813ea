#include "find.h"
#include "zone_layout.h"

#include <string.h>

#include <ldns/ldns.h>

/* The NSEC of the last authoritative name up to the node:
 * it is at the name, or covers it (RFC 4034 section 4). */
static void
add_proof(const struct lr_zone *zone, struct lr_finding *finding, const struct lr_node *node)
{
	if (node->denial == LR_NO_RRSET)
		return;
	const struct lr_rrset *nsec = &zone->rrsets[node->denial];
	if (finding->proof_count == 0 || finding->proofs[0] != nsec)
		finding->proofs[finding->proof_count++] = nsec;
}

/* What an existing authoritative name has of the
 * type; the answer may be in for a wildcard's match. */
static void
find_at(const struct lr_zone *zone, const struct lr_node *node, uint16_t type,
    struct lr_finding *finding)
{
	finding->answer = lr_node_rrset(zone, node, type);
	if (finding->answer) {
		finding->outcome = LR_ANSWER;
		return;
	}
	finding->answer = lr_node_rrset(zone, node, LDNS_RR_TYPE_CNAME);
	if (finding->answer) {
		finding->outcome = LR_ALIAS;
		return;
	}
	finding->outcome = LR_NODATA;
	finding->soa = lr_node_rrset(zone, zone->nodes, LDNS_RR_TYPE_SOA);
	add_proof(zone, finding, node);
}

static bool
find_wildcard(const struct lr_zone *zone, const uint8_t *encloser, uint32_t *position)
{
	if (lr_name_labels(encloser) > zone->origin_labels)
		return lr_wildcard_search(zone, encloser, position);
	*position = zone->wildcard;
	return zone->has_wildcard;
}

/* A name that is not there, POSITION being where it would stand (RFC 4592 section 3.3.1, RFC 4035
 * section 3.1.3). */
static void
find_nothing(const struct lr_zone *zone, const uint8_t *encloser, uint32_t position, uint16_t type,
    struct lr_finding *finding)
{
	/* The apex is the first node of all, so there always is one before. */
	add_proof(zone, finding, &zone->nodes[position - 1]);

	uint32_t at;
	if (find_wildcard(zone, encloser, &at)) {
		finding->wildcard = true;
		find_at(zone, &zone->nodes[at], type, finding);
		return;
	}
	finding->outcome = LR_NXDOMAIN;
	finding->soa = lr_node_rrset(zone, zone->nodes, LDNS_RR_TYPE_SOA);
	if (at > 0)
		add_proof(zone, finding, &zone->nodes[at - 1]);
}

static void
find_delegation(const struct lr_zone *zone, const struct lr_node *cut, struct lr_finding *finding)
{
	finding->outcome = LR_REFERRAL;
	finding->delegation = lr_node_rrset(zone, cut, LDNS_RR_TYPE_NS);
	finding->ds = lr_node_rrset(zone, cut, LDNS_RR_TYPE_DS);
	if (!finding->ds)
		add_proof(zone, finding, cut);
}

void
lr_zone_find(
    const struct lr_zone *zone, const uint8_t *name, uint16_t type, struct lr_finding *finding)
{
	memset(finding, 0, sizeof(*finding));
	unsigned labels = lr_name_labels(name);
	if (labels < zone->origin_labels ||
	    !lr_name_equal(
		lr_name_parent(name, labels - zone->origin_labels), lr_zone_origin(zone)))
		return;

	/* Down from the apex, a label at a time, to the name or to what stops the descent. */
	const struct lr_node *node = zone->nodes;
	for (unsigned depth = zone->origin_labels + 1; depth <= labels; depth++) {
		const struct lr_rrset *dname = lr_node_rrset(zone, node, LDNS_RR_TYPE_DNAME);
		if (dname) {
			finding->outcome = LR_ALIAS;
			finding->answer = dname;
			return;
		}
		const uint8_t *ancestor = lr_name_parent(name, labels - depth);
		uint32_t position;
		if (!lr_node_search(zone, ancestor, &position)) {
			find_nothing(zone, lr_name_parent(ancestor, 1), position, type, finding);
			return;
		}
		node = &zone->nodes[position];
		/* The parent side of a cut is authoritative for the DS alone (RFC 4035
		 * section 3.1.4.1). */
		if (node->cut && !(depth == labels && type == LDNS_RR_TYPE_DS)) {
			find_delegation(zone, node, finding);
			return;
		}
	}
	find_at(zone, node, type, finding);
}
