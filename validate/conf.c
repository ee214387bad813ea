/* conf.c -- the localroot options in an unbound.conf. */
#include "conf.h"
#include "option.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEPTH 16 /* of files that include others */

/* An entry of interest, and where it stands. */
struct entry {
	char *text, *file;
	unsigned line;
	bool library; /* a dynlib-file that is no option */
	struct entry *next;
};

struct conf {
	struct entry *first, **end;
	char *chroot;
};

/* A file while it is read. */
struct place {
	const char *file;
	char *at;
	unsigned line, depth;
};

static enum lr_code read_file(
    struct conf *conf, const char *path, unsigned depth, struct lr_error *err);

/* The next word, without its quotes, or NULL at the end. A NAME ends with its colon. */
static char *
next_word(struct place *place, bool name)
{
	for (; isspace((unsigned char)*place->at) || *place->at == '#'; place->at++) {
		if (*place->at == '#')
			place->at += strcspn(place->at, "\n");
		if (*place->at == '\0')
			return NULL;
		place->line += *place->at == '\n';
	}
	if (*place->at == '\0')
		return NULL;
	bool quoted = *place->at == '"' || *place->at == '\'';
	const char quote[] = {*place->at, '\n', '\0'};
	char *word = place->at + quoted;
	char *end = word + strcspn(word, quoted ? quote : name ? ": \t\r\n" : " \t\r\n");
	place->at = end;
	if (quoted)
		place->at += *end == quote[0];
	else if (*end == ':')
		place->at = ++end;
	return strndup(word, (size_t)(end - word));
}

static enum lr_code
add(struct conf *conf, const struct place *place, const char *name, const char *value)
{
	struct entry *entry = calloc(1, sizeof(*entry));
	bool dynlib = strcmp(name, "dynlib-file:") == 0;
	if (!entry)
		return LR_ENOMEM;
	entry->library = dynlib && strncmp(value, "localroot", strlen("localroot")) != 0;
	entry->line = place->line;
	entry->file = strdup(place->file);
	if (dynlib)
		entry->text = strdup(value);
	else if (asprintf(&entry->text, "%s %s", name, value) < 0)
		entry->text = NULL;
	*conf->end = entry;
	conf->end = &entry->next;
	return entry->file && entry->text ? LR_OK : LR_ENOMEM;
}

static enum lr_code
include(struct conf *conf, const struct place *place, const char *pattern, struct lr_error *err)
{
	glob_t files;
	enum lr_code code = LR_OK;
	if (glob(pattern, 0, NULL, &files) != 0)
		return strpbrk(pattern, "*?[") ? LR_OK /* as in Unbound */
					       : read_file(conf, pattern, place->depth + 1, err);
	for (size_t i = 0; i < files.gl_pathc && code == LR_OK; i++)
		code = read_file(conf, files.gl_pathv[i], place->depth + 1, err);
	globfree(&files);
	return code;
}

/* NAME has a value of interest, or not. */
static enum lr_code
take(struct conf *conf, struct place *place, const char *name, struct lr_error *err)
{
	bool option = strncmp(name, "localroot", strlen("localroot")) == 0 && strchr(name, ':');
	bool dynlib = strcmp(name, "dynlib-file:") == 0, chroot = strcmp(name, "chroot:") == 0;
	bool includes = strcmp(name, "include:") == 0 || strcmp(name, "include-toplevel:") == 0;
	enum lr_code code = LR_OK;
	if (!option && !dynlib && !chroot && !includes)
		return LR_OK;
	char *value = next_word(place, false);
	if (!value)
		return LR_OK; /* for Unbound's checker */
	if (includes) {
		code = include(conf, place, value, err);
	} else if (chroot) {
		free(conf->chroot);
		conf->chroot = value;
		return LR_OK;
	} else {
		code = add(conf, place, name, value);
	}
	free(value);
	return code == LR_ENOMEM ? lr_fail(err, code, "out of memory") : code;
}

static char *
read_text(const char *path, struct lr_error *err)
{
	FILE *in = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;
	ssize_t length = in ? getdelim(&text, &size, '\0', in) : -1;
	bool failed = !in || ferror(in) || !text;
	if (failed)
		lr_fail(err, LR_EIO, "%.180s: %s", path, strerror(errno));
	else if (length < 0)
		*text = '\0'; /* an empty file */
	if (in)
		fclose(in);
	if (failed) {
		free(text);
		return NULL;
	}
	return text;
}

static enum lr_code
read_file(struct conf *conf, const char *path, unsigned depth, struct lr_error *err)
{
	if (depth > DEPTH)
		return lr_fail(err, LR_ELIMIT, "%.180s: includes itself", path);
	char *text = read_text(path, err), *name;
	struct place place = {.file = path, .at = text, .line = 1, .depth = depth};
	enum lr_code code = text ? LR_OK : LR_EIO;
	while (code == LR_OK && (name = next_word(&place, true))) {
		code = take(conf, &place, name, err);
		free(name);
	}
	free(text);
	return code;
}

/* A stock Unbound loads the library after it has gone into its chroot. */
static bool
library_is_there(const struct conf *conf, const char *library, char *why, size_t size)
{
	size_t length = conf->chroot ? strlen(conf->chroot) : 0;
	bool named = length && strncmp(library, conf->chroot, length) == 0;
	char path[4096];
	snprintf(path, sizeof(path), "%s%s", length && !named ? conf->chroot : "", library);
	if (library[0] != '/' || access(path, R_OK) == 0)
		return true; /* without a slash the loader looks for it */
	snprintf(why, size, "%s: %s%s", path, strerror(errno),
	    length ? ": without the patch the library is loaded from inside of the chroot" : "");
	return false;
}

enum lr_code
lr_conf_check(const char *path, FILE *out, unsigned *errors, struct lr_error *err)
{
	struct conf conf = {.end = &conf.first};
	enum lr_code code = read_file(&conf, path, 0, err);
	const struct lr_paths paths = {.chroot = conf.chroot, .outside = true};
	*errors = 0;
	for (struct entry *entry = conf.first, *next; entry; entry = next) {
		struct lr_error why = {LR_OK, ""};
		bool known, good = code != LR_OK;
		char reason[4500];
		next = entry->next;
		if (!good && entry->library) {
			good = library_is_there(&conf, entry->text, reason, sizeof(reason));
		} else if (!good) {
			good = lr_option_check(entry->text, &paths, &known, &why) == LR_OK;
			snprintf(reason, sizeof(reason), "%s", why.text);
		}
		if (!good)
			fprintf(out, "%s:%u: error: %s\n", entry->file, entry->line, reason);
		*errors += !good;
		free(entry->text);
		free(entry->file);
		free(entry);
	}
	free(conf.chroot);
	return code;
}
