/* put_message.h -- DNS messages for tests, put together octet by octet. */
#ifndef TEST_PUT_MESSAGE_H
#define TEST_PUT_MESSAGE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct message {
	size_t size;
	uint8_t bytes[65536];
};

static inline void
put(struct message *m, const void *bytes, size_t size)
{
	if (size > sizeof(m->bytes) - m->size)
		abort();
	if (size)
		memcpy(m->bytes + m->size, bytes, size);
	m->size += size;
}

static inline void
put8(struct message *m, unsigned value)
{
	uint8_t octet = (uint8_t)value;
	put(m, &octet, 1);
}

static inline void
put16(struct message *m, unsigned value)
{
	put8(m, value >> 8);
	put8(m, value & 0xff);
}

static inline void
put32(struct message *m, uint32_t value)
{
	put16(m, value >> 16);
	put16(m, value & 0xffff);
}

/* "a.nic.": labels without escapes, always absolute */
static inline void
put_name(struct message *m, const char *name)
{
	while (*name && strcmp(name, ".") != 0) {
		size_t length = strcspn(name, ".");
		put8(m, (unsigned)length);
		put(m, name, length);
		name += length + (name[length] == '.');
	}
	put8(m, 0);
}

static inline void
put_header(struct message *m, unsigned id, unsigned flags, unsigned questions, unsigned answers,
    unsigned additionals)
{
	m->size = 0;
	put16(m, id);
	put16(m, flags);
	put16(m, questions);
	put16(m, answers);
	put16(m, 0);
	put16(m, additionals);
}

static inline void
put_question(struct message *m, const char *name, unsigned type)
{
	put_name(m, name);
	put16(m, type);
	put16(m, 1);
}

/* Everything up to RDATA, of class IN */
static inline void
put_fixed(struct message *m, const char *owner, unsigned type, uint32_t ttl, size_t length)
{
	put_name(m, owner);
	put16(m, type);
	put16(m, 1);
	put32(m, ttl);
	put16(m, (unsigned)length);
}

/* SOA of the root: mname "a.", rname "b.", RDATA of 3 + 3 + 20 octets */
static inline void
put_soa(struct message *m, uint32_t serial)
{
	put_fixed(m, ".", 6, 86400, 26);
	put_name(m, "a.");
	put_name(m, "b.");
	put32(m, serial);
	put32(m, 1800);
	put32(m, 900);
	put32(m, 604800);
	put32(m, 86400);
}

static inline void
put_a(struct message *m, const char *owner, uint32_t address)
{
	put_fixed(m, owner, 1, 172800, 4);
	put32(m, address);
}

#endif
