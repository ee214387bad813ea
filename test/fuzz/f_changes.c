/* zone/changes.c: deletions and additions over a zone, four octets each, against a list that does
 * the same slowly. */
#include "changes.h"
#include "fuzz.h"

#include <ctype.h>
#include <string.h>

enum {
	NAMES = 5,
	KINDS = 4,
	VALUES = 8,
	ENTRIES = NAMES * KINDS * VALUES,
	A = 1,
	NS = 2,
	TXT = 16,
	RRSIG = 46
};

/* What one operation is about. Two with the same numbers are equal, whatever their letters' case.
 */
struct entry {
	unsigned name, kind, value;
	bool upper;
	uint32_t ttl;
};

static struct entry list[ENTRIES];
static size_t listed;

static size_t
find(const struct entry *wanted)
{
	size_t i = 0;
	while (i < listed && (list[i].name != wanted->name || list[i].kind != wanted->kind ||
				 list[i].value != wanted->value))
		i++;
	return i;
}

/* The record, whose octets stay until the next one is made. */
static struct lr_record
record_of(const struct entry *e)
{
	static const uint16_t types[KINDS] = {A, NS, TXT, RRSIG};
	static uint8_t owner[3], rdata[32];
	uint8_t letter = (uint8_t)((e->upper ? 'A' : 'a') + e->name), value = (uint8_t)e->value;
	struct lr_record r = {.owner = owner,
	    .owner_length = 3,
	    .rdata = rdata,
	    .ttl = e->ttl,
	    .type = types[e->kind]};
	memcpy(owner, (uint8_t[]){1, letter, 0}, 3);
	memset(rdata, 0, sizeof(rdata));
	if (r.type == A)
		memcpy(rdata, (uint8_t[]){10, 0, 0, value}, r.rdata_length = 4);
	else if (r.type == NS)
		memcpy(rdata, (uint8_t[]){1, (uint8_t)((e->upper ? 'A' : 'a') + value), 0},
		    r.rdata_length = 3);
	else if (r.type == TXT)
		memcpy(rdata, (uint8_t[]){2, 'A', value}, r.rdata_length = 3);
	else { /* of the A rrset, signer ".", one octet of signature */
		rdata[1] = A;
		rdata[19] = value;
		r.rdata_length = 20;
	}
	return r;
}

static const struct lr_zone *
base(void)
{
	static const struct lr_zone *zone;
	static const char text[] =
	    ". 60 IN SOA a. b. 7 1 2 3 4\n. 60 IN NS a.\na. 60 IN A 10.0.0.1\n"
	    "a. 60 IN NS b.\nB. 60 IN A 10.0.0.2\nB. 60 IN A 10.0.0.3\n";
	if (!zone)
		zone = fuzz_zone(text, sizeof(text) - 1);
	return zone;
}

static void
start(void)
{
	static const struct entry first[] = {
	    {0, 0, 1, false, 60}, {0, 1, 1, false, 60}, {1, 0, 2, true, 60}, {1, 0, 3, true, 60}};
	memcpy(list, first, sizeof(first));
	listed = sizeof(first) / sizeof(*first);
}

static void
operate(struct lr_changes *changes, const uint8_t *octets)
{
	struct entry e = {
	    octets[1] % NAMES, octets[2] % KINDS, octets[3] % VALUES, octets[0] & 2, octets[0]};
	struct lr_record r = record_of(&e);
	size_t at = find(&e);
	bool there = at < listed;
	if (octets[0] & 1) {
		FUZZ_HOLDS(lr_changes_add(changes, &r, NULL) == LR_OK);
		if (!there)
			list[listed++] = e;
	} else {
		FUZZ_HOLDS(lr_changes_remove(changes, &r, NULL) == (there ? LR_OK : LR_EFORMAT));
		if (there)
			list[at] = list[--listed];
	}
}

/* Every entry of the list is in the draft, to the octet. */
static bool
holds(const struct lr_draft *draft, const struct entry *e)
{
	struct lr_record wanted = record_of(e);
	for (size_t i = 0; i < lr_draft_count(draft); i++) {
		struct lr_record r = lr_draft_record(draft, i);
		if (r.type == wanted.type && r.ttl == wanted.ttl && r.owner_length == 3 &&
		    r.rdata_length == wanted.rdata_length &&
		    memcmp(r.owner, wanted.owner, 3) == 0 &&
		    memcmp(r.rdata, wanted.rdata, r.rdata_length) == 0)
			return true;
	}
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct lr_changes *changes;
	struct lr_draft *draft;
	start();
	FUZZ_HOLDS(lr_changes_new(base(), &fuzz_limits, NULL, &changes, NULL) == LR_OK);
	for (size_t at = 0; at + 4 <= size && at < 4 * 300; at += 4)
		operate(changes, bytes + at);
	FUZZ_HOLDS(lr_changes_apply(changes, &draft, NULL) == LR_OK);
	FUZZ_HOLDS(lr_draft_sort(draft, NULL) == LR_OK);
	FUZZ_HOLDS(lr_draft_count(draft) == listed + 2); /* SOA and NS of the apex */
	for (size_t i = 0; i < listed; i++)
		FUZZ_HOLDS(holds(draft, &list[i]));
	lr_draft_free(draft);
	lr_changes_free(changes);
	return 0;
}
