/* uri_list.c -- a file of sources. */
#include "uri_list.h"
#include "whole_file.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldns/sha2.h>

/* What stands on the line before a comment, without white space around it. */
static char *
content(char *line)
{
	for (char *c = strchr(line, '#'); c; c = strchr(c + 1, '#'))
		if (c == line || c[-1] == ' ' || c[-1] == '\t')
			*c = '\0'; /* elsewhere it is part of the URI */
	line += strspn(line, " \t\r");
	for (size_t length = strlen(line); length && strchr(" \t\r", line[length - 1]);)
		line[--length] = '\0';
	return line;
}

static void
read_lines(
    char *text, const struct lr_uri_list_skipped *skipped, struct lr_uri *uris, size_t *count)
{
	struct lr_error why;
	char *line;
	for (unsigned number = 1; (line = strsep(&text, "\n")); number++) {
		line = content(line);
		if (!*line)
			continue;
		if (*count == LR_URI_LIST_MAX) {
			lr_fail(&why, LR_ELIMIT, "more than %d sources: the rest is left out",
			    LR_URI_LIST_MAX);
			skipped->line(skipped->arg, number, why.text);
			return;
		}
		if (lr_uri_parse(line, &uris[*count], &why) == LR_OK)
			++*count;
		else if (!lr_uri_is_foreign(line))
			skipped->line(skipped->arg, number, why.text);
	}
}

/* The line that ends the list, or NULL. */
static char *
find_end(char *text)
{
	for (char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strncmp(line, "----", 4) == 0 &&
		    strspn(line + 4, " \t\r") == strcspn(line + 4, "\n"))
			return line;
	return NULL;
}

/* Behind that line: the kind of check, and its value for what precedes the line. */
static enum lr_code
check_end(const char *text, const char *end, struct lr_error *err)
{
	unsigned char hash[LDNS_SHA256_DIGEST_LENGTH];
	char kind[16] = "", value[80] = "", right[2 * sizeof(hash) + 1];
	const char *next = strchr(end, '\n');
	if (!next || sscanf(next, " %15[^: \t\r\n]%*[: \t]%79s", kind, value) != 2)
		return lr_fail(err, LR_EFORMAT, "no check behind its \"----\"");
	if (strcmp(kind, "SHA256") != 0)
		return lr_fail(err, LR_EFORMAT, "a check that is not SHA256");
	ldns_sha256((const unsigned char *)text, (unsigned)(end - text), hash);
	for (size_t i = 0; i < sizeof(hash); i++)
		snprintf(right + 2 * i, 3, "%02x", hash[i]);
	if (strcasecmp(value, right) != 0)
		return lr_fail(err, LR_EFORMAT, "its SHA256 is another");
	return LR_OK;
}

enum lr_code
lr_uri_list_read(FILE *in, const struct lr_uri_list_skipped *skipped, struct lr_uri **uris,
    size_t *count, struct lr_error *err)
{
	char *text = malloc(LR_URI_LIST_OCTETS + 2);
	struct lr_uri *read = calloc(LR_URI_LIST_MAX, sizeof(*read));
	enum lr_code code = text && read ? lr_whole_file_read(in, text, LR_URI_LIST_OCTETS, err)
					 : lr_fail(err, LR_ENOMEM, "out of memory");
	char *end = code == LR_OK ? find_end(text) : NULL;
	if (end) {
		code = check_end(text, end, err);
		*end = '\0';
	}
	if (code == LR_OK) {
		*count = 0;
		read_lines(text, skipped, read, count);
		*uris = read;
		read = NULL;
	}
	free(text);
	free(read);
	return code;
}
