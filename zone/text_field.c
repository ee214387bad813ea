/* text_field.c -- the fields of a master file: tokens to wire form. */
#include "text_field.h"

#include <arpa/inet.h>
#include <ldns/ldns.h>
#include <string.h>
#include <strings.h>

/* Where the RDATA goes; full once something did not fit. */
struct out {
	uint8_t *at, *end;
};

static bool
put(struct out *out, const void *bytes, size_t size)
{
	if ((size_t)(out->end - out->at) < size)
		return false;
	memcpy(out->at, bytes, size);
	out->at += size;
	return true;
}

static bool
put_number(struct out *out, uint32_t value, unsigned octets)
{
	uint8_t bytes[4] = {
	    value >> 24 & 0xff, value >> 16 & 0xff, value >> 8 & 0xff, value & 0xff};
	return put(out, bytes + 4 - octets, octets);
}

/* Decimal digits up to a limit, and where they end. */
static bool
read_number(const char **text, uint64_t limit, uint64_t *value)
{
	const char *at = *text;
	uint64_t number = 0;
	for (; *at >= '0' && *at <= '9'; at++) {
		number = number * 10 + (uint64_t)(*at - '0');
		if (number > limit)
			return false;
	}
	if (at == *text)
		return false;
	*text = at;
	*value = number;
	return true;
}

static bool
whole_number(const char *text, uint64_t limit, uint64_t *value)
{
	return read_number(&text, limit, value) && *text == '\0';
}

/* One octet of a name or a string after a backslash: three digits or the character itself. */
static bool
escaped(const char **text, uint8_t *octet)
{
	const char *at = *text;
	if (*at >= '0' && *at <= '9') {
		unsigned value = 0;
		for (int i = 0; i < 3; i++, at++) {
			if (*at < '0' || *at > '9')
				return false;
			value = value * 10 + (unsigned)(*at - '0');
		}
		if (value > 255)
			return false;
		*octet = (uint8_t)value;
	} else if (*at != '\0') {
		*octet = (uint8_t)*at++;
	} else {
		return false;
	}
	*text = at;
	return true;
}

size_t
lr_field_name(const char *text, const uint8_t *origin, uint8_t name[LR_NAME_MAX])
{
	size_t origin_length = lr_name_length(origin, LR_NAME_MAX);
	size_t length = 1, label = 0; /* label: where the length octet of the current one is */

	if (strcmp(text, "@") == 0) {
		memcpy(name, origin, origin_length);
		return origin_length;
	}
	if (strcmp(text, ".") == 0) {
		name[0] = 0;
		return 1;
	}
	while (*text) {
		uint8_t octet = (uint8_t)*text++;
		if (octet == '.') {
			if (length == label + 1 || length >= LR_NAME_MAX)
				return 0;
			name[label] = (uint8_t)(length - label - 1);
			label = length++;
			continue;
		}
		if (octet == '\\' && !escaped(&text, &octet))
			return 0;
		if (length >= LR_NAME_MAX || length - label > 63)
			return 0;
		name[length++] = octet;
	}
	if (length == label + 1) { /* ended by a dot, or empty */
		name[label] = 0;
		return label ? length : 0;
	}
	if (length + origin_length > LR_NAME_MAX)
		return 0;
	name[label] = (uint8_t)(length - label - 1);
	memcpy(name + length, origin, origin_length);
	return length + origin_length;
}

bool
lr_field_ttl(const char *text, uint32_t *seconds)
{
	static const char units[] = "sSmMhHdDwW";
	static const uint32_t lengths[] = {1, 60, 3600, 86400, 604800};
	uint64_t total = 0, value;
	do {
		if (!read_number(&text, INT32_MAX, &value))
			return false;
		if (*text) {
			const char *unit = strchr(units, *text++);
			if (!unit)
				return false;
			value *= lengths[(unit - units) / 2];
		}
		total += value;
		if (total > INT32_MAX)
			return false;
	} while (*text);
	*seconds = (uint32_t)total;
	return true;
}

uint16_t
lr_field_type(const char *text)
{
	/* Most of a root zone; ldns compares with each of a hundred names. */
	static const struct {
		char name[8];
		uint16_t type;
	} common[] = {
	    {"NS", LDNS_RR_TYPE_NS},
	    {"A", LDNS_RR_TYPE_A},
	    {"AAAA", LDNS_RR_TYPE_AAAA},
	    {"RRSIG", LDNS_RR_TYPE_RRSIG},
	    {"DS", LDNS_RR_TYPE_DS},
	    {"NSEC", LDNS_RR_TYPE_NSEC},
	};
	uint64_t number;

	for (size_t i = 0; i < sizeof(common) / sizeof(*common); i++)
		if (strcasecmp(text, common[i].name) == 0)
			return common[i].type;
	if (strncasecmp(text, "TYPE", 4) == 0) /* strictly: ldns takes TYPE65537 for TYPE1 */
		return whole_number(text + 4, UINT16_MAX, &number) ? (uint16_t)number : 0;
	return (uint16_t)ldns_get_rr_type_by_name(text);
}

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* One character-string (RFC 1035 section 5.1), quoted or not: up to 255 octets and their number. */
static bool
put_string(struct out *out, const char *text)
{
	uint8_t string[1 + UINT8_MAX];
	size_t length = 0;
	while (*text) {
		uint8_t octet = (uint8_t)*text++;
		if ((octet == '\\' && !escaped(&text, &octet)) || length == UINT8_MAX)
			return false;
		string[++length] = octet;
	}
	string[0] = (uint8_t)length;
	return put(out, string, 1 + length);
}

/* The remaining tokens, as if written together: digits may be split anywhere. */
static bool
put_hex(struct out *out, const struct lr_token *tokens, size_t count)
{
	int high = -1;
	for (; count > 0; tokens++, count--) {
		for (const char *at = tokens->text; *at; at++) {
			int digit = hex_digit(*at);
			if (digit < 0)
				return false;
			if (high < 0) {
				high = digit;
				continue;
			}
			if (out->at == out->end)
				return false;
			*out->at++ = (uint8_t)(high << 4 | digit);
			high = -1;
		}
	}
	return high < 0;
}

/* RFC 4648 table 1, each value plus one, from ' ' on; zero is no digit. */
/* clang-format off */
static const uint8_t base64[96] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 63, 0, 0, 0, 64, 53, 54, 55, 56, 57, 58, 59, 60,
    61, 62, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 0, 0, 0, 0, 0, 0, 27, 28, 29, 30, 31, 32, 33,
    34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 0, 0, 0, 0, 0,
};
/* clang-format on */

static int
base64_digit(char c)
{
	return c >= ' ' ? base64[c - ' '] - 1 : -1;
}

/* RFC 4648 section 4, with padding. */
static bool
put_base64(struct out *out, const struct lr_token *tokens, size_t count)
{
	uint32_t bits = 0;
	unsigned have = 0, padding = 0;
	for (; count > 0; tokens++, count--) {
		for (const char *at = tokens->text; *at; at++) {
			int digit = base64_digit(*at);
			if (*at == '=' && have >= 2 && have + padding < 4) {
				padding++;
				continue;
			}
			if (digit < 0 || padding > 0)
				return false;
			bits = bits << 6 | (uint32_t)digit;
			if (++have < 4)
				continue;
			if (!put_number(out, bits, 3))
				return false;
			bits = 0;
			have = 0;
		}
	}
	if (have == 0)
		return true;
	if (have + padding != 4 || (bits & ((1u << 2 * padding) - 1)) != 0)
		return false; /* nor bits behind the last octet (RFC 4648 section 3.5) */
	return put_number(out, bits << 6 * padding >> 8 * padding, 3 - padding);
}

/* RFC 4034 section 4.1.2; also no types at all, as in an NSEC3 of an empty name. */
static bool
put_bitmap(struct out *out, const struct lr_token *tokens, size_t count)
{
	uint8_t bits[8192] = {0};
	unsigned windows = 0;
	for (; count > 0; tokens++, count--) {
		uint16_t type = lr_field_type(tokens->text);
		if (type == 0)
			return false;
		if (windows <= type / 256u)
			windows = type / 256u + 1;
		bits[type / 8] |= (uint8_t)(0x80 >> type % 8);
	}
	for (unsigned window = 0; window < windows; window++) {
		const uint8_t *block = bits + (size_t)window * 32;
		unsigned size = 32;
		while (size > 0 && block[size - 1] == 0)
			size--;
		if (size > 0 && (!put_number(out, window << 8 | size, 2) || !put(out, block, size)))
			return false;
	}
	return true;
}

/* YYYYMMDDHHmmSS, or seconds (RFC 4034 section 3.2: the two differ in their length). */
static bool
put_time(struct out *out, const struct lr_token *token)
{
	static const uint16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	static const uint8_t days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	uint64_t number;

	if (token->length != 14)
		return whole_number(token->text, UINT32_MAX, &number) &&
		       put_number(out, (uint32_t)number, 4);
	if (!whole_number(token->text, UINT64_MAX / 16, &number))
		return false;
	unsigned second = (unsigned)(number % 100), minute = (unsigned)(number / 100 % 100);
	unsigned hour = (unsigned)(number / 10000 % 100), day = (unsigned)(number / 1000000 % 100);
	unsigned month = (unsigned)(number / 100000000 % 100);
	unsigned year = (unsigned)(number / 10000000000);
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days[month - 1] ||
	    hour > 23 || minute > 59 || second > 60)
		return false;
	/* Leap years up to the one before, and this one's leap day where it has passed. */
	unsigned past = month > 2 ? year : year - 1;
	unsigned leaps = past / 4 - past / 100 + past / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400);
	uint64_t since = (uint64_t)(year - 1970) * 365 + leaps + before[month - 1] + day - 1;
	since = ((since * 24 + hour) * 60 + minute) * 60 + second;
	return put_number(out, (uint32_t)since, 4); /* modulo 2^32, RFC 4034 section 3.1.5 */
}

/* \# LENGTH HEX… */
static bool
put_generic(struct out *out, const struct lr_token *tokens, size_t count)
{
	const uint8_t *start = out->at;
	uint64_t length;
	return count > 0 && whole_number(tokens[0].text, UINT16_MAX, &length) &&
	       put_hex(out, tokens + 1, count - 1) && (size_t)(out->at - start) == length;
}

static bool
put_field(struct out *out, ldns_rdf_type field, const struct lr_token *token, const uint8_t *origin,
    bool *foreign)
{
	const ldns_lookup_table *named;
	uint8_t bytes[LR_NAME_MAX];
	uint64_t number;
	uint32_t seconds;
	size_t size;

	switch (field) {
	case LDNS_RDF_TYPE_DNAME:
		size = lr_field_name(token->text, origin, bytes);
		return size > 0 && put(out, bytes, size);
	case LDNS_RDF_TYPE_STR:
		return put_string(out, token->text);
	case LDNS_RDF_TYPE_ALG:
		named = ldns_lookup_by_name(ldns_algorithms, token->text); /* RSASHA256 */
		if (named)
			return put_number(out, (uint32_t)named->id, 1);
		/* fall through */
	case LDNS_RDF_TYPE_INT8:
		return whole_number(token->text, UINT8_MAX, &number) &&
		       put_number(out, (uint32_t)number, 1);
	case LDNS_RDF_TYPE_INT16:
		return whole_number(token->text, UINT16_MAX, &number) &&
		       put_number(out, (uint32_t)number, 2);
	case LDNS_RDF_TYPE_INT32:
		return whole_number(token->text, UINT32_MAX, &number) &&
		       put_number(out, (uint32_t)number, 4);
	case LDNS_RDF_TYPE_PERIOD:
		/* RFC 2181 section 8 bounds TTLs, not the SOA's timers. */
		if (whole_number(token->text, UINT32_MAX, &number))
			return put_number(out, (uint32_t)number, 4);
		return lr_field_ttl(token->text, &seconds) && put_number(out, seconds, 4);
	case LDNS_RDF_TYPE_TIME:
		return put_time(out, token);
	case LDNS_RDF_TYPE_TYPE:
		number = lr_field_type(token->text);
		return number != 0 && put_number(out, (uint32_t)number, 2);
	case LDNS_RDF_TYPE_A:
		return inet_pton(AF_INET, token->text, bytes) == 1 && put(out, bytes, 4);
	case LDNS_RDF_TYPE_AAAA:
		return inet_pton(AF_INET6, token->text, bytes) == 1 && put(out, bytes, 16);
	default:
		*foreign = true;
		return false;
	}
}

bool
lr_field_rdata(uint16_t type, const struct lr_token *tokens, size_t count, const uint8_t *origin,
    uint8_t *rdata, size_t size, size_t *length, struct lr_field_fault *fault)
{
	const ldns_rr_descriptor *format = ldns_rr_descript(type);
	struct out out = {rdata, rdata + size};
	size_t used = 0;
	bool ok = true;

	*fault = (struct lr_field_fault){.token = 0};
	if (count > 0 && !tokens[0].quoted && strcmp(tokens[0].text, "\\#") == 0) {
		if (!put_generic(&out, tokens + 1, count - 1))
			return false;
		*length = (size_t)(out.at - rdata);
		return true;
	}
	if (!format || format->_type != type)
		return false; /* unknown: nothing but the generic form */
	for (size_t i = 0; ok && i < ldns_rr_descriptor_maximum(format); i++) {
		ldns_rdf_type field = ldns_rr_descriptor_field_type(format, i);
		fault->token = used;
		bool rest = field == LDNS_RDF_TYPE_HEX || field == LDNS_RDF_TYPE_B64 ||
			    field == LDNS_RDF_TYPE_BITMAP;
		if (used == count && i < ldns_rr_descriptor_minimum(format))
			return false;
		if (!rest && used == count)
			break;
		if (field == LDNS_RDF_TYPE_HEX)
			ok = put_hex(&out, tokens + used, count - used);
		else if (field == LDNS_RDF_TYPE_B64)
			ok = put_base64(&out, tokens + used, count - used);
		else if (field == LDNS_RDF_TYPE_BITMAP)
			ok = put_bitmap(&out, tokens + used, count - used);
		else
			ok = put_field(&out, field, &tokens[used], origin, &fault->foreign);
		used = rest ? count : used + 1;
	}
	if (!ok)
		return false;
	fault->token = used;
	if (used < count)
		return false;
	*length = (size_t)(out.at - rdata);
	return true;
}
