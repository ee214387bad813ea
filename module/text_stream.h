/*
 * text_stream.h -- the end of a text that was printed into memory.
 */
#ifndef LR_TEXT_STREAM_H
#define LR_TEXT_STREAM_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Closes OUT, a stream of open_memstream(3) into *TEXT. Returns the text, which is the caller's to
 * free; or NULL, *TEXT too, where there was not the memory for all of it: that may show in the
 * stream's error or in the pointer, and fclose() has no error for it.
 */
static inline char *
lr_text_end(FILE *out, char **text)
{
	bool whole = !ferror(out);
	if (fclose(out) != 0 || !whole) {
		free(*text);
		*text = NULL;
	}
	return *text;
}

#endif
