/*
 * source_list.c -- a source that is the URL of a list: the zone comes from those that the list
 * names.
 *
 * The list is asked for once a week at the most, and kept on disk in between; one that cannot be
 * had, or has nobody to ask in it, costs nothing as long as there is an older one. It may not name
 * files.
 */
#include "copy_files.h"
#include "source_internal.h"
#include "uri_list.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WEEK INT64_C(604800) /* seconds */
#define HOUR_MS INT64_C(3600000)
#define SCRATCH LR_COPY_SOURCES LR_SCRATCH
#define TURN_MS 120000 /* for one of them, while others are left */

struct lr_listed {
	size_t count, last; /* the one that gave the zone */
	int64_t when;       /* seconds since 1970: when the list was had; 0: there is none */
	struct lr_source *sources[];
};

void
lr_listed_free(struct lr_listed *listed)
{
	for (size_t i = 0; listed && i < listed->count; i++)
		lr_source_free(listed->sources[i]);
	free(listed);
}

struct lr_source *
lr_listed_last(struct lr_listed *listed)
{
	return listed && listed->count ? listed->sources[listed->last] : NULL;
}

/* A line that cannot be used is for whoever keeps the list to mend, and our operator cannot:
 * nothing is said. */
static void
pass_over(void *arg, unsigned number, const char *why)
{
	(void)arg, (void)number, (void)why;
}

/* Those of the URIs that can be asked. LR_EFORMAT: none. */
static enum lr_code
make_sources(const struct lr_source *source, const struct lr_uri *uris, size_t count,
    struct lr_listed **out, struct lr_error *err)
{
	const struct lr_source_options options = {.ca_bundle = source->ca_bundle,
	    .client_certificate = source->client_certificate,
	    .network = source->network};
	struct lr_listed *listed = calloc(1, sizeof(*listed) + count * sizeof(listed->sources[0]));
	if (!listed)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++)
		if (uris[i].scheme != LR_FILE &&
		    lr_source_new(&uris[i], &options, &listed->sources[listed->count], NULL) ==
			LR_OK)
			listed->count++;
	if (listed->count > 0) {
		*out = listed;
		return LR_OK;
	}
	free(listed);
	return lr_fail(err, LR_EFORMAT, "the list has nobody to ask in it");
}

static enum lr_code
read_list(const struct lr_source *source, FILE *in, int64_t when, struct lr_listed **listed,
    struct lr_error *err)
{
	const struct lr_uri_list_skipped skipped = {pass_over, NULL};
	struct lr_uri *uris = NULL;
	struct lr_error why;
	size_t count = 0;
	enum lr_code code = lr_uri_list_read(in, &skipped, &uris, &count, &why);
	if (code != LR_OK)
		return lr_fail(err, code, "the list: %.200s", why.text);
	struct lr_listed *made = NULL;
	code = make_sources(source, uris, count, &made, err);
	free(uris);
	if (made) {
		made->when = when;
		*listed = made;
	}
	return code;
}

/* The list on disk, if it is there and good. */
static void
load(struct lr_source *source)
{
	char path[1100];
	struct stat status;
	struct lr_listed *listed = NULL;
	snprintf(path, sizeof(path), "%s/" LR_COPY_SOURCES, source->dir);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	FILE *in =
	    fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? fdopen(fd, "r") : NULL;
	if (!in) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (read_list(source, in, status.st_mtime, &listed, NULL) == LR_OK)
		source->listed = listed;
	fclose(in);
}

/* What was left of lists by processes that ended while they wrote. One that is writing now asks for
 * its list again after a restart. */
static void
remove_left_overs(const char *folder)
{
	DIR *names = opendir(folder);
	const struct dirent *entry;
	while (names && (entry = readdir(names)))
		if (strncmp(entry->d_name, SCRATCH, strlen(SCRATCH)) == 0)
			(void)unlinkat(dirfd(names), entry->d_name, 0);
	if (names)
		closedir(names);
}

/* On disk, whole or not at all. Where that fails, the list is asked for again after a restart. */
static void
keep(const struct lr_source *source, const char *text, size_t size)
{
	char path[1100], scratch[1120];
	snprintf(path, sizeof(path), "%s/" LR_COPY_SOURCES, source->dir);
	snprintf(scratch, sizeof(scratch), "%s/" SCRATCH "XXXXXX", source->dir);
	remove_left_overs(source->dir);
	int fd = mkostemp(scratch, O_CLOEXEC);
	if (fd < 0)
		return;
	bool good =
	    fchmod(fd, 0644) == 0 && write(fd, text, size) == (ssize_t)size && fsync(fd) == 0;
	good = close(fd) == 0 && good;
	if (!good || rename(scratch, path) != 0)
		unlink(scratch);
}

static enum lr_code
take_list(struct lr_source *source, const struct lr_https_response *response, int64_t now,
    struct lr_error *err)
{
	struct lr_listed *listed = NULL;
	FILE *in = response->size ? fmemopen(response->body, response->size, "r") : NULL;
	if (!in)
		return lr_fail(err, LR_EFORMAT, "the list is empty");
	enum lr_code code = read_list(source, in, now, &listed, err);
	fclose(in);
	if (code != LR_OK)
		return code;
	lr_listed_free(source->listed);
	source->listed = listed;
	if (source->dir)
		keep(source, response->body, response->size);
	return LR_OK;
}

/* Asks for the list, by way of redirects. */
static enum lr_code
get_list(
    struct lr_source *source, const struct lr_request *request, int64_t now, struct lr_error *err)
{
	const struct lr_tags none = {0};
	struct lr_uri uri = source->uri;
	unsigned max = request->budget->limits->redirects;
	for (unsigned i = 0; i <= max; i++) {
		const struct lr_https_request get = {&uri, source->ca_bundle, &none};
		struct lr_https_response response;
		enum lr_code code = lr_https_get(&get, request->budget, &response, err);
		if (code != LR_OK)
			return code;
		bool there = response.status == 200;
		code = there ? take_list(source, &response, now, err)
			     : lr_https_redirected(&response, source, &uri, err);
		lr_https_response_clear(&response);
		if (code != LR_OK || there)
			return code;
	}
	return lr_fail(err, LR_ELIMIT, "more than %u redirects", max);
}

/* After a week, or where the clock was set back. A list that cannot be renewed is tried again every
 * hour; without one, each time. */
static bool
is_due(struct lr_source *source, const struct lr_request *request, int64_t now)
{
	const struct lr_listed *listed = source->listed;
	int64_t now_ms = request->budget->io->monotonic_ms(request->budget->io->arg);
	if (listed && now - listed->when < WEEK && listed->when <= now)
		return false;
	if (listed && now_ms < source->list_again_ms)
		return false;
	source->list_again_ms = now_ms + HOUR_MS;
	return true;
}

/* In the order of a round: https: comes first where a copy is held, and otherwise what is found
 * without the DNS. */
static bool
is_preferred(const struct lr_uri *uri, bool held)
{
	struct in6_addr unused;
	const char *host = *uri->address ? uri->address : uri->host;
	if (held)
		return uri->scheme == LR_HTTPS;
	return inet_pton(AF_INET, host, &unused) == 1 || inet_pton(AF_INET6, host, &unused) == 1;
}

/* Asks one of them, which does not get all of the time as long as OTHERS are left. */
static enum lr_code
ask_one(struct lr_source *source, const struct lr_request *request, bool others,
    struct lr_fetched *fetched, struct lr_error *err)
{
	struct lr_budget *budget = request->budget;
	int64_t deadline = budget->deadline;
	int64_t turn = budget->io->monotonic_ms(budget->io->arg) + TURN_MS;
	struct lr_error why;
	if (others && turn < deadline)
		budget->deadline = turn;
	budget->octets = 0; /* each may send a whole zone */
	enum lr_code code = lr_fetch_by_scheme(source, request, fetched, &why);
	budget->deadline = deadline;
	if (code != LR_OK)
		return lr_fail(err, code, "%.100s: %.140s", source->uri.text, why.text);
	return LR_OK;
}

static enum lr_code
ask_them(struct lr_listed *listed, const struct lr_request *request, struct lr_fetched *fetched,
    struct lr_error *err)
{
	enum lr_code code = LR_EFORMAT;
	uint16_t number = 0;
	size_t count = listed->count, left = count;
	(void)request->budget->io->random16(request->budget->io->arg, &number);
	for (size_t n = 0; count > 0 && n < 2 * count; n++) {
		size_t i = (number + n) % count;
		bool preferred = is_preferred(&listed->sources[i]->uri, request->held != NULL);
		if (preferred != (n < count))
			continue;
		code = ask_one(listed->sources[i], request, --left > 0, fetched, err);
		if (code == LR_OK)
			listed->last = i;
		if (code == LR_OK || code == LR_ECANCELLED || code == LR_ENOMEM ||
		    lr_budget_left(request->budget) == 0)
			return code;
	}
	return code;
}

enum lr_code
lr_fetch_list(struct lr_source *source, const struct lr_request *request,
    struct lr_fetched *fetched, struct lr_error *err)
{
	int64_t now = request->budget->io->wall(request->budget->io->arg);
	enum lr_code code = LR_OK;
	if (!source->listed && source->dir)
		load(source);
	if (is_due(source, request, now))
		code = get_list(source, request, now, err);
	if (!source->listed || code == LR_ECANCELLED || code == LR_ENOMEM)
		return code;
	code = ask_them(source->listed, request, fetched, err);
	fetched->octets = request->budget->octets;
	return code;
}
