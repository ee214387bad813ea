#include "cursor.h"

#include <string.h>

size_t
lr_cursor_name(struct lr_cursor *c, uint8_t name[255])
{
	const uint8_t *at = c->at;
	const uint8_t *after = NULL; /* where reading goes on behind the first pointer */
	const uint8_t *lowest = c->at;
	size_t length = 0;

	while (!c->failed) {
		if (at >= c->end)
			break;
		uint8_t octet = *at;
		if (octet >= 0xc0) {
			if (c->end - at < 2)
				break;
			const uint8_t *target = c->start + ((octet & 0x3f) << 8 | at[1]);
			if (!after)
				after = at + 2;
			/* Strictly backwards, so that every chain of pointers ends. */
			if (target >= lowest)
				break;
			at = lowest = target;
			continue;
		}
		if (octet > 63 || c->end - at < 1 + octet || length + 1 + octet > 255)
			break;
		memcpy(name + length, at, 1 + (size_t)octet);
		length += 1 + (size_t)octet;
		at += 1 + octet;
		if (octet == 0) {
			c->at = after ? after : at;
			return length;
		}
	}
	c->failed = true;
	return 0;
}
