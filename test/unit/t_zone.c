/*
 * t_zone.c -- the sealed zone in memory: the room in front of the data, and copies.
 */
#include "find.h"
#include "sample.h"
#include "seal.h"
#include "zone.h"

/* Lengths of all kinds, so that each rrset would begin at another remainder of eight. */
static const char text[] = ". 86400 IN SOA a. b. 7 1800 900 604800 86400\n"
			   ". 518400 IN NS a.root-servers.net.\n"
			   ". 86400 IN NSEC com. NS SOA NSEC\n"
			   "com. 172800 IN NS a.gtld-servers.net.\n"
			   "com. 172800 IN NS bb.gtld-servers.net.\n"
			   "com. 86400 IN DS 1 8 2 00\n"
			   "com. 86400 IN NSEC . NS DS NSEC\n"
			   "a.gtld-servers.net. 172800 IN A 192.0.2.1\n"
			   "bb.gtld-servers.net. 172800 IN AAAA 2001:db8::1\n";

static const struct lr_zone *
seal(const struct lr_room *room)
{
	const struct lr_zone *zone;
	struct lr_draft *draft = sample_sorted(".", text);
	assert_int_equal(lr_zone_seal(draft, 0, room, &zone, NULL), LR_OK);
	lr_draft_free(draft);
	return zone;
}

static void
assert_same_data(const struct lr_zone *one, const struct lr_zone *other)
{
	assert_int_equal(lr_zone_rrset_count(one), lr_zone_rrset_count(other));
	for (size_t i = 0; i < lr_zone_rrset_count(one); i++) {
		const struct lr_rrset *a = lr_zone_rrset(one, i), *b = lr_zone_rrset(other, i);
		size_t length, unused;
		const uint8_t *owner = lr_rrset_owner(one, a, &length);
		assert_memory_equal(owner, lr_rrset_owner(other, b, &unused), length);
		assert_int_equal(a->type, b->type);
		assert_int_equal(a->octets, b->octets);
		assert_memory_equal(lr_rrset_data(one, a), lr_rrset_data(other, b), a->octets);
	}
}

/* What is written into one room is nobody else's. */
static void
room(void **state)
{
	static const struct lr_room rooms[] = {{56, 24}, {8, 0}, {12, 4}, {0, 0}};
	(void)state;
	const struct lr_zone *bare = seal(NULL);
	for (size_t i = 0; i < sizeof(rooms) / sizeof(*rooms); i++) {
		const struct lr_zone *zone = seal(&rooms[i]);
		for (size_t r = 0; r < lr_zone_rrset_count(zone); r++) {
			const struct lr_rrset *rrset = lr_zone_rrset(zone, r);
			size_t size = rooms[i].rrset +
				      rooms[i].record * ((size_t)rrset->count + rrset->signatures);
			uint8_t *at = lr_rrset_room(zone, rrset);
			assert_int_equal((uintptr_t)at % 8, 0);
			assert_ptr_equal(at + size, lr_rrset_data(zone, rrset));
			memset(at, 0xaa, size);
		}
		assert_same_data(bare, zone);
		lr_zone_unref(zone);
	}
	lr_zone_unref(bare);
}

static void
copy(void **state)
{
	static const struct lr_room some = {8, 8};
	(void)state;
	const struct lr_zone *zone = seal(&some), *bare = seal(NULL);
	memset(lr_rrset_room(zone, lr_zone_rrset(zone, 1)), 0x55, 16);
	const struct lr_zone *made = lr_zone_copy(zone);
	assert_non_null(made);
	assert_memory_equal(lr_zone_facts(zone), lr_zone_facts(made), sizeof(struct lr_zone_facts));
	lr_zone_unref(zone); /* it stands alone */
	assert_same_data(bare, made);
	const uint8_t *kept = lr_rrset_room(made, lr_zone_rrset(made, 1));
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(kept[i], 0x55);
	struct lr_finding finding;
	lr_zone_find(made, (const uint8_t *)"\4junk", 1, &finding);
	assert_int_equal(finding.outcome, LR_NXDOMAIN);
	assert_int_equal(finding.proof_count, 2); /* com.'s, and the apex' for the wildcard */
	lr_zone_unref(made);
	lr_zone_unref(bare);
}

UNIT_TESTS(NULL, NULL, TEST(room), TEST(copy))
