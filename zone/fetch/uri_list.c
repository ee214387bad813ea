/* uri_list.c -- a file of sources. */
#include "uri_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
		else
			skipped->line(skipped->arg, number, why.text);
	}
}

enum lr_code
lr_uri_list_read(FILE *in, const struct lr_uri_list_skipped *skipped, struct lr_uri **uris,
    size_t *count, struct lr_error *err)
{
	enum lr_code code = LR_OK;
	char *text = malloc(LR_URI_LIST_OCTETS + 2);
	struct lr_uri *read = calloc(LR_URI_LIST_MAX, sizeof(*read));
	if (!text || !read) {
		code = lr_fail(err, LR_ENOMEM, "out of memory");
		goto out;
	}
	size_t length = fread(text, 1, LR_URI_LIST_OCTETS + 1, in);
	text[length] = '\0';
	if (ferror(in)) {
		code = lr_fail(err, lr_code_of_errno(errno), "%s", strerror(errno));
	} else if (length > LR_URI_LIST_OCTETS) {
		code = lr_fail(err, LR_ELIMIT, "larger than %d octets", LR_URI_LIST_OCTETS);
	} else if (strlen(text) != length) {
		code = lr_fail(err, LR_EFORMAT, "not a text file");
	} else {
		*count = 0;
		read_lines(text, skipped, read, count);
		*uris = read;
		read = NULL;
	}
out:
	free(text);
	free(read);
	return code;
}
