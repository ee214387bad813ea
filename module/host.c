/*
 * host.c -- proves that the structs of this Unbound are those of the headers that we were built
 * with, before anybody looks into one:
 *
 *  1. the version that stands in the program is ours, and all that we call is there;
 *  2. each option of configure that changes a struct is as it is here: the functions that come with
 *     the option are exported, or they are not;
 *  3. what no option explains, as a field that a distribution has added, is looked for by making
 *     Unbound's own functions write into its structs: host_structs.c.
 */
#include "host.h"

#include <ctype.h>
#include <dlfcn.h>
#include <link.h>
#include <sys/auxv.h>

/* 1. The program */

struct search {
	char found[32];
	bool matches;
};

/* The program's bytes, gaps that AddressSanitizer puts between its texts included: they are neither
 * checked here nor given to a function of libc's, which it checks. */
#define UNCHECKED __attribute__((no_sanitize("address")))

/* The text at AT, if it ends within SIZE octets and before END. */
UNCHECKED static bool
copy_text(char *text, size_t size, const volatile char *at, const volatile char *end)
{
	for (size_t i = 0; i < size && at + i < end; i++) {
		text[i] = at[i];
		if (!text[i])
			return true;
	}
	return false;
}

/* Each "unbound 1.2.3" that ends there, in the bytes of one segment. */
UNCHECKED static void
search_segment(const volatile char *at, const volatile char *end, struct search *search)
{
	static const char word[] = "unbound ";
	char text[sizeof(search->found)];
	for (size_t matched = 0; at < end; at++) {
		matched = *at == word[matched] ? matched + 1 : *at == *word;
		if (matched < sizeof(word) - 1)
			continue;
		matched = 0;
		if (!copy_text(text, sizeof(text), at + 1, end) || !isdigit((unsigned char)*text))
			continue;
		if (strcmp(text, LR_UNBOUND_VERSION) == 0)
			search->matches = true;
		else
			memcpy(search->found, text, sizeof(text));
	}
}

static int
search_program(struct dl_phdr_info *info, size_t size, void *search)
{
	(void)size;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		const char *start = (const char *)(info->dlpi_addr + segment->p_vaddr);
		if (segment->p_type == PT_LOAD && (segment->p_flags & (PF_R | PF_W)) == PF_R)
			search_segment(start, start + segment->p_filesz, search);
	}
	return 1; /* the program itself comes first: look no further */
}

/* Of the program. */
static char version[32];

/* Unbound has no function that tells its version. */
static bool
is_our_version(char *why)
{
	struct search search = {"", false};
	dl_iterate_phdr(search_program, &search);
	strcpy(version, search.matches ? LR_UNBOUND_VERSION : search.found);
	if (!search.matches)
		snprintf(why, LR_HOST_WHY,
		    "built for Unbound " LR_UNBOUND_VERSION ", but this is %s",
		    *search.found ? search.found : "another program");
	return search.matches;
}

static bool
has_symbols(char *why)
{
	static const struct {
		const char *name;
		const void *address;
	} symbols[] = {
#define ADDRESS(symbol) {#symbol, (const void *)&symbol},
	    LR_HOST_SYMBOLS(ADDRESS)
#undef ADDRESS
	};
	for (size_t i = 0; i < sizeof(symbols) / sizeof(*symbols); i++)
		if (!symbols[i].address) {
			snprintf(why, LR_HOST_WHY, "this Unbound has no %s", symbols[i].name);
			return false;
		}
	return true;
}

/* 2. The options */

/* Every macro of config.h that changes a struct which the module looks into, or whose memory it
 * frees. An undefined macro's text is its own name. */
#define TEXT(macro) #macro
#define OPTION(macro, symbol, configure)                                                           \
	{                                                                                          \
#macro, TEXT(macro), symbol, configure                                             \
	}
static const struct option {
	const char *macro, *here, *symbol, *configure;
} options[] = {
    /* config_file; module_qstate since 1.18 */
    OPTION(CLIENT_SUBNET, "subnetmod_get_funcblock", "--enable-subnet"),
    /* config_file, config_view */
    OPTION(USE_IPSET, "ipset_get_funcblock", "--enable-ipset"),
    /* config_file */
    OPTION(USE_IPSECMOD, "ipsecmod_get_funcblock", "--enable-ipsecmod"),
    /* config_file; module_env since 1.20 */
    OPTION(USE_CACHEDB, "cachedb_get_funcblock", "--enable-cachedb"),
    /* config_file */
    OPTION(USE_REDIS, "redis_backend", "--with-libhiredis"),
    /* all that has a lock */
    OPTION(USE_THREAD_DEBUG, "checklock_rdlock", "--enable-lock-checks"),
    OPTION(THREADS_DISABLED, "ub_thr_fork_create", "--without-pthreads"),
    /* all that malloc() returns */
    OPTION(UNBOUND_ALLOC_STATS, "unbound_stat_malloc", "--enable-alloc-checks"),
    OPTION(UNBOUND_ALLOC_LITE, "unbound_stat_malloc_lite", "--enable-alloc-lite"),
};
#undef OPTION
#undef TEXT

static bool
has_options(char *why)
{
	char differences[LR_HOST_WHY / 2];
	size_t length = 0;
	*differences = '\0';
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		bool ours = strcmp(options[i].macro, options[i].here) != 0;
		bool theirs = dlsym(RTLD_DEFAULT, options[i].symbol) != NULL;
		if (ours != theirs && length < sizeof(differences))
			length += (size_t)snprintf(differences + length,
			    sizeof(differences) - length, "%s%s %s", length ? ", " : "",
			    theirs ? "with" : "without", options[i].configure);
	}
	if (length)
		snprintf(why, LR_HOST_WHY, "this Unbound was built %s, unlike ours", differences);
	return length == 0;
}

/* 3. What no option explains */

static bool
has_structs(char *why)
{
	const char *other = lr_host_other_struct();
	if (other && strchr(other, ':'))
		snprintf(
		    why, LR_HOST_WHY, "this Unbound has %s elsewhere in its config_file", other);
	else if (other)
		snprintf(why, LR_HOST_WHY, "this Unbound has %s", other);
	return !other;
}

bool
lr_host_fits(char *why)
{
	if (is_our_version(why) && has_symbols(why) && has_options(why) && has_structs(why))
		return true;
	size_t length = strlen(why);
	const char *program = (const char *)getauxval(AT_EXECFN);
	if (program && respip_operate)
		snprintf(why + length, LR_HOST_WHY - length,
		    " (contrib/get-unbound --like %s gets what to build for it)", program);
	return false;
}

const char *
lr_host_version(void)
{
	return version;
}

void
lr_host_warn(const char *why)
{
	if (log_warn)
		log_warn("localroot: not serving: %s", why);
	else
		fprintf(stderr, "localroot: not serving: %s\n", why);
}

/* Where an ext_state is to be found, Unbound's own modules know: respip, which each has, takes any
 * other event than these two for the end of what was behind it, and does nothing. */
void
lr_host_pass(struct module_qstate *qstate, enum module_ev event, int id)
{
	bool onward = event == module_event_new || event == module_event_pass;
	if (respip_operate)
		respip_operate(qstate, onward ? event : module_event_error, id, NULL);
}
