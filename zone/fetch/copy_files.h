/*
 * copy_files.h -- what the files in localroot-dir are called: the copy's own, which module/store.h
 * writes, and the list of sources kept beside it.
 */
#ifndef LR_COPY_FILES_H
#define LR_COPY_FILES_H

#define LR_COPY_ZONE "localroot.zone"
#define LR_COPY_STATE "localroot.state"
#define LR_COPY_SOURCES "localroot.sources"

/* While a file is written, this and more stands behind its name. */
#define LR_SCRATCH ".tmp-"

#endif
