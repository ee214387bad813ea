/*
 * former.c -- what an Unbound asks that was patched before dynlib_stats, dynlib_control and
 * dynlib_check (module.c) had these names: the same under the former ones, with room for a text in
 * place of a function to print it.
 */
#include "host.h"

#define EXPORT __attribute__((visibility("default")))

typedef void print_text(void *arg, const char *text);
void dynlib_stats(struct module_env *env, int id, int reset, print_text *print, void *arg);
int dynlib_control(struct module_env *env, int id, const char *line, print_text *print, void *arg);
int dynlib_check(const char *option, const char *chroot, char *why, size_t size);

EXPORT void unbound_module_stats(
    struct module_env *env, int id, char *text, size_t size, int reset);
EXPORT int unbound_module_control(
    struct module_env *env, int id, const char *line, char *text, size_t size);
EXPORT int unbound_module_check(const char *option, const char *chroot, char *why, size_t size);

struct room {
	char *text;
	size_t size;
};

/* Whole lines only: a number must not lose its last digits. */
static void
fit(void *arg, const char *text)
{
	const struct room *room = arg;
	char *end;
	snprintf(room->text, room->size, "%s", text);
	if (strlen(text) >= room->size && (end = strrchr(room->text, '\n')))
		end[1] = '\0';
}

void
unbound_module_stats(struct module_env *env, int id, char *text, size_t size, int reset)
{
	dynlib_stats(env, id, reset, fit, &(struct room){text, size});
}

int
unbound_module_control(struct module_env *env, int id, const char *line, char *text, size_t size)
{
	return dynlib_control(env, id, line, fit, &(struct room){text, size});
}

int
unbound_module_check(const char *option, const char *chroot, char *why, size_t size)
{
	return dynlib_check(option, chroot, why, size);
}
