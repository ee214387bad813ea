/* option.c -- the grammar of the localroot options. */
#include "option.h"
#include "option_value.h"
#include "uri_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct option {
	const char *name;
	enum lr_code (*take)(const struct lr_reading *reading, void *place);
	size_t place;  /* in struct lr_options */
	size_t missed; /* there: what is set where the value cannot be used; 0: nothing */
};

static enum lr_code
out_of_memory(struct lr_error *err)
{
	return lr_fail(err, LR_ENOMEM, "out of memory");
}

#define IN(member) offsetof(struct lr_options, member)
static const struct option table[] = {
    {"localroot", lr_value_take_switch, IN(enabled), 0},
    {"localroot-module", lr_value_take_module, 0, 0},
    {"localroot-source", lr_value_take_source, 0, IN(sources_missed)},
    {"localroot-source-list", lr_value_take_list, IN(source_list), IN(sources_missed)},
    {"localroot-dir", lr_value_take_folder, IN(dir), 0},
    {"localroot-status-file", lr_value_take_status_file, IN(status_file), 0},
    {"localroot-ca-bundle", lr_value_take_certificates, IN(ca_bundle), IN(ca_bundle_missed)},
    {"localroot-client-certificate", lr_value_take_own_certificate, IN(client_certificate), 0},
    {"localroot-tsig-keys", lr_value_take_keys, IN(tsig_keys), IN(tsig_keys_missed)},
    {"localroot-notify", lr_value_take_notify, 0, 0},
    {"localroot-allow-notify", lr_value_take_allow_notify, 0, 0},
    {"localroot-max-age", lr_value_take_seconds, IN(max_age), 0},
    {"localroot-refresh", lr_value_take_seconds, IN(refresh), 0},
    {"localroot-max-transfer-time", lr_value_take_seconds, IN(max_transfer_time), 0},
    {"localroot-min-transfer-rate", lr_value_take_rate, IN(min_transfer_rate), 0},
    {"localroot-proxy", lr_value_take_proxy, IN(proxy), IN(proxy_missed)},
    {"localroot-outgoing-interface", lr_value_take_outgoing, 0, 0},
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
check_characters(const struct lr_reading *reading)
{
	const char *value = reading->value;
	if (!*value)
		return lr_value_bad(reading, "the value is missing");
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return lr_value_bad(reading, "a control character");
	if (value[strlen(value) - 1] == ' ')
		return lr_value_bad(reading, "the value ends with a blank");
	return LR_OK;
}

enum lr_code
lr_option_take(struct lr_options *options, const char *text, const struct lr_paths *paths,
    struct lr_error *err)
{
	struct lr_error why = {LR_OK, ""};
	struct lr_reading reading = {.options = options, .paths = paths, .err = &why};
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
	if (lr_value_is_url(options->source_list)) {
		struct lr_uri uri;
		enum lr_code parsed = lr_uri_parse(options->source_list, &uri, err);
		uri.list = true;
		return parsed == LR_OK ? lr_value_add_source(options, &uri, paths, err) : parsed;
	}
	FILE *file = lr_path_open(paths, options->source_list, &reason);
	if (!file)
		return errno == ENOMEM
			   ? out_of_memory(err)
			   : lr_fail(err, LR_EUSAGE, "%.120s: %s", options->source_list, reason);
	enum lr_code code = lr_uri_list_read(file, &skipped, &uris, &count, &why);
	fclose(file);
	for (size_t i = 0; i < count && code != LR_ENOMEM; i++) {
		code = lr_value_add_source(options, &uris[i], paths, &why);
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
