/* zone/find.c: what a zone says of names and types, against a search through all of its records,
 * which goes by RFC 1034 section 4.3.2, RFC 4592 and RFC 6672. The input is a master file; asked
 * for are the owners in it, with and without a label more, and the names in their RDATA. */
#include "fuzz.h"
#include "owner.h"

#include <string.h>

enum { NS = 2, CNAME = 5, SOA = 6, DNAME = 39, DS = 43, RRSIG = 46, NSEC = 47 };
#define NONE SIZE_MAX

static const struct lr_draft *draft;

/* The first record of the rrset. RRSIGs are none by themselves. */
static size_t
look_up(const uint8_t *owner, uint16_t type)
{
	for (size_t i = 0; type != RRSIG && i < lr_draft_count(draft); i++) {
		struct lr_record r = lr_draft_record(draft, i);
		if (r.type == type && lr_name_equal(r.owner, owner))
			return i;
	}
	return NONE;
}

static bool
exists(const uint8_t *name)
{
	for (size_t i = 0; i < lr_draft_count(draft); i++)
		if (lr_name_within(lr_draft_record(draft, i).owner, name))
			return true;
	return false;
}

static bool
is_cut(const uint8_t *name)
{
	return lr_name_labels(name) && look_up(name, NS) != NONE;
}

static bool
is_hidden(const uint8_t *name)
{
	for (unsigned up = 1; up <= lr_name_labels(name); up++) {
		const uint8_t *above = lr_name_parent(name, up);
		if (is_cut(above) || look_up(above, DNAME) != NONE)
			return true;
	}
	return false;
}

/* The NSEC at the name, or the one before it. */
static size_t
denial(const uint8_t *name)
{
	size_t last = NONE;
	for (size_t i = 0; i < lr_draft_count(draft); i++) {
		struct lr_record r = lr_draft_record(draft, i);
		if (r.type == NSEC && lr_name_compare(r.owner, name) <= 0 && !is_hidden(r.owner) &&
		    (last == NONE ||
			lr_name_compare(r.owner, lr_draft_record(draft, last).owner) > 0))
			last = i;
	}
	return last;
}

struct expected {
	enum lr_outcome outcome;
	bool undefined; /* NS or DNAME at a wildcard: RFC 4592 section 4.2 and RFC 6672 section 3.3
			 */
	bool wildcard;
	size_t answer, delegation, ds, proofs[2];
	unsigned proof_count;
};

static void
add_proof(struct expected *e, const uint8_t *name)
{
	size_t nsec = denial(name);
	if (nsec != NONE && (e->proof_count == 0 || e->proofs[0] != nsec))
		e->proofs[e->proof_count++] = nsec;
}

static void
at(struct expected *e, const uint8_t *name, uint16_t type)
{
	e->outcome = LR_ANSWER;
	e->answer = look_up(name, type);
	if (e->answer != NONE)
		return;
	e->outcome = LR_ALIAS;
	e->answer = look_up(name, CNAME);
	if (e->answer != NONE)
		return;
	e->outcome = LR_NODATA;
	add_proof(e, name);
}

static void
nothing(struct expected *e, const uint8_t *name, const uint8_t *encloser, uint16_t type)
{
	uint8_t wildcard[2 + LR_NAME_MAX] = {1, '*'};
	size_t length = lr_name_length(encloser, LR_NAME_MAX);
	memcpy(wildcard + 2, encloser, length);
	bool fits = length + 2 <= LR_NAME_MAX;
	add_proof(e, name);
	if (fits && exists(wildcard)) {
		e->wildcard = true;
		e->undefined = is_cut(wildcard) || look_up(wildcard, DNAME) != NONE;
		at(e, wildcard, type);
		return;
	}
	e->outcome = LR_NXDOMAIN;
	if (fits)
		add_proof(e, wildcard);
}

static struct expected
expect(const uint8_t *name, uint16_t type)
{
	struct expected e = {.answer = NONE, .delegation = NONE, .ds = NONE};
	unsigned labels = lr_name_labels(name);
	for (unsigned depth = 0; depth <= labels; depth++) {
		const uint8_t *here = lr_name_parent(name, labels - depth);
		if (!exists(here)) {
			nothing(&e, here, lr_name_parent(here, 1), type);
			return e;
		}
		if (is_cut(here) && !(depth == labels && type == DS)) {
			e.outcome = LR_REFERRAL;
			e.delegation = look_up(here, NS);
			e.ds = look_up(here, DS);
			if (e.ds == NONE)
				add_proof(&e, here);
			return e;
		}
		if (depth < labels && look_up(here, DNAME) != NONE) {
			e.outcome = LR_ALIAS;
			e.answer = look_up(here, DNAME);
			return e;
		}
	}
	at(&e, name, type);
	return e;
}

/* Whether the rrset is the one that begins with that record, or neither is there. */
static bool
same(const struct lr_zone *zone, const struct lr_rrset *rrset, size_t record)
{
	if (!rrset || record == NONE)
		return !rrset && record == NONE;
	struct lr_record r = lr_draft_record(draft, record);
	size_t length;
	return r.type == rrset->type && r.ttl == rrset->ttl &&
	       lr_name_equal(r.owner, lr_rrset_owner(zone, rrset, &length)) &&
	       lr_draft_rrset_end(draft, record) - record == rrset->count;
}

static void
ask(const struct lr_zone *zone, const uint8_t *name, uint16_t type)
{
	struct lr_finding f;
	struct expected e = expect(name, type);
	lr_zone_find(zone, name, type, &f);
	if (e.undefined)
		return;
	FUZZ_HOLDS(f.outcome == e.outcome && f.wildcard == e.wildcard);
	FUZZ_HOLDS(same(zone, f.answer, e.answer));
	FUZZ_HOLDS(same(zone, f.delegation, e.delegation) && same(zone, f.ds, e.ds));
	FUZZ_HOLDS(f.proof_count == e.proof_count);
	for (unsigned i = 0; i < e.proof_count; i++)
		FUZZ_HOLDS(same(zone, f.proofs[i], e.proofs[i]));
	bool negative = e.outcome == LR_NODATA || e.outcome == LR_NXDOMAIN;
	FUZZ_HOLDS(!f.soa == !negative);
}

static void
ask_all_types(const struct lr_zone *zone, const uint8_t *name)
{
	static const uint16_t types[] = {1, NS, CNAME, SOA, 16, DNAME, DS, RRSIG, NSEC};
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		ask(zone, name, types[i]);
}

/* The name, one under it, and its neighbour. */
static void
ask_around(const struct lr_zone *zone, const uint8_t *name)
{
	uint8_t longer[2 + LR_NAME_MAX] = {1, '0'};
	size_t length = lr_name_length(name, LR_NAME_MAX);
	ask_all_types(zone, name);
	memcpy(longer + 2, name, length);
	if (length + 2 <= LR_NAME_MAX)
		ask_all_types(zone, longer);
	if (length > 1) { /* the last octet of its first label made another one */
		memcpy(longer, name, length);
		longer[longer[0]] ^= 1;
		ask_all_types(zone, longer);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char head[] =
	    ". 60 IN SOA a. b. 7 1 2 3 4\n. 60 IN NS a.\n. 60 IN NSEC . NS SOA\n";
	struct lr_draft *read;
	const struct lr_zone *zone;
	uint32_t serial;
	if (lr_draft_new(fuzz_origin, &(struct lr_draft_limits){1 << 16, 40, 0}, &read, NULL) !=
	    LR_OK)
		return 0;
	draft = read;
	if (fuzz_read(head, sizeof(head) - 1, &fuzz_as_the_module, read) == LR_OK &&
	    fuzz_read(bytes, size, &fuzz_as_the_module, read) == LR_OK &&
	    lr_draft_sort(read, NULL) == LR_OK &&
	    lr_semantic_checks(read, &serial, NULL) == LR_OK &&
	    lr_zone_seal(read, 0, NULL, &zone, NULL) == LR_OK) {
		for (size_t i = 0; i < lr_draft_count(read); i++) {
			struct lr_record r = lr_draft_record(read, i);
			ask_around(zone, r.owner);
			if (lr_name_length(r.rdata, r.rdata_length))
				ask_around(zone, r.rdata);
		}
		lr_zone_unref(zone);
	}
	lr_draft_free(read);
	return 0;
}
