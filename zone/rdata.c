/* rdata.c -- where RDATA holds domain names. */
#include "rdata.h"
#include "name.h"

#include <ldns/ldns.h>
#include <string.h>

/* The rest of the RDATA belongs to the field. */
#define REST SIZE_MAX

/* RFC 3597 section 4: the types whose names may come compressed. All later ones must not. */
static bool
may_compress(uint16_t type)
{
	switch (type) {
	case LDNS_RR_TYPE_NS:
	case LDNS_RR_TYPE_MD:
	case LDNS_RR_TYPE_MF:
	case LDNS_RR_TYPE_CNAME:
	case LDNS_RR_TYPE_SOA:
	case LDNS_RR_TYPE_MB:
	case LDNS_RR_TYPE_MG:
	case LDNS_RR_TYPE_MR:
	case LDNS_RR_TYPE_PTR:
	case LDNS_RR_TYPE_MINFO:
	case LDNS_RR_TYPE_MX:
	case LDNS_RR_TYPE_RP:
	case LDNS_RR_TYPE_AFSDB:
	case LDNS_RR_TYPE_RT:
	case LDNS_RR_TYPE_SIG:
	case LDNS_RR_TYPE_PX:
	case LDNS_RR_TYPE_NXT:
	case LDNS_RR_TYPE_NAPTR:
	case LDNS_RR_TYPE_SRV:
		return true;
	default:
		return false;
	}
}

/* RFC 6895 section 3.1: no zone holds QTYPEs, meta-types or the reserved type 0. */
static bool
meta_type(uint16_t type)
{
	return type == 0 || type == LDNS_RR_TYPE_OPT || (type >= 128 && type <= 255);
}

/* The octets of a field without names at C, or REST;
 * the cursor has failed where the field does not fit. */
static size_t
field_size(ldns_rdf_type field, struct lr_cursor c)
{
	switch (field) {
	case LDNS_RDF_TYPE_INT8:
	case LDNS_RDF_TYPE_ALG:
	case LDNS_RDF_TYPE_CERTIFICATE_USAGE:
	case LDNS_RDF_TYPE_SELECTOR:
	case LDNS_RDF_TYPE_MATCHING_TYPE:
		return 1;
	case LDNS_RDF_TYPE_INT16:
	case LDNS_RDF_TYPE_TYPE:
	case LDNS_RDF_TYPE_CLASS:
	case LDNS_RDF_TYPE_CERT_ALG:
		return 2;
	case LDNS_RDF_TYPE_INT32:
	case LDNS_RDF_TYPE_TIME:
	case LDNS_RDF_TYPE_PERIOD:
	case LDNS_RDF_TYPE_A:
		return 4;
	case LDNS_RDF_TYPE_TSIGTIME:
	case LDNS_RDF_TYPE_EUI48:
		return 6;
	case LDNS_RDF_TYPE_ILNP64:
	case LDNS_RDF_TYPE_EUI64:
		return 8;
	case LDNS_RDF_TYPE_AAAA:
		return 16;
	case LDNS_RDF_TYPE_STR:
	case LDNS_RDF_TYPE_TAG:
	case LDNS_RDF_TYPE_NSEC3_SALT:
	case LDNS_RDF_TYPE_NSEC3_NEXT_OWNER:
		return 1 + (size_t)lr_cursor_u8(&c);
	case LDNS_RDF_TYPE_INT16_DATA:
		return 2 + (size_t)lr_cursor_u16(&c);
	default:
		return REST;
	}
}

/* RFC 4034 section 4.1.2: windows ascend, each with 1 to 32 octets. */
static bool
bitmap_ok(const uint8_t *bitmap, size_t size)
{
	int last = -1;
	while (size > 0) {
		if (size < 2 || bitmap[0] <= last || bitmap[1] < 1 || bitmap[1] > 32 ||
		    size - 2 < bitmap[1])
			return false;
		last = bitmap[0];
		size -= 2 + (size_t)bitmap[1];
		bitmap += 2 + (size_t)bitmap[1];
	}
	return true;
}

/* One field from C to OUT; the octets written, or REST where it does not fit. */
static size_t
read_field(struct lr_cursor *c, uint16_t type, ldns_rdf_type field, uint8_t *out, size_t out_size)
{
	const uint8_t *at = c->at;
	size_t size;

	if (field == LDNS_RDF_TYPE_DNAME) {
		uint8_t name[LR_NAME_MAX];
		size = lr_cursor_name(c, name);
		if (size == 0 || size > out_size ||
		    ((size_t)(c->at - at) != size && !may_compress(type)))
			return REST;
		memcpy(out, name, size);
		return size;
	}
	size = field_size(field, *c);
	if (size == REST)
		size = lr_cursor_left(c);
	at = lr_cursor_bytes(c, size);
	if (!at || size > out_size)
		return REST;
	if (field == LDNS_RDF_TYPE_BITMAP && !bitmap_ok(at, size))
		return REST;
	if (size > 0)
		memcpy(out, at, size);
	return size;
}

enum lr_code
lr_rdata_read(struct lr_cursor *c, uint16_t type, uint16_t length, uint8_t *out, size_t out_size,
    size_t *out_length, struct lr_error *err)
{
	const ldns_rr_descriptor *format = ldns_rr_descript(type);
	struct lr_cursor in = *c; /* ends with the RDATA, but pointers may lead out of it */
	size_t minimum = 0, maximum = 1, written = 0;
	bool known =
	    format && format->_type == type; /* ldns lends unknown types another's format */

	if (meta_type(type))
		return lr_fail(err, LR_EFORMAT, "type %u is not for zones", type);
	if (!lr_cursor_bytes(c, length))
		return lr_fail(err, LR_EFORMAT, "RDATA of type %u runs over the end", type);
	in.end = in.at + length;
	if (known) {
		minimum = ldns_rr_descriptor_minimum(format);
		maximum = ldns_rr_descriptor_maximum(format);
	}
	for (size_t i = 0; i < maximum && (i < minimum || lr_cursor_left(&in) > 0); i++) {
		/* RFC 3597 section 3: unknown types are opaque octets. */
		ldns_rdf_type field =
		    known ? ldns_rr_descriptor_field_type(format, i) : LDNS_RDF_TYPE_UNKNOWN;
		size_t size = read_field(&in, type, field, out + written, out_size - written);
		if (size == REST)
			return lr_fail(
			    err, LR_EFORMAT, "malformed RDATA of type %u, field %zu", type, i + 1);
		written += size;
	}
	if (lr_cursor_left(&in) > 0)
		return lr_fail(err, LR_EFORMAT, "RDATA of type %u has %zu octets too many", type,
		    lr_cursor_left(&in));
	*out_length = written;
	return LR_OK;
}

/* Names of RDATA that are folded, which stand side by side. */
struct span {
	size_t from, to;
};

/*
 * The list of RFC 4034 section 6.2 less HINFO, which has no names, and NSEC (RFC 6840
 * section 5.1). A6 is historic (RFC 6563) and opaque to ldns, so here as well.
 */
static struct span
folded(uint16_t type, const uint8_t *rdata, size_t length)
{
	size_t from = 0;
	unsigned names = 1, strings = 0;

	switch (type) {
	case LDNS_RR_TYPE_NS:
	case LDNS_RR_TYPE_MD:
	case LDNS_RR_TYPE_MF:
	case LDNS_RR_TYPE_CNAME:
	case LDNS_RR_TYPE_MB:
	case LDNS_RR_TYPE_MG:
	case LDNS_RR_TYPE_MR:
	case LDNS_RR_TYPE_PTR:
	case LDNS_RR_TYPE_NXT:
	case LDNS_RR_TYPE_DNAME:
		break;
	case LDNS_RR_TYPE_SOA:
	case LDNS_RR_TYPE_MINFO:
	case LDNS_RR_TYPE_RP:
		names = 2;
		break;
	case LDNS_RR_TYPE_MX:
	case LDNS_RR_TYPE_AFSDB:
	case LDNS_RR_TYPE_RT:
	case LDNS_RR_TYPE_KX:
		from = 2;
		break;
	case LDNS_RR_TYPE_PX:
		from = 2;
		names = 2;
		break;
	case LDNS_RR_TYPE_SRV:
		from = 6;
		break;
	case LDNS_RR_TYPE_NAPTR:
		from = 4;
		strings = 3;
		break;
	case LDNS_RR_TYPE_SIG:
	case LDNS_RR_TYPE_RRSIG:
		from = 18;
		break;
	default:
		return (struct span){0, 0};
	}
	while (strings-- > 0 && from < length)
		from += 1 + (size_t)rdata[from];
	size_t to = from;
	while (names-- > 0) {
		while (to < length && rdata[to] != 0)
			to += 1 + (size_t)rdata[to];
		to++;
	}
	return (struct span){from, to < length ? to : length};
}

/* An octet of the canonical form. Lengths of labels are below
 * 64 and so below 'A': folding every octet leaves them alone. */
static uint8_t
canonical(struct span names, const uint8_t *rdata, size_t at)
{
	return at >= names.from && at < names.to ? lr_fold[rdata[at]] : rdata[at];
}

void
lr_rdata_canonical(uint16_t type, const uint8_t *rdata, size_t length, uint8_t *out)
{
	struct span names = folded(type, rdata, length);
	if (length > 0)
		memcpy(out, rdata, length);
	for (size_t at = names.from; at < names.to; at++)
		out[at] = lr_fold[rdata[at]];
}

int
lr_rdata_compare(
    uint16_t type, const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length)
{
	size_t shorter = a_length < b_length ? a_length : b_length;
	/* Folding only matters where the octets differ, and then both forms keep their lengths. */
	if (shorter > 0 && memcmp(a, b, shorter) != 0) {
		struct span names_a = folded(type, a, a_length),
			    names_b = folded(type, b, b_length);
		for (size_t at = 0; at < shorter; at++) {
			int order = canonical(names_a, a, at) - canonical(names_b, b, at);
			if (order != 0)
				return order;
		}
	}
	return (a_length > b_length) - (a_length < b_length);
}

bool
lr_rdata_known(uint16_t type)
{
	return ldns_rr_descript(type)->_type == type;
}
