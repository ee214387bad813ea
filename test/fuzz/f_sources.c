/* What a web server may send, by its first octet: a list of sources, or a master file, packed or
 * not; and what a redirect leads to. */
#include "fuzz.h"
#include "gunzip.h"
#include "uri_list.h"

#include <stdlib.h>
#include <string.h>

static void
skip_line(void *arg, unsigned number, const char *why)
{
	(void)arg, (void)number, (void)why;
}

static void
list(FILE *in)
{
	const struct lr_uri_list_skipped skipped = {skip_line, NULL};
	struct lr_uri *uris = NULL;
	size_t count = 0;
	if (lr_uri_list_read(in, &skipped, &uris, &count, NULL) == LR_OK && count > LR_URI_LIST_MAX)
		abort();
	free(uris);
}

static void
unpack(FILE *in)
{
	enum { MAX = 1 << 20 };
	struct lr_gunzip *gunzip;
	char octets[4096];
	size_t size, total = 0;
	FILE *stream;
	if (lr_gunzip_open(in, MAX, NULL, &gunzip, &stream, NULL) != LR_OK)
		return;
	while ((size = fread(octets, 1, sizeof(octets), stream)) > 0)
		total += size;
	if (lr_gunzip_close(gunzip, NULL) == LR_OK && total > MAX)
		abort();
}

static void
uri(const uint8_t *bytes, size_t size)
{
	struct lr_uri parsed;
	struct lr_proxy proxy;
	char text[2048];
	if (size >= sizeof(text))
		return;
	memcpy(text, bytes, size);
	text[size] = '\0';
	(void)lr_uri_is_foreign(text);
	(void)lr_uri_parse(text, &parsed, NULL);
	(void)lr_proxy_parse(text, &proxy, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size < 2)
		return 0;
	FILE *in = fmemopen((void *)(uintptr_t)(bytes + 1), size - 1, "r");
	if (!in)
		return 0;
	if (bytes[0] == 'l')
		list(in);
	else if (bytes[0] == 'u')
		uri(bytes + 1, size - 1);
	else
		unpack(in);
	fclose(in);
	return 0;
}
