#include "name.h"
#include "text_field.h"

#include <string.h>

#define ROW(f, b) f(b) f(b + 1) f(b + 2) f(b + 3) f(b + 4) f(b + 5) f(b + 6) f(b + 7)
#define LOWER(b) (uint8_t)((b) >= 'A' && (b) <= 'Z' ? (b) + 32 : (b)),
#define OCTAVE(b) ROW(LOWER, b) ROW(LOWER, b + 8) ROW(LOWER, b + 16) ROW(LOWER, b + 24)

const uint8_t lr_fold[256] = {
    OCTAVE(0) OCTAVE(32) OCTAVE(64) OCTAVE(96) OCTAVE(128) OCTAVE(160) OCTAVE(192) OCTAVE(224)};

size_t
lr_name_length(const uint8_t *bytes, size_t size)
{
	size_t length = 0;
	while (length < size && length < LR_NAME_MAX) {
		uint8_t label = bytes[length];
		if (label > 63)
			return 0;
		length += 1 + (size_t)label;
		if (label == 0)
			return length;
	}
	return 0;
}

unsigned
lr_name_labels(const uint8_t *name)
{
	unsigned labels = 0;
	for (; *name; name += 1 + *name)
		labels++;
	return labels;
}

const uint8_t *
lr_name_parent(const uint8_t *name, unsigned count)
{
	for (; count; count--)
		name += 1 + *name;
	return name;
}

static bool
label_equal(const uint8_t *a, const uint8_t *b)
{
	/* The length octet is below 64, so folding leaves it alone. */
	for (unsigned i = 0, end = *a; i <= end; i++)
		if (lr_fold[a[i]] != lr_fold[b[i]])
			return false;
	return true;
}

bool
lr_name_equal(const uint8_t *a, const uint8_t *b)
{
	while (label_equal(a, b)) {
		if (*a == 0)
			return true;
		a += 1 + *a;
		b += 1 + *b;
	}
	return false;
}

static int
label_compare(const uint8_t *a, const uint8_t *b)
{
	unsigned shorter = *a < *b ? *a : *b;
	for (unsigned i = 1; i <= shorter; i++)
		if (lr_fold[a[i]] != lr_fold[b[i]])
			return lr_fold[a[i]] - lr_fold[b[i]];
	return *a - *b;
}

static unsigned
label_starts(const uint8_t *name, uint8_t starts[LR_LABELS_MAX])
{
	unsigned labels = 0;
	for (unsigned at = 0; name[at]; at += 1u + name[at])
		starts[labels++] = (uint8_t)at;
	return labels;
}

int
lr_name_compare(const uint8_t *a, const uint8_t *b)
{
	uint8_t starts_a[LR_LABELS_MAX], starts_b[LR_LABELS_MAX];
	unsigned labels_a = label_starts(a, starts_a), labels_b = label_starts(b, starts_b);
	while (labels_a && labels_b) {
		int order = label_compare(a + starts_a[--labels_a], b + starts_b[--labels_b]);
		if (order)
			return order;
	}
	return (int)labels_a - (int)labels_b;
}

bool
lr_name_within(const uint8_t *name, const uint8_t *above)
{
	unsigned labels = lr_name_labels(name), labels_above = lr_name_labels(above);
	return labels >= labels_above &&
	       lr_name_equal(lr_name_parent(name, labels - labels_above), above);
}

uint64_t
lr_name_key(const uint8_t *name, unsigned origin_labels)
{
	unsigned labels = lr_name_labels(name);
	if (labels <= origin_labels)
		return 0;
	const uint8_t *label = lr_name_parent(name, labels - origin_labels - 1);
	uint64_t key = 0;
	for (unsigned i = 1; i <= 8; i++)
		key = key << 8 | (i <= *label ? lr_fold[label[i]] : 0);
	return key;
}

const char *
lr_name_text(const uint8_t *name, char text[LR_NAME_TEXT_MAX])
{
	static const char digits[] = "0123456789";
	static const bool special[256] = {['.'] = true,
	    ['\\'] = true,
	    ['"'] = true,
	    ['('] = true,
	    [')'] = true,
	    [';'] = true,
	    ['@'] = true,
	    ['$'] = true};
	char *out = text;
	if (!*name)
		*out++ = '.';
	for (; *name; name += 1 + *name) {
		for (unsigned i = 1; i <= *name; i++) {
			uint8_t octet = name[i];
			if (octet <= ' ' || octet >= 0x7f) { /* RFC 1035 section 5.1 */
				*out++ = '\\';
				*out++ = digits[octet / 100];
				*out++ = digits[octet / 10 % 10];
				*out++ = digits[octet % 10];
				continue;
			}
			if (special[octet])
				*out++ = '\\';
			*out++ = (char)octet;
		}
		*out++ = '.';
	}
	*out = '\0';
	return text;
}

bool
lr_name_parse(const char *text, uint8_t name[LR_NAME_MAX], size_t *length)
{
	static const uint8_t root[] = {0};
	uint8_t parsed[LR_NAME_MAX];
	size_t size = lr_field_name(text, root, parsed);
	if (size == 0)
		return false;
	memcpy(name, parsed, size);
	*length = size;
	return true;
}
