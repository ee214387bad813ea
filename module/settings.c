#include "settings.h"
#include "source.h"
#include "unbound.h"
#include "uri_list.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is read before it is known to be whole. */
struct reading {
	const struct config_file *cfg;
	struct lr_settings settings;
	char *list; /* localroot-source-list, or NULL */
};

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
out_of_memory(struct lr_error *err)
{
	return lr_fail(err, LR_ENOMEM, "out of memory");
}

static enum lr_code
add_source(struct lr_settings *settings, const struct lr_uri *uri, struct lr_error *err)
{
	struct lr_uri *sources =
	    reallocarray(settings->sources, settings->source_count + 1, sizeof(*sources));
	if (!sources)
		return out_of_memory(err);
	sources[settings->source_count++] = *uri;
	settings->sources = sources;
	return LR_OK;
}

static enum lr_code
add_text(struct lr_settings *settings, const char *text, struct lr_error *err)
{
	struct lr_uri uri;
	enum lr_code code = lr_uri_parse(text, &uri, err);
	return code == LR_OK ? add_source(settings, &uri, err) : code;
}

/* Whether this build can ask the source; LR_EUNSUPPORTED quotes it. */
static enum lr_code
try_out(const struct lr_settings *settings, const struct lr_uri *uri, struct lr_error *err)
{
	const struct lr_source_options options = {.ca_bundle = settings->ca_bundle};
	struct lr_source *source;
	struct lr_error why;
	enum lr_code code = lr_source_new(uri, &options, &source, &why);
	if (code != LR_OK)
		return lr_fail(err, code, "\"%.100s\": %.140s", uri->text, why.text);
	lr_source_free(source);
	return LR_OK;
}

static void
log_skipped(void *path, unsigned number, const char *why)
{
	log_warn("localroot: %s line %u: %s: skipped", (const char *)path, number, why);
}

/* The sources of a list that can be used; none where it cannot be read, and the log says why. */
static enum lr_code
read_list(const char *path, struct lr_uri **uris, size_t *count, struct lr_error *err)
{
	const struct lr_uri_list_skipped skipped = {log_skipped, (void *)(uintptr_t)path};
	struct stat status;
	*uris = NULL;
	*count = 0;
	/* O_NONBLOCK: opening a FIFO would wait for its writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	FILE *in =
	    fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? fdopen(fd, "r") : NULL;
	if (!in) {
		log_warn("localroot: cannot read %s: %s", path,
		    fd < 0 ? strerror(errno) : "not a regular file");
		if (fd >= 0)
			close(fd);
		return LR_OK;
	}
	enum lr_code code = lr_uri_list_read(in, &skipped, uris, count, err);
	fclose(in);
	if (code == LR_OK || code == LR_ENOMEM)
		return code;
	log_warn("localroot: %s: %s", path, err->text);
	return LR_OK;
}

static enum lr_code
add_list(struct lr_settings *settings, const char *path, struct lr_error *err)
{
	struct lr_uri *uris;
	struct lr_error why;
	size_t count, before = settings->source_count;
	enum lr_code code = read_list(path, &uris, &count, err);
	for (size_t i = 0; code == LR_OK && i < count; i++) {
		code = try_out(settings, &uris[i], &why);
		if (code == LR_OK) {
			code = add_source(settings, &uris[i], err);
		} else {
			log_warn("localroot: %s: %s: skipped", path, why.text);
			code = LR_OK;
		}
	}
	free(uris);
	if (code == LR_OK && settings->source_count == before)
		log_warn("localroot: %s: no usable source in it: %s", path,
		    before ? "only those given with localroot-source are asked"
			   : "the built-in list is used");
	return code;
}

/* The options are known: which sources there are. */
static enum lr_code
complete_sources(struct reading *reading, struct lr_error *err)
{
	struct lr_settings *settings = &reading->settings;
	enum lr_code code = LR_OK;
	settings->named = settings->source_count;
	for (size_t i = 0; i < settings->named && code == LR_OK; i++)
		code = try_out(settings, &settings->sources[i], err);
	if (code == LR_OK && reading->list)
		code = add_list(settings, reading->list, err);
	bool builtin = settings->source_count == 0;
	for (size_t i = 0; builtin && code == LR_OK && lr_uri_builtin[i]; i++)
		code = add_text(settings, lr_uri_builtin[i], err);
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

/* The options that are paths. */
static char **
path_of(struct reading *reading, const char *name, size_t length)
{
	const struct {
		const char *name;
		char **path;
	} paths[] = {
	    {"localroot-source-list", &reading->list},
	    {"localroot-dir", &reading->settings.dir},
	    {"localroot-status-file", &reading->settings.status_file},
	    {"localroot-ca-bundle", &reading->settings.ca_bundle},
	};
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (strlen(paths[i].name) == length && strncmp(name, paths[i].name, length) == 0)
			return paths[i].path;
	return NULL;
}

static enum lr_code
read_option(struct reading *reading, const char *text, struct lr_error *err)
{
	struct lr_settings *settings = &reading->settings;
	const char *value = strchr(text, ':');
	if (!value)
		return bad(err, text, "neither a localroot option nor a file for a dynlib module");
	size_t length = (size_t)(value++ - text);
	while (isspace((unsigned char)*value))
		value++;
	if (!*value)
		return bad(err, text, "the value is missing");
	char **path = path_of(reading, text, length);
	if (path)
		return set_string(path, without_chroot(reading->cfg, value)) ? LR_OK
									     : out_of_memory(err);

#define IS(name) (length == sizeof(name) - 1 && strncmp(text, name, length) == 0)
	if (IS("localroot")) {
		settings->enabled = strcmp(value, "yes") == 0;
		if (!settings->enabled && strcmp(value, "no") != 0)
			return bad(err, text, "expected yes or no");
	} else if (IS("localroot-source")) {
		return add_text(settings, value, err);
	} else if (IS("localroot-max-age")) {
		if (!read_seconds(value, &settings->max_age))
			return bad(err, text, "expected a number of seconds, at least 1");
	} else if (IS("localroot-refresh")) {
		if (!read_seconds(value, &settings->refresh))
			return bad(err, text, "expected a number of seconds, at least 1");
	} else if (!IS("localroot-module")) { /* which the patched parser has obeyed already */
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
	struct reading reading = {.cfg = cfg};
	enum lr_code code = LR_OK;
	const struct config_strlist *entry = cfg->dynlib_file;
	reading.settings.date_override = cfg->val_date_override;
	for (unsigned files = count_dynlibs(cfg->module_conf); entry && files; files--)
		entry = entry->next;
	for (; entry && code == LR_OK; entry = entry->next)
		code = read_option(&reading, entry->str, err);
	if (code == LR_OK && reading.settings.enabled)
		code = complete_sources(&reading, err);
	if (code == LR_OK && !reading.settings.dir &&
	    !set_string(&reading.settings.dir, without_chroot(cfg, LR_STATEDIR)))
		code = out_of_memory(err);
	free(reading.list);
	if (code == LR_OK)
		*settings = reading.settings;
	else
		lr_settings_clear(&reading.settings);
	return code;
}

void
lr_settings_clear(struct lr_settings *settings)
{
	free(settings->sources);
	free(settings->dir);
	free(settings->status_file);
	free(settings->ca_bundle);
	memset(settings, 0, sizeof(*settings));
}
