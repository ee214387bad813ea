#include "settings.h"
#include "unbound.h"

#include <ctype.h>
#include <errno.h>

static enum lr_code
bad(struct lr_error *err, const char *text, const char *why)
{
	return lr_fail(err, LR_EUSAGE, "\"%.150s\": %s", text, why);
}

static bool
set_string(char **string, const char *value)
{
	free(*string);
	*string = strdup(value);
	return *string != NULL;
}

/* As Unbound treats its own file names: what lies under its chroot is named from there. */
static const char *
without_chroot(const struct config_file *cfg, const char *path)
{
	size_t length = cfg->chrootdir ? strlen(cfg->chrootdir) : 0;
	if (length && strncmp(path, cfg->chrootdir, length) == 0 && path[length] == '/')
		return path + length;
	return path;
}

static enum lr_code
add_source(struct lr_settings *settings, const char *value, struct lr_error *err)
{
	struct lr_uri *sources =
	    reallocarray(settings->sources, settings->source_count + 1, sizeof(*sources));
	if (!sources)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	settings->sources = sources;
	enum lr_code code = lr_uri_parse(value, &sources[settings->source_count], err);
	if (code == LR_OK)
		settings->source_count++;
	return code;
}

static bool
read_seconds(const char *value, uint32_t *seconds)
{
	char *end;
	errno = 0;
	unsigned long number = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end || errno || number == 0 || number > INT32_MAX)
		return false;
	*seconds = (uint32_t)number;
	return true;
}

static enum lr_code
read_option(const struct config_file *cfg, const char *text, struct lr_settings *settings,
    struct lr_error *err)
{
	const char *value = strchr(text, ':');
	if (!value)
		return bad(err, text, "neither a localroot option nor a file for a dynlib module");
	size_t length = (size_t)(value++ - text);
	while (isspace((unsigned char)*value))
		value++;
	if (!*value)
		return bad(err, text, "the value is missing");

#define IS(name) (length == sizeof(name) - 1 && strncmp(text, name, length) == 0)
	if (IS("localroot")) {
		settings->enabled = strcmp(value, "yes") == 0;
		if (!settings->enabled && strcmp(value, "no") != 0)
			return bad(err, text, "expected yes or no");
	} else if (IS("localroot-source")) {
		return add_source(settings, value, err);
	} else if (IS("localroot-dir")) {
		if (!set_string(&settings->dir, without_chroot(cfg, value)))
			return lr_fail(err, LR_ENOMEM, "out of memory");
	} else if (IS("localroot-status-file")) {
		if (!set_string(&settings->status_file, without_chroot(cfg, value)))
			return lr_fail(err, LR_ENOMEM, "out of memory");
	} else if (IS("localroot-max-age")) {
		if (!read_seconds(value, &settings->max_age))
			return bad(err, text, "expected a number of seconds, at least 1");
	} else {
		return bad(err, text, "unknown option");
	}
#undef IS
	return LR_OK;
}

/* The nth "dynlib" of module-config takes the nth dynlib-file; what follows them is ours. */
static unsigned
count_dynlibs(const char *modules)
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

enum lr_code
lr_settings_read(const struct config_file *cfg, struct lr_settings *settings, struct lr_error *err)
{
	struct lr_settings read = {.date_override = cfg->val_date_override};
	enum lr_code code = LR_OK;
	const struct config_strlist *entry = cfg->dynlib_file;
	for (unsigned files = count_dynlibs(cfg->module_conf); entry && files; files--)
		entry = entry->next;
	for (; entry && code == LR_OK; entry = entry->next)
		code = read_option(cfg, entry->str, &read, err);
	bool builtin = read.source_count == 0;
	for (size_t i = 0; builtin && code == LR_OK && lr_uri_builtin[i]; i++)
		code = add_source(&read, lr_uri_builtin[i], err);
	if (code == LR_OK && !read.dir && !set_string(&read.dir, without_chroot(cfg, LR_STATEDIR)))
		code = lr_fail(err, LR_ENOMEM, "out of memory");
	if (code == LR_OK)
		*settings = read;
	else
		lr_settings_clear(&read);
	return code;
}

void
lr_settings_clear(struct lr_settings *settings)
{
	free(settings->sources);
	free(settings->dir);
	free(settings->status_file);
	memset(settings, 0, sizeof(*settings));
}
