/* t_host.c -- the plug-in in a program that is not Unbound: this one, which exports nothing. */
#include "unit.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What Unbound would call; no struct of Unbound's is at any of these addresses. */
static int (*init)(void *env, int id);
static void (*deinit)(void *env, int id);
static void (*operate)(void *query, int event, int id, void *entry);
static size_t (*get_mem)(void *env, int id);
typedef void print_text(void *arg, const char *text);
static void (*stats)(void *env, int id, int reset, print_text *print, void *arg);
static int (*control)(void *env, int id, const char *line, print_text *print, void *arg);

#define TEXT 16384

static void *
symbol(void *library, const char *name)
{
	void *found = dlsym(library, name);
	if (!found)
		print_error("%s\n", dlerror());
	assert_non_null(found);
	return found;
}

/* With all symbols bound at once: nothing that only Unbound has may be missed. */
static int
load(void **state)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/.libs/localroot.so", getenv("LR_BUILD"));
	void *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
	if (!library)
		print_error("%s\n", dlerror());
	assert_non_null(library);
	*(void **)&init = symbol(library, "init");
	*(void **)&deinit = symbol(library, "deinit");
	*(void **)&operate = symbol(library, "operate");
	*(void **)&get_mem = symbol(library, "get_mem");
	*(void **)&stats = symbol(library, "dynlib_stats");
	*(void **)&control = symbol(library, "dynlib_control");
	*state = library;
	return 0;
}

/* What init writes to standard error, and returns. */
static int
start(void *env, char *line, size_t size)
{
	FILE *out = tmpfile();
	int saved = dup(STDERR_FILENO);
	assert_non_null(out);
	assert_true(dup2(fileno(out), STDERR_FILENO) >= 0);
	int result = init(env, 0);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(out);
	line[fread(line, 1, size - 1, out)] = '\0';
	fclose(out);
	return result;
}

static void
keep_text(void *kept, const char *text)
{
	snprintf(kept, TEXT, "%s", text);
}

static void
another_program(void **state)
{
	static char zeros[65536];
	static char ones[65536];
	void *nothing[] = {NULL, (void *)1, zeros, ones, (void *)(uintptr_t)-8};
	char line[1024], text[TEXT];
	(void)state;
	memset(ones, 0xff, sizeof(ones));
	for (size_t i = 0; i < sizeof(nothing) / sizeof(*nothing); i++) {
		assert_int_equal(start(nothing[i], line, sizeof(line)), 1);
		assert_non_null(strstr(line, "localroot: not serving: "));
		assert_non_null(strstr(line, "another program"));
		assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
		for (int event = 0; event < 8; event++)
			operate(nothing[i], event, 0, nothing[i]);
		assert_int_equal(get_mem(nothing[i], 0), 0);
		stats(nothing[i], 0, 1, keep_text, text);
		assert_string_equal(text, "localroot.serving=0\n");
		assert_int_equal(control(nothing[i], 0, "localroot_status", keep_text, text), 1);
		assert_non_null(strstr(text, "not serving: "));
		assert_non_null(strstr(text, "another program"));
		assert_int_equal(control(nothing[i], 0, "localroot_refresh", keep_text, text), 1);
		assert_non_null(strstr(text, "error not serving: "));
		assert_int_equal(control(nothing[i], 0, "other", keep_text, text), 0);
		deinit(nothing[i], 0);
	}
}

UNIT_TESTS(load, NULL, TEST(another_program))
