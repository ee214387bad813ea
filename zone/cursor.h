/*
 * cursor.h -- a bounded reader for bytes from outside.
 *
 * The error sticks: after the first read past the end every read gives zero or NULL, and the caller
 * asks once, at the end, with lr_cursor_ok(). Nothing is copied or owned. Not for sharing between
 * threads.
 */
#ifndef LR_CURSOR_H
#define LR_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lr_cursor {
	const uint8_t *start; /* of the message: compression pointers count from here */
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

static inline struct lr_cursor
lr_cursor_init(const void *bytes, size_t size)
{
	const uint8_t *start = bytes;
	return (struct lr_cursor){start, start, start + size, false};
}

static inline bool
lr_cursor_ok(const struct lr_cursor *c)
{
	return !c->failed;
}

static inline size_t
lr_cursor_left(const struct lr_cursor *c)
{
	return c->failed ? 0 : (size_t)(c->end - c->at);
}

/* The next SIZE bytes in place, or NULL. */
static inline const uint8_t *
lr_cursor_bytes(struct lr_cursor *c, size_t size)
{
	const uint8_t *bytes = c->at;
	if (c->failed || (size_t)(c->end - c->at) < size) {
		c->failed = true;
		return NULL;
	}
	c->at += size;
	return bytes;
}

static inline uint8_t
lr_cursor_u8(struct lr_cursor *c)
{
	const uint8_t *b = lr_cursor_bytes(c, 1);
	return b ? b[0] : 0;
}

static inline uint16_t
lr_cursor_u16(struct lr_cursor *c)
{
	const uint8_t *b = lr_cursor_bytes(c, 2);
	return b ? (uint16_t)(b[0] << 8 | b[1]) : 0;
}

static inline uint32_t
lr_cursor_u32(struct lr_cursor *c)
{
	const uint8_t *b = lr_cursor_bytes(c, 4);
	return b ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3] : 0;
}

/*
 * Reads a domain name, following compression pointers (RFC 1035 section 4.1.4) backwards only, into
 * NAME, uncompressed, in the case received. Returns its length, 1 to 255, or 0 with the error set.
 */
size_t lr_cursor_name(struct lr_cursor *c, uint8_t name[255]);

#endif
