/* conf.c -- the localroot options in an unbound.conf. */
#include "conf.h"
#include "option.h"

#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH 16 /* of files that include others */

#ifndef GLOB_BRACE /* musl has none: a brace is a character as any other, for Unbound, too */
#define GLOB_BRACE 0
#endif

/* An entry of interest, and where it stands. */
struct entry {
	char *text, *file;
	unsigned line;
	bool dynlib;  /* a dynlib-file */
	bool library; /* one that is no option */
	struct entry *next;
};

struct conf {
	struct entry *first, **end;
	char *chroot;
	char *modules;      /* module-config, or NULL */
	char *modules_file; /* where that stands */
	unsigned modules_line;
	bool patched; /* localroot: in the server clause: the library need not come first */
	bool moved;   /* by directory: */
};

/* A file while it is read. */
struct place {
	const char *file;
	char *at;
	unsigned line, depth;
};

static enum lr_code read_file(
    struct conf *conf, const char *path, unsigned depth, struct lr_error *err);

/* How far it is to one of STOPS that no backslash stands before. */
static size_t
span(const char *text, const char *stops)
{
	size_t length = 0;
	while (text[length] && !strchr(stops, text[length])) {
		bool escaped = text[length] == '\\' && text[length + 1] && text[length + 1] != '\n';
		length += escaped ? 2 : 1;
	}
	return length;
}

/* The next word, without its quotes, the caller's to free; *next is NULL at the end. A NAME ends
 * with its colon. */
static enum lr_code
next_word(struct place *place, bool name, char **next)
{
	*next = NULL;
	for (; isspace((unsigned char)*place->at) || *place->at == '#'; place->at++) {
		if (*place->at == '#')
			place->at += strcspn(place->at, "\n");
		if (*place->at == '\0')
			return LR_OK;
		place->line += *place->at == '\n';
	}
	if (*place->at == '\0')
		return LR_OK;
	bool quoted = *place->at == '"' || *place->at == '\'';
	const char quote[] = {*place->at, '\n', '\0'};
	char *word = place->at + quoted;
	char *end = word + span(word, quoted ? quote : name ? ":'\" \t\r\n" : "'\" \t\r\n");
	place->at = end;
	if (quoted)
		place->at += *end == quote[0];
	else if (*end == ':')
		place->at = ++end;
	*next = strndup(word, (size_t)(end - word));
	return *next ? LR_OK : LR_ENOMEM;
}

static enum lr_code
add(struct conf *conf, const struct place *place, const char *name, const char *value)
{
	struct entry *entry = calloc(1, sizeof(*entry));
	bool dynlib = strcmp(name, "dynlib-file:") == 0;
	if (!entry)
		return LR_ENOMEM;
	entry->dynlib = dynlib;
	entry->library = dynlib && strncmp(value, "localroot", strlen("localroot")) != 0;
	conf->patched |= strcmp(name, "localroot:") == 0;
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

/* A name is a pattern for glob(3) where Unbound takes it for one, with the same flags. */
static enum lr_code
include(struct conf *conf, const struct place *place, const char *pattern, struct lr_error *err)
{
	glob_t files;
	enum lr_code code = LR_OK;
	errno = 0;
	int failed = strpbrk(pattern, "*?[{~")
			 ? glob(pattern, GLOB_ERR | GLOB_BRACE | GLOB_TILDE, NULL, &files)
			 : GLOB_ABORTED;
	if (failed == GLOB_NOMATCH)
		return LR_OK;
	if (failed == GLOB_NOSPACE ||
	    (failed && errno == ENOMEM)) /* a folder that was not opened for it */
		return LR_ENOMEM;
	if (failed)
		return read_file(conf, pattern, place->depth + 1, err);
	for (size_t i = 0; i < files.gl_pathc && code == LR_OK; i++)
		code = read_file(conf, files.gl_pathv[i], place->depth + 1, err);
	globfree(&files);
	return code;
}

static enum lr_code
set_modules(struct conf *conf, const struct place *place, const char *value)
{
	char *modules = strdup(value), *file = strdup(place->file);
	if (!modules || !file) {
		free(modules);
		free(file);
		return LR_ENOMEM;
	}
	free(conf->modules);
	free(conf->modules_file);
	conf->modules = modules;
	conf->modules_file = file;
	conf->modules_line = place->line;
	return LR_OK;
}

static enum lr_code
use(struct conf *conf, const struct place *place, const char *name, const char *value,
    struct lr_error *err)
{
	if (strcmp(name, "include:") == 0 || strcmp(name, "include-toplevel:") == 0)
		return include(conf, place, value, err);
	if (strcmp(name, "module-config:") == 0)
		return set_modules(conf, place, value);
	if (strcmp(name, "directory:") == 0) {
		/* Names of files that are included from here on are relative to it. Where it cannot
		 * be entered, nothing changes. */
		conf->moved |= *value && chdir(value) == 0;
		return LR_OK;
	}
	if (strcmp(name, "chroot:") != 0)
		return add(conf, place, name, value);
	free(conf->chroot);
	conf->chroot = strdup(value);
	return conf->chroot ? LR_OK : LR_ENOMEM;
}

/* Reads the value of NAME, where that is looked at here. */
static enum lr_code
take(struct conf *conf, struct place *place, const char *name, struct lr_error *err)
{
	static const char *const names[] = {"dynlib-file:", "module-config:", "chroot:",
	    "directory:", "include:", "include-toplevel:"};
	bool wanted = strncmp(name, "localroot", strlen("localroot")) == 0 && strchr(name, ':');
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		wanted |= strcmp(name, names[i]) == 0;
	char *value = NULL;
	enum lr_code code = wanted ? next_word(place, false, &value) : LR_OK;
	if (value) /* one that is missing is unbound-checkconf's to tell */
		code = use(conf, place, name, value, err);
	free(value);
	return code;
}

/* The text, the caller's to free; NULL: *code says why not. */
static char *
read_text(const char *path, enum lr_code *code, struct lr_error *err)
{
	FILE *in = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;
	ssize_t length = in ? getdelim(&text, &size, '\0', in) : -1;
	if (!in || ferror(in) || !text) {
		*code = lr_fail(err, lr_code_of_errno(errno), "%.180s: %s", path, strerror(errno));
		free(text);
		text = NULL;
	} else if (length < 0) {
		*text = '\0'; /* an empty file */
	}
	if (in)
		fclose(in);
	return text;
}

static enum lr_code
read_file(struct conf *conf, const char *path, unsigned depth, struct lr_error *err)
{
	if (depth > DEPTH)
		return lr_fail(err, LR_ELIMIT, "%.180s: includes itself", path);
	char *name = NULL;
	enum lr_code code = LR_OK;
	char *text = read_text(path, &code, err);
	if (!text)
		return code;
	struct place place = {.file = path, .at = text, .line = 1, .depth = depth};
	while ((code = next_word(&place, true, &name)) == LR_OK && name) {
		code = take(conf, &place, name, err);
		free(name);
		if (code != LR_OK)
			break;
	}
	free(text);
	return code == LR_ENOMEM ? lr_fail(err, code, "out of memory") : code;
}

/* NULL where it is a shared object as far as its header tells, else why not. */
static const char *
look_at_library(const char *path)
{
	Elf64_Ehdr header; /* what is looked at has the same place in one of 32 bits */
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return strerror(errno);
	bool good = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
		    read(fd, &header, sizeof(header)) == sizeof(header) &&
		    memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_type == ET_DYN;
	close(fd);
	return good ? NULL : "not a shared library";
}

/* A stock Unbound loads the library after it has gone into its chroot. */
static bool
check_library(const struct conf *conf, const char *library, char *why, size_t size)
{
	size_t length = conf->chroot ? strlen(conf->chroot) : 0;
	bool named = length && strncmp(library, conf->chroot, length) == 0;
	bool relative = library[0] != '/';
	char path[4096];
	if (relative && (!strchr(library, '/') || length || !conf->moved))
		return true; /* for the loader to look for, or in a folder that is not known here */
	snprintf(path, sizeof(path), "%s%s", length && !named ? conf->chroot : "", library);
	const char *wrong = look_at_library(path);
	if (!wrong)
		return true;
	snprintf(why, size, "%s: %s%s", path, wrong,
	    length ? ": without the patch the library is loaded from inside of the chroot" : "");
	return false;
}

/* The NUMBERth dynlib-file, from 1 on, of which the first DYNLIBS have to be libraries: a stock
 * Unbound ends at one that is not. LR_ENOMEM, or what is said of it in WHY. */
static enum lr_code
check_entry(const struct conf *conf, const struct entry *entry, unsigned number, unsigned dynlibs,
    char *why, size_t size)
{
	const struct lr_paths paths = {.chroot = conf->chroot, .outside = true};
	struct lr_error err = {LR_OK, ""};
	bool known;
	if (entry->library && (conf->patched || number <= dynlibs || dynlibs == 0))
		return check_library(conf, entry->text, why, size) ? LR_OK : LR_EUSAGE;
	if (entry->dynlib && !conf->patched && number <= dynlibs) {
		snprintf(why, size,
		    "\"%.150s\" stands where the library has to be: it comes first, once for each "
		    "dynlib in module-config, and the options follow",
		    entry->text);
		return LR_EUSAGE;
	}
	enum lr_code code = lr_option_check(entry->text, &paths, &known, &err);
	snprintf(why, size, "%s", err.text);
	return code;
}

/* Whether module-config, if it is given, and the dynlib-file entries, FILES of them, go
 * together. */
static bool
check_modules(const struct conf *conf, unsigned files, unsigned dynlibs, FILE *out)
{
	bool good =
	    conf->patched || !conf->modules || (files >= dynlibs && (dynlibs > 0 || files == 0));
	if (!good)
		fprintf(out, "%s:%u: error: module-config: \"%.150s\": %s\n", conf->modules_file,
		    conf->modules_line, conf->modules,
		    dynlibs ? "a dynlib without a library of its own among the dynlib-file entries"
			    : "no dynlib, which would load the library");
	return good;
}

static void
clear(struct conf *conf)
{
	for (struct entry *entry = conf->first, *next; entry; entry = next) {
		next = entry->next;
		free(entry->text);
		free(entry->file);
		free(entry);
	}
	free(conf->chroot);
	free(conf->modules);
	free(conf->modules_file);
}

enum lr_code
lr_conf_check(const char *path, FILE *out, unsigned *errors, struct lr_error *err)
{
	struct conf conf = {.end = &conf.first};
	enum lr_code code = read_file(&conf, path, 0, err);
	unsigned dynlibs = conf.modules ? lr_option_dynlibs(conf.modules) : 0, number = 0;
	*errors = 0;
	for (struct entry *entry = conf.first; entry && code == LR_OK; entry = entry->next) {
		char why[4500];
		number += entry->dynlib;
		enum lr_code found = check_entry(&conf, entry, number, dynlibs, why, sizeof(why));
		if (found == LR_ENOMEM)
			code = lr_fail(err, found, "out of memory");
		if (found == LR_OK || found == LR_ENOMEM)
			continue;
		fprintf(out, "%s:%u: error: %s\n", entry->file, entry->line, why);
		++*errors;
	}
	if (code == LR_OK)
		*errors += !check_modules(&conf, number, dynlibs, out);
	clear(&conf);
	return code;
}
