/*
 * status_file.h -- the statistics as a file, written aside: its file system may hang.
 *
 * The refresher's thread.
 */
#ifndef LR_STATUS_FILE_H
#define LR_STATUS_FILE_H

#include <stdint.h>

struct lr_status_file;

/* NOTIFY_FD, an eventfd, becomes readable when a writing has ended. NULL: out of memory. */
struct lr_status_file *lr_status_file_new(const char *path, int notify_fd);

/* A writing that has not ended at UNTIL_MS (monotonic) is left behind. NULL is allowed. */
void lr_status_file_free(struct lr_status_file *file, int64_t until_ms);

/* Begins to write TEXT, malloc'ed, which it frees; NULL: there was no memory for it. Where the last
 * writing has not ended, this one is left out. The log is told once of what goes wrong, and once
 * when that is over. */
void lr_status_file_write(struct lr_status_file *file, char *text);

/* Takes what has ended; now and then, and when notified. */
void lr_status_file_work(struct lr_status_file *file);

#endif
