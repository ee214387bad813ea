/* master_file.c -- from a stream of a master file, packed or not, to a draft. */
#include "gunzip.h"
#include "source_internal.h"
#include "text.h"

enum lr_code
lr_read_master_file(
    FILE *in, const struct lr_request *request, struct lr_draft **out, struct lr_error *err)
{
	const struct lr_text_options options = {.ldns = request->budget->io->ldns};
	struct lr_gunzip *gunzip = NULL;
	struct lr_draft *draft = NULL;
	struct lr_error why = {LR_OK, ""};
	FILE *stream;
	enum lr_code code = lr_gunzip_open(in, request->budget->limits->wire_octets,
	    &request->budget->stop, &gunzip, &stream, &why);
	if (code == LR_OK)
		code = lr_new_draft(request, &draft, &why);
	if (code == LR_OK)
		code = lr_text_read_as(stream, draft, &options, &why);
	enum lr_code unpacked = lr_gunzip_close(gunzip, &why); /* what it says comes first */
	if (code == LR_OK || unpacked != LR_OK)
		code = unpacked;
	if (code != LR_OK) {
		lr_draft_free(draft);
		return lr_fail(err, code, "%s", why.text);
	}
	*out = draft;
	return LR_OK;
}
