/*
 * print_field.c -- the fields of a master file: wire form to text.
 *
 * Of ldns, the table of the types' formats is used, and none of the functions that allocate: not
 * all of them look whether they got the memory.
 */
#include "print_field.h"
#include "cursor.h"

#include <arpa/inet.h>
#include <ldns/ldns.h>
#include <string.h>

void
lr_print_flush(struct lr_printer *p)
{
	if (p->used > 0 && fwrite(p->text, p->used, 1, p->out) != 1)
		p->failed = true;
	p->used = 0;
}

/* Where the next SIZE characters go. */
static char *
room(struct lr_printer *p, size_t size)
{
	if (size > sizeof(p->text) - p->used)
		lr_print_flush(p);
	return p->text + p->used;
}

void
lr_print_text(struct lr_printer *p, const char *text, size_t length)
{
	memcpy(room(p, length), text, length);
	p->used += length;
}

void
lr_print_char(struct lr_printer *p, char c)
{
	*room(p, 1) = c;
	p->used++;
}

void
lr_print_number(struct lr_printer *p, uint32_t number)
{
	char digits[10], *first = digits + sizeof(digits);
	do {
		*--first = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	lr_print_text(p, first, (size_t)(digits + sizeof(digits) - first));
}

void
lr_print_name(struct lr_printer *p, const uint8_t *name)
{
	char *text = room(p, LR_NAME_TEXT_MAX);
	p->used += strlen(lr_name_text(name, text));
}

/* NULL: ldns does not know the type, and gives the format of another one. */
static const ldns_rr_descriptor *
format_of(uint16_t type)
{
	const ldns_rr_descriptor *format = ldns_rr_descript(type);
	return format && format->_type == type ? format : NULL;
}

void
lr_print_type(struct lr_printer *p, uint16_t type)
{
	const ldns_rr_descriptor *format = format_of(type);
	if (format && format->_name) {
		lr_print_text(p, format->_name, strlen(format->_name));
	} else {
		lr_print_text(p, "TYPE", 4);
		lr_print_number(p, type);
	}
}

static const char hex_digits[] = "0123456789abcdef";

static void
print_hex(struct lr_printer *p, const uint8_t *octets, size_t size)
{
	for (; size > 0; octets++, size--) {
		char *at = room(p, 2);
		at[0] = hex_digits[*octets >> 4];
		at[1] = hex_digits[*octets & 15];
		p->used += 2;
	}
}

/* RFC 4648 section 4, with padding. */
static void
print_base64(struct lr_printer *p, const uint8_t *octets, size_t size)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (; size > 0; octets += 3) {
		size_t some = size < 3 ? size : 3;
		uint32_t bits = (uint32_t)octets[0] << 16;
		if (some > 1)
			bits |= (uint32_t)octets[1] << 8;
		if (some > 2)
			bits |= octets[2];
		char *at = room(p, 4);
		at[0] = digits[bits >> 18];
		at[1] = digits[bits >> 12 & 63];
		at[2] = some > 1 ? digits[bits >> 6 & 63] : '=';
		at[3] = some > 2 ? digits[bits & 63] : '=';
		p->used += 4;
		size -= some;
	}
}

/* In quotes, where blanks and semicolons need no backslash. */
static void
print_string(struct lr_printer *p, const uint8_t *octets, size_t size)
{
	lr_print_char(p, '"');
	for (; size > 0; octets++, size--) {
		char *at = room(p, 4);
		if (*octets < ' ' || *octets >= 0x7f) {
			at[0] = '\\';
			at[1] = (char)('0' + *octets / 100);
			at[2] = (char)('0' + *octets / 10 % 10);
			at[3] = (char)('0' + *octets % 10);
			p->used += 4;
			continue;
		}
		if (*octets == '"' || *octets == '\\')
			lr_print_char(p, '\\');
		lr_print_char(p, (char)*octets);
	}
	lr_print_char(p, '"');
}

/* YYYYMMDDHHmmSS (RFC 4034 section 3.2): these 32 bits may mean several times, and this is the one
 * from 1970 to 2106. */
static void
print_time(struct lr_printer *p, uint32_t seconds)
{
	/* Days from the first of March of the year 0, so that a leap day is the last of its year:
	 * 400 years have 146,097 days, five months from March on have 153. */
	uint32_t days = seconds / 86400 + 719468, time = seconds % 86400;
	uint32_t era = days / 146097, day = days % 146097;
	uint32_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	day -= 365 * year + year / 4 - year / 100;
	uint32_t month = (5 * day + 2) / 153;
	day -= (153 * month + 2) / 5;
	year += 400 * era + (month >= 10);
	month = month < 10 ? month + 3 : month - 9;
	const uint32_t pairs[] = {
	    year / 100, year % 100, month, day + 1, time / 3600, time / 60 % 60, time % 60};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		lr_print_char(p, (char)('0' + pairs[i] / 10));
		lr_print_char(p, (char)('0' + pairs[i] % 10));
	}
}

/* The types of a bitmap (RFC 4034 section 4.1.2), or, without a printer, whether a reader would
 * make the same bitmap of them: no window empty or with zeros at its end, and no type 0. */
static bool
print_bitmap(struct lr_printer *p, struct lr_cursor *c)
{
	int last = -1;
	while (lr_cursor_left(c) > 0) {
		uint8_t window = lr_cursor_u8(c), size = lr_cursor_u8(c);
		const uint8_t *bits = lr_cursor_bytes(c, size);
		if (!bits || window <= last || size < 1 || size > 32 || bits[size - 1] == 0 ||
		    (window == 0 && bits[0] & 0x80))
			return false;
		last = window;
		for (unsigned bit = 0; p && bit < size * 8u; bit++) {
			if (!(bits[bit / 8] & 0x80 >> bit % 8))
				continue;
			lr_print_char(p, ' ');
			lr_print_type(p, (uint16_t)(window * 256u + bit));
		}
	}
	return true;
}

static void
print_ipv4(struct lr_printer *p, const uint8_t *octets)
{
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0)
			lr_print_char(p, '.');
		lr_print_number(p, octets[i]);
	}
}

/* 16 bits of an IPv6 address, without leading zeros. */
static void
print_group(struct lr_printer *p, uint16_t group)
{
	unsigned size = 1u + (group > 0xf) + (group > 0xff) + (group > 0xfff);
	char *at = room(p, size);
	for (unsigned i = size; i-- > 0; group >>= 4)
		at[i] = hex_digits[group & 15];
	p->used += size;
}

/* RFC 5952 section 4. Addresses that hold one of IPv4 (its section 5) are inet_ntop()'s, which
 * takes five times as many instructions for a root's. */
static void
print_ipv6(struct lr_printer *p, const uint8_t *octets)
{
	static const uint8_t before_ipv4[10];
	if (memcmp(octets, before_ipv4, sizeof(before_ipv4)) == 0) {
		char *text = room(p, INET6_ADDRSTRLEN);
		if (inet_ntop(AF_INET6, octets, text, INET6_ADDRSTRLEN))
			p->used += strlen(text);
		return;
	}
	uint16_t groups[8];
	unsigned first = 8, longest = 1; /* zeros: the first of the longest runs, from two on */
	for (unsigned i = 0, run = 0; i < 8; i++) {
		groups[i] = (uint16_t)(octets[0] << 8 | octets[1]);
		octets += 2;
		run = groups[i] ? 0 : run + 1;
		if (run > longest) {
			longest = run;
			first = i + 1 - run;
		}
	}
	for (unsigned i = 0; i < 8; i++) {
		if (i > 0 || i == first)
			lr_print_char(p, ':');
		if (i != first) {
			print_group(p, groups[i]);
			continue;
		}
		i += longest - 1;
		if (i == 7)
			lr_print_char(p, ':');
	}
}

/* A field that is the rest of the RDATA. False: it has no text, as one that must be there (NEEDED)
 * and has no octets. */
static bool
print_rest(struct lr_printer *p, ldns_rdf_type field, bool needed, struct lr_cursor *c)
{
	if (field == LDNS_RDF_TYPE_BITMAP)
		return print_bitmap(p, c);
	size_t size = lr_cursor_left(c);
	const uint8_t *octets = lr_cursor_bytes(c, size);
	if (size == 0)
		return !needed;
	if (p) {
		lr_print_char(p, ' ');
		(field == LDNS_RDF_TYPE_HEX ? print_hex : print_base64)(p, octets, size);
	}
	return true;
}

/* How many octets a field has whose end is not the end of the RDATA; false: another field. */
static bool
field_size(ldns_rdf_type field, const struct lr_cursor *c, size_t *size)
{
	switch (field) {
	case LDNS_RDF_TYPE_ALG:
	case LDNS_RDF_TYPE_INT8:
		*size = 1;
		return true;
	case LDNS_RDF_TYPE_INT16:
	case LDNS_RDF_TYPE_TYPE:
		*size = 2;
		return true;
	case LDNS_RDF_TYPE_INT32:
	case LDNS_RDF_TYPE_PERIOD:
	case LDNS_RDF_TYPE_TIME:
	case LDNS_RDF_TYPE_A:
		*size = 4;
		return true;
	case LDNS_RDF_TYPE_AAAA:
		*size = 16;
		return true;
	case LDNS_RDF_TYPE_STR:
		*size = 1 + (lr_cursor_left(c) > 0 ? (size_t)*c->at : 0);
		return true;
	case LDNS_RDF_TYPE_DNAME:
		*size = lr_name_length(c->at, lr_cursor_left(c));
		return *size > 0;
	default:
		return false;
	}
}

static void
print_field(struct lr_printer *p, ldns_rdf_type field, const uint8_t *octets, size_t size)
{
	uint32_t number = 0;
	for (size_t i = 0; i < size && i < 4; i++)
		number = number << 8 | octets[i];
	lr_print_char(p, ' ');
	switch (field) {
	case LDNS_RDF_TYPE_DNAME:
		lr_print_name(p, octets);
		break;
	case LDNS_RDF_TYPE_STR:
		print_string(p, octets + 1, size - 1);
		break;
	case LDNS_RDF_TYPE_A:
		print_ipv4(p, octets);
		break;
	case LDNS_RDF_TYPE_AAAA:
		print_ipv6(p, octets);
		break;
	case LDNS_RDF_TYPE_TYPE:
		lr_print_type(p, (uint16_t)number);
		break;
	case LDNS_RDF_TYPE_TIME:
		print_time(p, number);
		break;
	default:
		lr_print_number(p, number);
		break;
	}
}

/* Each field of the format in turn, to the printer where there is one. False where a field is not
 * one that text_field.c reads, or these octets have no text of their own. */
static bool
print_fields(
    struct lr_printer *p, const ldns_rr_descriptor *format, const uint8_t *rdata, size_t length)
{
	struct lr_cursor c = lr_cursor_init(rdata, length);
	size_t minimum = ldns_rr_descriptor_minimum(format);
	size_t maximum = ldns_rr_descriptor_maximum(format);
	for (size_t i = 0; i < maximum && (i < minimum || lr_cursor_left(&c) > 0); i++) {
		ldns_rdf_type field = ldns_rr_descriptor_field_type(format, i);
		size_t size;
		if (field == LDNS_RDF_TYPE_HEX || field == LDNS_RDF_TYPE_B64 ||
		    field == LDNS_RDF_TYPE_BITMAP) {
			if (!print_rest(p, field, i < minimum, &c))
				return false;
			continue;
		}
		/* Of types with a fixed number of strings (HINFO, NAPTR) ldns' reader takes no
		 * blanks in them; it does where there is a list of them (TXT). */
		if (!field_size(field, &c, &size) ||
		    (field == LDNS_RDF_TYPE_STR && format->_variable != field))
			return false;
		const uint8_t *octets = lr_cursor_bytes(&c, size);
		if (!octets || (field == LDNS_RDF_TYPE_TYPE && !octets[0] && !octets[1]))
			return false;
		if (p)
			print_field(p, field, octets, size);
	}
	return lr_cursor_left(&c) == 0;
}

void
lr_print_rdata(struct lr_printer *p, uint16_t type, const uint8_t *rdata, size_t length)
{
	const ldns_rr_descriptor *format = format_of(type);
	if (format && print_fields(NULL, format, rdata, length)) {
		(void)print_fields(p, format, rdata, length);
		return;
	}
	lr_print_text(p, " \\# ", 4);
	lr_print_number(p, (uint32_t)length);
	if (length > 0)
		lr_print_char(p, ' ');
	print_hex(p, rdata, length);
}
