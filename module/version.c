#include "version.h"

#include <ctype.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

struct search {
	char *found;
	size_t size;
	bool matches;
};

/* Each "unbound 1.2.3" that ends there, in the bytes of one segment. */
static void
search_segment(const char *at, size_t size, struct search *search)
{
	static const char word[] = "unbound ";
	const char *end = at + size;
	while ((at = memmem(at, (size_t)(end - at), word, sizeof(word) - 1))) {
		at += sizeof(word) - 1;
		const char *stop = at;
		while (stop < end && (isdigit((unsigned char)*stop) || *stop == '.'))
			stop++;
		if (stop == end || *stop != '\0' || stop == at)
			continue;
		if (strcmp(at, LR_UNBOUND_VERSION) == 0)
			search->matches = true;
		else
			snprintf(search->found, search->size, "%s", at);
	}
}

static int
search_program(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_R))
			search_segment((const char *)(info->dlpi_addr + segment->p_vaddr),
			    segment->p_filesz, arg);
	}
	return 1; /* the program itself comes first: look no further */
}

bool
lr_version_matches(char *found, size_t size)
{
	struct search search = {found, size, false};
	*found = '\0';
	dl_iterate_phdr(search_program, &search);
	return search.matches;
}
