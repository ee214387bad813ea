#include "whole_file.h"

#include <errno.h>
#include <string.h>

enum lr_code
lr_whole_file_read(FILE *in, char *text, size_t max, struct lr_error *err)
{
	size_t length = fread(text, 1, max + 1, in);
	text[length] = '\0';
	if (ferror(in))
		return lr_fail(err, lr_code_of_errno(errno), "%s", strerror(errno));
	if (length > max)
		return lr_fail(err, LR_ELIMIT, "larger than %zu octets", max);
	if (strlen(text) != length)
		return lr_fail(err, LR_EFORMAT, "not a text file");
	return LR_OK;
}
