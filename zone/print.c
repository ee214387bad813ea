#include "print.h"
#include "cursor.h"
#include "print_field.h"

#include <ldns/ldns.h>

static void
print_record(struct lr_printer *p, const struct lr_record *record)
{
	lr_print_name(p, record->owner);
	lr_print_char(p, '\t');
	lr_print_number(p, record->ttl);
	lr_print_text(p, "\tIN\t", 4);
	lr_print_type(p, record->type);
	lr_print_rdata(p, record->type, record->rdata, record->rdata_length);
	lr_print_char(p, '\n');
}

static void
print_rrset(struct lr_printer *p, const struct lr_zone *zone, const struct lr_rrset *rrset)
{
	size_t owner_length;
	struct lr_record record = {.ttl = rrset->ttl};
	struct lr_cursor data = lr_cursor_init(lr_rrset_data(zone, rrset), rrset->octets);
	record.owner = lr_rrset_owner(zone, rrset, &owner_length);
	record.owner_length = (uint8_t)owner_length;
	for (unsigned i = 0; i < (unsigned)rrset->count + rrset->signatures; i++) {
		record.type = i < rrset->count ? rrset->type : LDNS_RR_TYPE_RRSIG;
		record.rdata_length = lr_cursor_u16(&data);
		record.rdata = lr_cursor_bytes(&data, record.rdata_length);
		print_record(p, &record);
	}
}

static enum lr_code
finish(struct lr_printer *p)
{
	lr_print_flush(p);
	return p->failed ? LR_EIO : LR_OK;
}

enum lr_code
lr_record_print(const struct lr_record *record, FILE *out)
{
	struct lr_printer p;
	p.out = out;
	p.failed = false;
	p.used = 0;
	print_record(&p, record);
	return finish(&p);
}

enum lr_code
lr_zone_print(const struct lr_zone *zone, FILE *out)
{
	struct lr_printer p; /* not cleared: its buffer is large */
	p.out = out;
	p.failed = false;
	p.used = 0;
	for (size_t i = 0; i < lr_zone_rrset_count(zone) && !p.failed; i++)
		print_rrset(&p, zone, lr_zone_rrset(zone, i));
	return finish(&p);
}
