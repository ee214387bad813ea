/* zone/fetch/option.c: the lines of a configuration, each taken and checked, in a folder that has a
 * file of each kind. What the checker passes is taken, and what is taken the checker passes. */
#include "fuzz.h"
#include "option.h"

#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/lr-fuzz-options-XXXXXX";

static void
put(const char *name, const char *text)
{
	char path[64];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *out = fopen(path, "w");
	FUZZ_HOLDS(out && fputs(text, out) >= 0 && fclose(out) == 0);
}

static void
take_away(void)
{
	static const char *const names[] = {"keys", "list", ""};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char path[64];
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)remove(path);
	}
}

static void
fault(void *arg, unsigned number, const char *why)
{
	(void)arg, (void)number;
	FUZZ_HOLDS(*why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static bool ready;
	if (!ready) {
		FUZZ_HOLDS(mkdtemp(folder));
		atexit(take_away);
		put("keys", "key k.example { algorithm hmac-sha256; secret c2VjcmV0; };\n");
		put("list", "axfr:192.0.2.1\nhttps://example.com/root.zone\n----\n");
		ready = true;
	}
	const struct lr_paths paths = {folder, true};
	const struct lr_option_faults faults = {fault, NULL};
	struct lr_options options = {.enabled = false};
	char *text = malloc(size + 1), *rest = text, *line;
	FUZZ_HOLDS(text);
	memcpy(text, bytes, size);
	text[size] = '\0';
	for (unsigned lines = 0; lines < 50 && (line = strsep(&rest, "\n")); lines++) {
		struct lr_error err = {LR_OK, ""};
		bool known;
		enum lr_code taken = lr_option_take(&options, line, &paths, &err);
		FUZZ_HOLDS((taken == LR_OK) == (err.code == LR_OK));
		enum lr_code checked = lr_option_check(line, &paths, &known, NULL);
		bool list = strncmp(line, "localroot-source-list:", 22) == 0; /* read as well */
		FUZZ_HOLDS(list || taken == checked);
		FUZZ_HOLDS(known || taken == LR_EUSAGE);
	}
	if (options.source_list)
		(void)lr_option_take_list(&options, &paths, &faults, NULL);
	for (size_t i = 0; i < options.source_count; i++)
		(void)lr_option_misses(&options, &options.sources[i]);
	lr_options_clear(&options);
	free(text);
	return 0;
}
