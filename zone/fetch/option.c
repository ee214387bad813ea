/* option.c -- the grammar of the localroot options. */
#include "option.h"
#include "network.h"
#include "source.h"
#include "tls.h"
#include "uri_list.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* One option while it is read. */
struct reading {
	struct lr_options *options;
	const struct lr_paths *paths;
	const char *value;
	struct lr_error *err;
};

struct option {
	const char *name;
	enum lr_code (*take)(const struct reading *reading, void *place);
	size_t place;  /* in struct lr_options */
	size_t missed; /* there: what is set where the value cannot be used; 0: nothing */
};

/* Said of the value; lr_option_take() puts the option's name and the value in front. */
static enum lr_code
bad(const struct reading *reading, const char *why)
{
	return lr_fail(reading->err, LR_EUSAGE, "\"%.100s\": %s", reading->value, why);
}

static enum lr_code
out_of_memory(struct lr_error *err)
{
	return lr_fail(err, LR_ENOMEM, "out of memory");
}

static enum lr_code
take_switch(const struct reading *reading, void *place)
{
	bool yes = strcmp(reading->value, "yes") == 0;
	if (!yes && strcmp(reading->value, "no") != 0)
		return bad(reading, "expected yes or no");
	*(bool *)place = yes;
	return LR_OK;
}

static enum lr_code
take_positive(const struct reading *reading, uint32_t *place, const char *expected)
{
	char *end;
	errno = 0;
	unsigned long number = strtoul(reading->value, &end, 10);
	if (!isdigit((unsigned char)*reading->value) || *end || errno || number == 0 ||
	    number > INT32_MAX)
		return bad(reading, expected);
	*place = (uint32_t)number;
	return LR_OK;
}

static enum lr_code
take_seconds(const struct reading *reading, void *place)
{
	return take_positive(reading, place, "expected a number of seconds, 1 to 2147483647");
}

static enum lr_code
take_rate(const struct reading *reading, void *place)
{
	return take_positive(reading, place, "expected octets a second, 1 to 2147483647");
}

static enum lr_code
check_path(const struct reading *reading)
{
	if (reading->value[0] != '/')
		return bad(reading, "expected an absolute path");
	if (strlen(reading->value) >= LR_PATH_MAX)
		return bad(reading, "the path is too long");
	return LR_OK;
}

/* Puts a copy of TEXT in the place of what was there. */
static enum lr_code
set_text(const struct reading *reading, const char *text, void *place)
{
	char *copy = strdup(text);
	if (!copy)
		return out_of_memory(reading->err);
	free(*(char **)place);
	*(char **)place = copy;
	return LR_OK;
}

static enum lr_code
set_path(const struct reading *reading, void *place)
{
	return set_text(reading, lr_path_inside(reading->paths, reading->value), place);
}

/* A folder that need not be there yet. */
static enum lr_code
take_folder(const struct reading *reading, void *place)
{
	enum lr_code code = check_path(reading);
	mode_t kind = code == LR_OK ? lr_path_kind(reading->paths, reading->value) : 0;
	if (kind && kind != S_IFDIR)
		code = bad(reading, "not a folder");
	return code == LR_OK ? set_path(reading, place) : code;
}

/* A file that is to be written, and need not be there. */
static enum lr_code
take_new_file(const struct reading *reading, void *place)
{
	enum lr_code code = check_path(reading);
	if (code == LR_OK && (reading->value[strlen(reading->value) - 1] == '/' ||
				 lr_path_is_folder(reading->paths, reading->value)))
		code = bad(reading, "a folder, not a file");
	mode_t kind = code == LR_OK ? lr_path_kind(reading->paths, reading->value) : 0;
	if (kind && kind != S_IFREG) /* a device would be replaced */
		code = bad(reading, "not a regular file");
	return code == LR_OK ? set_path(reading, place) : code;
}

/* The file, which has to be there. */
static enum lr_code
open_value(const struct reading *reading, FILE **file)
{
	const char *why;
	enum lr_code code = check_path(reading);
	if (code != LR_OK)
		return code;
	*file = lr_path_open(reading->paths, reading->value, &why);
	if (*file)
		return LR_OK;
	return errno == ENOMEM ? out_of_memory(reading->err) : bad(reading, why);
}

static enum lr_code
take_file(const struct reading *reading, void *place)
{
	FILE *file;
	enum lr_code code = open_value(reading, &file);
	if (code != LR_OK)
		return code;
	fclose(file);
	return set_path(reading, place);
}

/* One whose contents CHECK looks at. */
static enum lr_code
take_checked(const struct reading *reading, void *place,
    enum lr_code (*check)(const char *path, struct lr_error *err))
{
	char *path = NULL, where[LR_PLACE_MAX];
	struct lr_error why;
	enum lr_code code = take_file(reading, &path);
	if (code != LR_OK)
		return code;
	code = lr_path_place(reading->paths, reading->value, where)
		   ? check(where, &why)
		   : lr_fail(&why, LR_EUSAGE, "too long");
	if (code != LR_OK) {
		free(path);
		return code == LR_ENOMEM ? out_of_memory(reading->err) : bad(reading, why.text);
	}
	free(*(char **)place);
	*(char **)place = path;
	return LR_OK;
}

static enum lr_code
take_certificates(const struct reading *reading, void *place)
{
	return take_checked(reading, place, lr_tls_check_bundle);
}

static enum lr_code
take_own_certificate(const struct reading *reading, void *place)
{
	return take_checked(reading, place, lr_tls_check_certificate);
}

static enum lr_code
take_keys(const struct reading *reading, void *place)
{
	struct lr_tsig_keys *keys, **taken = place;
	struct lr_error why;
	FILE *file;
	enum lr_code code = open_value(reading, &file);
	if (code != LR_OK)
		return code;
	code = lr_tsig_keys_read(file, &keys, &why);
	fclose(file);
	if (code != LR_OK)
		return code == LR_ENOMEM ? out_of_memory(reading->err) : bad(reading, why.text);
	lr_tsig_keys_free(*taken);
	*taken = keys;
	return LR_OK;
}

/* Whether this build can ask the source, and a file: is none that is known not to be a file. */
static enum lr_code
try_out(const struct lr_uri *uri, const struct lr_paths *paths, struct lr_error *err)
{
	const struct lr_source_options options = {.ca_bundle = NULL};
	struct lr_source *source;
	struct lr_error why;
	if (uri->scheme == LR_FILE && lr_path_is_folder(paths, uri->path))
		return lr_fail(err, LR_EUSAGE, "\"%.100s\": a folder, not a file", uri->text);
	enum lr_code code = lr_source_new(uri, &options, &source, &why);
	if (code != LR_OK)
		return lr_fail(err, code, "\"%.100s\": %.120s", uri->text, why.text);
	lr_source_free(source);
	return LR_OK;
}

static bool
is_url(const char *text)
{
	return strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0;
}

/* A file that has to be there, or a URL: a source in itself, which asks whom it names. */
static enum lr_code
take_list(const struct reading *reading, void *place)
{
	struct lr_uri uri;
	if (!is_url(reading->value))
		return take_file(reading, place);
	enum lr_code code = lr_uri_parse(reading->value, &uri, reading->err);
	if (code == LR_OK)
		code = try_out(&uri, reading->paths, reading->err);
	return code == LR_OK ? set_text(reading, reading->value, place) : code;
}

/* The patched parser has obeyed it already. */
static enum lr_code
take_module(const struct reading *reading, void *place)
{
	(void)place;
	return check_path(reading);
}

static enum lr_code
add_source(struct lr_options *options, const struct lr_uri *uri, const struct lr_paths *paths,
    struct lr_error *err)
{
	enum lr_code code = try_out(uri, paths, err);
	if (code != LR_OK)
		return code;
	struct lr_uri *sources =
	    reallocarray(options->sources, options->source_count + 1, sizeof(*sources));
	if (!sources)
		return out_of_memory(err);
	options->sources = sources;
	struct lr_uri *added = &sources[options->source_count++];
	*added = *uri;
	const char *path = lr_path_inside(paths, added->path);
	memmove(added->path, path, strlen(path) + 1);
	return LR_OK;
}

static enum lr_code
take_source(const struct reading *reading, void *place)
{
	struct lr_uri uri;
	(void)place;
	enum lr_code code = lr_uri_parse(reading->value, &uri, reading->err);
	return code == LR_OK ? add_source(reading->options, &uri, reading->paths, reading->err)
			     : code;
}

static enum lr_code
take_notify(const struct reading *reading, void *place)
{
	struct lr_options *options = reading->options;
	struct lr_endpoint endpoint, *list;
	struct lr_error why;
	(void)place;
	if (lr_endpoint_parse(reading->value, 53, &endpoint, &why) != LR_OK)
		return bad(reading, why.text);
	list = reallocarray(options->notify, options->notify_count + 1, sizeof(*list));
	if (!list)
		return out_of_memory(reading->err);
	list[options->notify_count++] = endpoint;
	options->notify = list;
	return LR_OK;
}

static enum lr_code
take_allow_notify(const struct reading *reading, void *place)
{
	struct lr_options *options = reading->options;
	struct lr_notifier block, *list;
	struct lr_error why;
	(void)place;
	if (lr_notifier_parse(reading->value, &block, &why) != LR_OK)
		return bad(reading, why.text);
	list = reallocarray(options->allow_notify, options->allow_notify_count + 1, sizeof(*list));
	if (!list)
		return out_of_memory(reading->err);
	list[options->allow_notify_count++] = block;
	options->allow_notify = list;
	return LR_OK;
}

/* It may hold a password, and is not quoted. */
static enum lr_code
take_proxy(const struct reading *reading, void *place)
{
	struct lr_proxy proxy;
	enum lr_code code = lr_proxy_parse(reading->value, &proxy, reading->err);
	return code == LR_OK ? set_text(reading, reading->value, place) : code;
}

/* What it may be, the network knows. */
static enum lr_code
take_outgoing(const struct reading *reading, void *place)
{
	struct lr_options *options = reading->options;
	struct lr_network *network = lr_network_new(true, true, NULL);
	enum lr_code code = network ? lr_network_add_outgoing(network, reading->value, reading->err)
				    : out_of_memory(reading->err);
	(void)place;
	lr_network_unref(network);
	if (code != LR_OK)
		return code;
	char **list = reallocarray(options->outgoing, options->outgoing_count + 1, sizeof(*list));
	if (list)
		options->outgoing = list;
	char *copy = list ? strdup(reading->value) : NULL;
	if (!copy)
		return out_of_memory(reading->err);
	list[options->outgoing_count++] = copy;
	return LR_OK;
}

#define IN(member) offsetof(struct lr_options, member)
static const struct option table[] = {
    {"localroot", take_switch, IN(enabled), 0},
    {"localroot-module", take_module, 0, 0},
    {"localroot-source", take_source, 0, IN(sources_missed)},
    {"localroot-source-list", take_list, IN(source_list), IN(sources_missed)},
    {"localroot-dir", take_folder, IN(dir), 0},
    {"localroot-status-file", take_new_file, IN(status_file), 0},
    {"localroot-ca-bundle", take_certificates, IN(ca_bundle), IN(ca_bundle_missed)},
    {"localroot-client-certificate", take_own_certificate, IN(client_certificate), 0},
    {"localroot-tsig-keys", take_keys, IN(tsig_keys), IN(tsig_keys_missed)},
    {"localroot-notify", take_notify, 0, 0},
    {"localroot-allow-notify", take_allow_notify, 0, 0},
    {"localroot-max-age", take_seconds, IN(max_age), 0},
    {"localroot-refresh", take_seconds, IN(refresh), 0},
    {"localroot-max-transfer-time", take_seconds, IN(max_transfer_time), 0},
    {"localroot-min-transfer-rate", take_rate, IN(min_transfer_rate), 0},
    {"localroot-proxy", take_proxy, IN(proxy), IN(proxy_missed)},
    {"localroot-outgoing-interface", take_outgoing, 0, 0},
};

/* The option that TEXT begins with, and where its value stands; NULL: none. */
static const struct option *
find(const char *text, const char **value)
{
	size_t length = strcspn(text, ":");
	for (size_t i = 0; text[length] && i < sizeof(table) / sizeof(*table); i++) {
		if (strlen(table[i].name) != length || strncmp(text, table[i].name, length) != 0)
			continue;
		*value = text + length + 1;
		*value += strspn(*value, " \t");
		return &table[i];
	}
	return NULL;
}

/* What no value may hold, of whatever option. */
static enum lr_code
check_characters(const struct reading *reading)
{
	const char *value = reading->value;
	if (!*value)
		return bad(reading, "the value is missing");
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return bad(reading, "a control character");
	if (value[strlen(value) - 1] == ' ')
		return bad(reading, "the value ends with a blank");
	return LR_OK;
}

enum lr_code
lr_option_take(struct lr_options *options, const char *text, const struct lr_paths *paths,
    struct lr_error *err)
{
	struct lr_error why = {LR_OK, ""};
	struct reading reading = {.options = options, .paths = paths, .err = &why};
	const struct option *option = find(text, &reading.value);
	if (!option)
		return lr_fail(err, LR_EUSAGE, "\"%.150s\": no option of localroot", text);
	enum lr_code code = check_characters(&reading);
	if (code == LR_OK)
		code = option->take(&reading, (char *)options + option->place);
	if (option->missed)
		*(bool *)((char *)options + option->missed) = code != LR_OK;
	if (code != LR_OK)
		lr_fail(err, code, "%s: %.220s", option->name, why.text);
	return code;
}

enum lr_code
lr_option_take_list(struct lr_options *options, const struct lr_paths *paths,
    const struct lr_option_faults *faults, struct lr_error *err)
{
	const struct lr_uri_list_skipped skipped = {faults->line, faults->arg};
	struct lr_uri *uris = NULL;
	struct lr_error why;
	size_t count = 0, number = options->source_count;
	const char *reason;
	if (is_url(options->source_list)) {
		struct lr_uri uri;
		enum lr_code parsed = lr_uri_parse(options->source_list, &uri, err);
		uri.list = true;
		return parsed == LR_OK ? add_source(options, &uri, paths, err) : parsed;
	}
	FILE *file = lr_path_open(paths, options->source_list, &reason);
	if (!file)
		return errno == ENOMEM
			   ? out_of_memory(err)
			   : lr_fail(err, LR_EUSAGE, "%.120s: %s", options->source_list, reason);
	enum lr_code code = lr_uri_list_read(file, &skipped, &uris, &count, &why);
	fclose(file);
	for (size_t i = 0; i < count && code != LR_ENOMEM; i++) {
		code = add_source(options, &uris[i], paths, &why);
		if (code != LR_OK)
			faults->line(faults->arg, 0, why.text);
	}
	free(uris);
	if (code == LR_ENOMEM)
		return out_of_memory(err);
	if (count == 0 && code != LR_OK)
		return lr_fail(err, LR_EUSAGE, "%.120s: %.80s", options->source_list, why.text);
	if (options->source_count == number)
		return lr_fail(err, LR_EUSAGE,
		    "%.120s: no usable source in it: there is no local root, but regular DNS",
		    options->source_list);
	return LR_OK;
}

static void
keep_first(void *first, unsigned number, const char *why)
{
	struct lr_error *err = first;
	if (err->code != LR_OK)
		return;
	if (number)
		lr_fail(err, LR_EUSAGE, "line %u: %s", number, why);
	else
		lr_fail(err, LR_EUSAGE, "%s", why);
}

enum lr_code
lr_option_check(const char *text, const struct lr_paths *paths, bool *known, struct lr_error *err)
{
	struct lr_options options = {.enabled = false};
	struct lr_error first = {LR_OK, ""};
	const struct lr_option_faults faults = {keep_first, &first};
	const char *value;
	*known = find(text, &value) != NULL;
	enum lr_code code = lr_option_take(&options, text, paths, err);
	if (code == LR_OK && options.source_list)
		code = lr_option_take_list(&options, paths, &faults, err);
	if (code == LR_OK && first.code != LR_OK)
		code = lr_fail(err, first.code, "%.100s: %.150s", options.source_list, first.text);
	lr_options_clear(&options);
	return code;
}

unsigned
lr_option_dynlibs(const char *modules)
{
	unsigned count = 0;
	while (*modules) {
		size_t length = strcspn(modules, " \t\r\n");
		count += length == strlen("dynlib") && strncmp(modules, "dynlib", length) == 0;
		modules += length;
		modules += strspn(modules, " \t\r\n");
	}
	return count;
}

const char *
lr_option_misses(const struct lr_options *options, const struct lr_uri *uri)
{
	if (options->ca_bundle_missed && (uri->scheme == LR_HTTPS || uri->scheme == LR_XOT))
		return "there is no localroot-ca-bundle to trust";
	if (options->tsig_keys_missed && lr_uri_is_transfer(uri))
		return "there are no localroot-tsig-keys to sign with";
	if (options->proxy_missed && lr_uri_is_web(uri))
		return "there is no localroot-proxy to go through";
	return NULL;
}

void
lr_options_clear(struct lr_options *options)
{
	free(options->sources);
	free(options->source_list);
	free(options->dir);
	free(options->status_file);
	free(options->ca_bundle);
	free(options->client_certificate);
	lr_tsig_keys_free(options->tsig_keys);
	free(options->notify);
	free(options->allow_notify);
	free(options->proxy);
	for (size_t i = 0; i < options->outgoing_count; i++)
		free(options->outgoing[i]);
	free(options->outgoing);
	memset(options, 0, sizeof(*options));
}
