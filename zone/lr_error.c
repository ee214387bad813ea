#include "lr_error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

enum lr_code
lr_fail(struct lr_error *err, enum lr_code code, const char *format, ...)
{
	if (!err)
		return code;
	err->code = code;
	va_list args;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	for (char *c = err->text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return code;
}

enum lr_code
lr_code_of_errno(int number)
{
	return number == ENOMEM ? LR_ENOMEM : LR_EIO;
}

const char *
lr_code_word(enum lr_code code)
{
	static const char *const words[LR_CODES] = {
	    [LR_OK] = "ok",
	    [LR_ENOMEM] = "memory",
	    [LR_EIO] = "io",
	    [LR_ECANCELLED] = "cancelled",
	    [LR_EUNREACHABLE] = "unreachable",
	    [LR_ETIMEOUT] = "timeout",
	    [LR_EREFUSED] = "refused",
	    [LR_EFORMAT] = "format",
	    [LR_ELIMIT] = "limit",
	    [LR_ETSIG] = "tsig",
	    [LR_ENOZONEMD] = "nozonemd",
	    [LR_EDIGEST] = "digest",
	    [LR_EANCHOR] = "anchor",
	    [LR_EBOGUS] = "bogus",
	    [LR_EEXPIRED] = "expired",
	    [LR_ESERIAL] = "serial",
	    [LR_ESTALE] = "stale",
	    [LR_EUPDATE] = "update",
	    [LR_EUSAGE] = "usage",
	    [LR_EUNSUPPORTED] = "unsupported",
	};
	return (unsigned)code < LR_CODES ? words[code] : "unknown";
}
