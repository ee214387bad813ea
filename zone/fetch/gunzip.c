/* gunzip.c -- a stream that unpacks. */
#include "gunzip.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <zlib.h>

enum { OCTETS_A_STEP = 16 }; /* packed ones; lr_stop_step() */

#define WINDOW_GZIP (15 + 16) /* inflateInit2(): the largest window, a gzip header */

struct lr_gunzip {
	FILE *in, *stream;
	struct lr_stop *stop; /* or NULL */
	size_t max, given;
	bool begun, packed;
	bool whole; /* the last member of the file has come to its end */
	z_stream z;
	struct lr_error err;
	unsigned char buffer[32768];
};

static ssize_t
failed(struct lr_gunzip *g, enum lr_code code, const char *why)
{
	lr_fail(&g->err, code, "%s", why);
	errno = EIO;
	return -1;
}

/* Reads more of the other stream, once nothing is left. False: it cannot be read. */
static bool
refill(struct lr_gunzip *g)
{
	if (g->z.avail_in > 0)
		return true;
	g->z.next_in = g->buffer;
	g->z.avail_in = (uInt)fread(g->buffer, 1, sizeof(g->buffer), g->in);
	return !ferror(g->in);
}

/* Looks at the first octets. */
static ssize_t
begin(struct lr_gunzip *g)
{
	g->begun = true;
	if (!refill(g))
		return failed(g, LR_EIO, strerror(errno));
	g->packed = g->z.avail_in >= 2 && g->buffer[0] == 0x1f && g->buffer[1] == 0x8b;
	if (g->packed && inflateInit2(&g->z, WINDOW_GZIP) != Z_OK) {
		g->packed = false;
		return failed(g, LR_ENOMEM, "out of memory");
	}
	return 0;
}

static ssize_t
read_plain(struct lr_gunzip *g, char *octets, size_t size)
{
	if (!refill(g))
		return failed(g, LR_EIO, strerror(errno));
	if (size > g->z.avail_in)
		size = g->z.avail_in;
	memcpy(octets, g->z.next_in, size);
	g->z.next_in += size;
	g->z.avail_in -= (uInt)size;
	return (ssize_t)size;
}

/* One step of unpacking: *GOT may be 0 while there is more. */
static ssize_t
unpack(struct lr_gunzip *g, char *octets, size_t size, size_t *got)
{
	if (g->whole && inflateReset(&g->z) != Z_OK) /* another member (RFC 1952 section 2.2) */
		return failed(g, LR_EIO, "zlib fails");
	g->whole = false;
	g->z.next_out = (unsigned char *)octets;
	g->z.avail_out = (uInt)size;
	uInt left = g->z.avail_in;
	int result = inflate(&g->z, Z_NO_FLUSH);
	*got = size - g->z.avail_out;
	g->whole = result == Z_STREAM_END;
	if (result == Z_MEM_ERROR)
		return failed(g, LR_ENOMEM, "out of memory");
	if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
		return failed(g, LR_EFORMAT, "the gzip data is garbled");
	g->given += *got;
	if (g->given > g->max)
		lr_fail(&g->err, LR_ELIMIT, "unpacks to more than %zu octets", g->max);
	else
		(void)lr_stop_step(g->stop, 1 + (left - g->z.avail_in) / OCTETS_A_STEP, &g->err);
	if (g->err.code == LR_OK)
		return 0;
	errno = EIO;
	return -1;
}

static ssize_t
read_packed(struct lr_gunzip *g, char *octets, size_t size)
{
	size_t got = 0;
	while (got == 0) {
		if (!refill(g))
			return failed(g, LR_EIO, strerror(errno));
		if (g->z.avail_in == 0)
			return g->whole ? 0 : failed(g, LR_EFORMAT, "the gzip data ends too early");
		if (unpack(g, octets, size, &got) != 0)
			return -1;
	}
	return (ssize_t)got;
}

static ssize_t
on_read(void *cookie, char *octets, size_t size)
{
	struct lr_gunzip *g = cookie;
	if (g->err.code != LR_OK || (!g->begun && begin(g) != 0)) {
		errno = EIO;
		return -1;
	}
	return g->packed ? read_packed(g, octets, size) : read_plain(g, octets, size);
}

enum lr_code
lr_gunzip_open(FILE *in, size_t max, struct lr_stop *stop, struct lr_gunzip **gunzip, FILE **stream,
    struct lr_error *err)
{
	struct lr_gunzip *g = calloc(1, sizeof(*g));
	if (!g)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	g->in = in;
	g->stop = stop;
	g->max = max;
	g->stream = fopencookie(g, "r", (cookie_io_functions_t){.read = on_read});
	if (!g->stream) {
		free(g);
		return lr_fail(err, LR_ENOMEM, "out of memory");
	}
	*gunzip = g;
	*stream = g->stream;
	return LR_OK;
}

enum lr_code
lr_gunzip_close(struct lr_gunzip *g, struct lr_error *err)
{
	if (!g)
		return LR_OK;
	enum lr_code code = g->err.code;
	if (code != LR_OK)
		lr_fail(err, code, "%s", g->err.text);
	fclose(g->stream);
	if (g->packed)
		(void)inflateEnd(&g->z);
	free(g);
	return code;
}
