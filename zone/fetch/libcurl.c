/* libcurl.c -- functions of libcurl's names, which pass on to libcurl once that is loaded. */
#include "libcurl.h"
#include "lr_config.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <stdarg.h>

#define LEAST 0x075500 /* 7.85, as configure wants it: CURLOPT_PROTOCOLS_STR */

/* Macros around the functions, which check the types of what their callers give. */
#undef curl_easy_getinfo
#undef curl_easy_setopt

/* clang-format off */
#define EACH(DO) \
	DO(void, curl_easy_cleanup, (CURL *easy), (easy)) \
	DO(CURL *, curl_easy_init, (void), ()) \
	DO(const char *, curl_easy_strerror, (CURLcode code), (code)) \
	DO(void, curl_global_cleanup, (void), ()) \
	DO(CURLcode, curl_global_init, (long flags), (flags)) \
	DO(CURLMcode, curl_multi_add_handle, (CURLM *multi, CURL *easy), (multi, easy)) \
	DO(CURLMcode, curl_multi_cleanup, (CURLM *multi), (multi)) \
	DO(CURLMsg *, curl_multi_info_read, (CURLM *multi, int *left), (multi, left)) \
	DO(CURLM *, curl_multi_init, (void), ()) \
	DO(CURLMcode, curl_multi_perform, (CURLM *multi, int *running), (multi, running)) \
	DO(CURLMcode, curl_multi_poll, \
	    (CURLM *multi, struct curl_waitfd *fds, unsigned count, int ms, int *ready), \
	    (multi, fds, count, ms, ready)) \
	DO(CURLMcode, curl_multi_remove_handle, (CURLM *multi, CURL *easy), (multi, easy)) \
	DO(struct curl_slist *, curl_slist_append, (struct curl_slist *list, const char *text), \
	    (list, text)) \
	DO(void, curl_slist_free_all, (struct curl_slist *list), (list)) \
	DO(curl_version_info_data *, curl_version_info, (CURLversion age), (age))
/* clang-format on */

/* Where libcurl's own one is, once it is loaded. */
#define PLACE(type, name, parameters, arguments) static __typeof__(name) *own_##name;
EACH(PLACE)
PLACE(CURLcode, curl_easy_getinfo, , )
PLACE(CURLcode, curl_easy_setopt, , )

/* curl.h declares it too: the compiler compares. */
#define PASS_ON(type, name, parameters, arguments)                                                 \
	type name parameters                                                                       \
	{                                                                                          \
		return own_##name arguments;                                                       \
	}
EACH(PASS_ON)

CURLcode
curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
	va_list rest;
	va_start(rest, info);
	CURLcode code = own_curl_easy_getinfo(easy, info, va_arg(rest, void *));
	va_end(rest);
	return code;
}

/* Of the kinds of values these are used: numbers, and pointers to data and functions. */
CURLcode
curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
	va_list rest;
	CURLcode code;
	va_start(rest, option);
	if (option < CURLOPTTYPE_OBJECTPOINT) {
		long number = va_arg(rest, long);
		code = own_curl_easy_setopt(easy, option, number);
	} else {
		void *pointer = va_arg(rest, void *);
		code = own_curl_easy_setopt(easy, option, pointer);
	}
	va_end(rest);
	return code;
}

/* For those who make packages, as nothing is linked to it
 * (https://uapi-group.org/specifications/specs/elf_dlopen_metadata/). */
#define NOTE                                                                                       \
	"[{\"feature\":\"https\",\"description\":\"https: sources\","                              \
	"\"priority\":\"recommended\",\"soname\":[\"" LR_LIBCURL "\"]}]"
static const struct {
	Elf32_Nhdr head; /* the same in ELF of 64 bits */
	char owner[4], text[(sizeof(NOTE) + 3) / 4 * 4];
} note __attribute__((used, aligned(4), section(".note.dlopen"))) = {
    {4, sizeof(NOTE), 0x407c0c0a}, "FDO", NOTE};

static enum lr_code
fail(struct lr_error *err, const char *why, const char *more)
{
	return lr_fail(err, LR_EIO, "for https: install libcurl (%d.%d or later): %.150s%s",
	    LEAST >> 16, LEAST >> 8 & 0xff, why, more);
}

static enum lr_code
find_all(void *library, struct lr_error *err)
{
#define FIND(type, name, parameters, arguments)                                                    \
	own_##name = (__typeof__(name) *)dlsym(library, #name);                                    \
	if (!own_##name)                                                                           \
		return fail(err, dlerror(), "");
	EACH(FIND)
	FIND(CURLcode, curl_easy_getinfo, , )
	FIND(CURLcode, curl_easy_setopt, , )
	const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
	return version->version_num < LEAST ? fail(err, version->version, " is older") : LR_OK;
}

static enum lr_code
open_library(void **library, struct lr_error *err)
{
	errno = 0;
	void *opened = dlopen(LR_LIBCURL, RTLD_NOW | RTLD_LOCAL);
	if (!opened && errno == ENOMEM) /* dlerror() changes it, and does not tell */
		return lr_fail(err, LR_ENOMEM, "out of memory");
	enum lr_code code = opened ? find_all(opened, err) : fail(err, dlerror(), "");
	if (code == LR_OK)
		*library = opened;
	else if (opened)
		dlclose(opened);
	return code;
}

enum lr_code
lr_libcurl_load(bool last, struct lr_error *err)
{
	static void *library;
	static bool over;
	static struct lr_error missed;
	if (!library && !over)
		(void)open_library(&library, &missed);
	over |= last;
	return library ? LR_OK : lr_fail(err, missed.code, "%s", missed.text);
}
