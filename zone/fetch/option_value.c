/* option_value.c -- what the value of an option may be, and how it is taken. */
#include "option_value.h"
#include "copy_files.h"
#include "network.h"
#include "source.h"
#include "tls.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum lr_code
lr_value_bad(const struct lr_reading *reading, const char *why)
{
	return lr_fail(reading->err, LR_EUSAGE, "\"%.100s\": %s", reading->value, why);
}

static enum lr_code
out_of_memory(struct lr_error *err)
{
	return lr_fail(err, LR_ENOMEM, "out of memory");
}

enum lr_code
lr_value_take_switch(const struct lr_reading *reading, void *place)
{
	bool yes = strcmp(reading->value, "yes") == 0;
	if (!yes && strcmp(reading->value, "no") != 0)
		return lr_value_bad(reading, "expected yes or no");
	*(bool *)place = yes;
	return LR_OK;
}

static enum lr_code
take_positive(const struct lr_reading *reading, uint32_t *place, const char *expected)
{
	char *end;
	errno = 0;
	unsigned long number = strtoul(reading->value, &end, 10);
	if (!isdigit((unsigned char)*reading->value) || *end || errno || number == 0 ||
	    number > INT32_MAX)
		return lr_value_bad(reading, expected);
	*place = (uint32_t)number;
	return LR_OK;
}

enum lr_code
lr_value_take_seconds(const struct lr_reading *reading, void *place)
{
	return take_positive(reading, place, "expected a number of seconds, 1 to 2147483647");
}

enum lr_code
lr_value_take_rate(const struct lr_reading *reading, void *place)
{
	return take_positive(reading, place, "expected octets a second, 1 to 2147483647");
}

static enum lr_code
check_path(const struct lr_reading *reading)
{
	if (reading->value[0] != '/')
		return lr_value_bad(reading, "expected an absolute path");
	if (strlen(reading->value) >= LR_PATH_MAX)
		return lr_value_bad(reading, "the path is too long");
	return LR_OK;
}

/* Puts a copy of TEXT in the place of what was there. */
static enum lr_code
set_text(const struct lr_reading *reading, const char *text, void *place)
{
	char *copy = strdup(text);
	if (!copy)
		return out_of_memory(reading->err);
	free(*(char **)place);
	*(char **)place = copy;
	return LR_OK;
}

static enum lr_code
set_path(const struct lr_reading *reading, void *place)
{
	return set_text(reading, lr_path_inside(reading->paths, reading->value), place);
}

/* A folder that need not be there yet. */
enum lr_code
lr_value_take_folder(const struct lr_reading *reading, void *place)
{
	enum lr_code code = check_path(reading);
	mode_t kind = code == LR_OK ? lr_path_kind(reading->paths, reading->value) : 0;
	if (kind && kind != S_IFDIR)
		code = lr_value_bad(reading, "not a folder");
	return code == LR_OK ? set_path(reading, place) : code;
}

/* Whether a file of that name is one of the copy's, or is on the way to be one. */
static bool
is_own(const char *name)
{
	static const char *const own[] = {LR_COPY_ZONE, LR_COPY_STATE, LR_COPY_SOURCES};
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++) {
		size_t length = strlen(own[i]);
		if (strncmp(name, own[i], length) == 0 &&
		    (!name[length] || strncmp(name + length, LR_SCRATCH, strlen(LR_SCRATCH)) == 0))
			return true;
	}
	return false;
}

/* A file that is to be written, and need not be there: by whatever name that is not taken. */
enum lr_code
lr_value_take_status_file(const struct lr_reading *reading, void *place)
{
	enum lr_code code = check_path(reading);
	if (code != LR_OK)
		return code;
	const char *name = strrchr(reading->value, '/') + 1;
	if (!*name || lr_path_is_folder(reading->paths, reading->value))
		return lr_value_bad(reading, "a folder, not a file");
	if (is_own(name))
		return lr_value_bad(reading, "the name of a file of the copy's own");
	mode_t kind = lr_path_kind(reading->paths, reading->value);
	if (kind && kind != S_IFREG) /* a device would be replaced */
		return lr_value_bad(reading, "not a regular file");
	return set_path(reading, place);
}

/* The file, which has to be there. */
static enum lr_code
open_value(const struct lr_reading *reading, FILE **file)
{
	const char *why;
	enum lr_code code = check_path(reading);
	if (code != LR_OK)
		return code;
	*file = lr_path_open(reading->paths, reading->value, &why);
	if (*file)
		return LR_OK;
	return errno == ENOMEM ? out_of_memory(reading->err) : lr_value_bad(reading, why);
}

static enum lr_code
take_file(const struct lr_reading *reading, void *place)
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
take_checked(const struct lr_reading *reading, void *place,
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
		return code == LR_ENOMEM ? out_of_memory(reading->err)
					 : lr_value_bad(reading, why.text);
	}
	free(*(char **)place);
	*(char **)place = path;
	return LR_OK;
}

enum lr_code
lr_value_take_certificates(const struct lr_reading *reading, void *place)
{
	return take_checked(reading, place, lr_tls_check_bundle);
}

enum lr_code
lr_value_take_own_certificate(const struct lr_reading *reading, void *place)
{
	return take_checked(reading, place, lr_tls_check_certificate);
}

enum lr_code
lr_value_take_keys(const struct lr_reading *reading, void *place)
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
		return code == LR_ENOMEM ? out_of_memory(reading->err)
					 : lr_value_bad(reading, why.text);
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

bool
lr_value_is_url(const char *text)
{
	return strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0;
}

/* A file that has to be there, or a URL: a source in itself, which asks whom it names. */
enum lr_code
lr_value_take_list(const struct lr_reading *reading, void *place)
{
	struct lr_uri uri;
	if (!lr_value_is_url(reading->value))
		return take_file(reading, place);
	enum lr_code code = lr_uri_parse(reading->value, &uri, reading->err);
	if (code == LR_OK)
		code = try_out(&uri, reading->paths, reading->err);
	return code == LR_OK ? set_text(reading, reading->value, place) : code;
}

/* The patched parser has obeyed it already. */
enum lr_code
lr_value_take_module(const struct lr_reading *reading, void *place)
{
	(void)place;
	return check_path(reading);
}

enum lr_code
lr_value_add_source(struct lr_options *options, const struct lr_uri *uri,
    const struct lr_paths *paths, struct lr_error *err)
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

enum lr_code
lr_value_take_source(const struct lr_reading *reading, void *place)
{
	struct lr_uri uri;
	(void)place;
	enum lr_code code = lr_uri_parse(reading->value, &uri, reading->err);
	return code == LR_OK
		   ? lr_value_add_source(reading->options, &uri, reading->paths, reading->err)
		   : code;
}

enum lr_code
lr_value_take_notify(const struct lr_reading *reading, void *place)
{
	struct lr_options *options = reading->options;
	struct lr_endpoint endpoint, *list;
	struct lr_error why;
	(void)place;
	if (lr_endpoint_parse(reading->value, 53, &endpoint, &why) != LR_OK)
		return lr_value_bad(reading, why.text);
	list = reallocarray(options->notify, options->notify_count + 1, sizeof(*list));
	if (!list)
		return out_of_memory(reading->err);
	list[options->notify_count++] = endpoint;
	options->notify = list;
	return LR_OK;
}

enum lr_code
lr_value_take_allow_notify(const struct lr_reading *reading, void *place)
{
	struct lr_options *options = reading->options;
	struct lr_notifier block, *list;
	struct lr_error why;
	(void)place;
	if (lr_notifier_parse(reading->value, &block, &why) != LR_OK)
		return lr_value_bad(reading, why.text);
	list = reallocarray(options->allow_notify, options->allow_notify_count + 1, sizeof(*list));
	if (!list)
		return out_of_memory(reading->err);
	list[options->allow_notify_count++] = block;
	options->allow_notify = list;
	return LR_OK;
}

/* It may hold a password, and is not quoted. */
enum lr_code
lr_value_take_proxy(const struct lr_reading *reading, void *place)
{
	struct lr_proxy proxy;
	enum lr_code code = lr_proxy_parse(reading->value, &proxy, reading->err);
	return code == LR_OK ? set_text(reading, reading->value, place) : code;
}

/* What it may be, the network knows. */
enum lr_code
lr_value_take_outgoing(const struct lr_reading *reading, void *place)
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
