/*
 * status_file.h -- the status for programs that cannot use unbound-control: the numbers in a file,
 * and all of it as JSON beside that, in PATH.json. Written aside: their file system may hang.
 *
 * For the refresher's thread; before that starts init's, and after it has ended deinit's.
 */
#ifndef LR_STATUS_FILE_H
#define LR_STATUS_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct lr_status_file;

/* What prints the texts, in the thread that asks for a writing. Not RUNNING: they are the last, and
 * nothing is served from now on. */
struct lr_status_text {
	void (*print_metrics)(const void *arg, bool running, FILE *out);
	void (*print_json)(const void *arg, bool running, FILE *out);
	const void *arg;
};

/* PATH and *TEXT are copied. NOTIFY_FD, an eventfd, becomes readable when a writing has ended.
 * NULL: out of memory. */
struct lr_status_file *lr_status_file_new(
    const char *path, const struct lr_status_text *text, int notify_fd);

/* Begins to write. Where the last writing has not ended, this one is left out. The log is told once
 * of what goes wrong, and once when that is over. */
void lr_status_file_write(struct lr_status_file *file);

/* Takes the writing that has ended. To be called now and then, and when notified. */
void lr_status_file_work(struct lr_status_file *file);

/* Writes the last texts, if what is under way ends before UNTIL_MS (monotonic). NULL is allowed. */
void lr_status_file_end(struct lr_status_file *file, int64_t until_ms);

/* A writing that has not ended at UNTIL_MS is left behind. NULL is allowed. */
void lr_status_file_free(struct lr_status_file *file, int64_t until_ms);

#endif
