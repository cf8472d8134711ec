/* The files of /proc that all worlds share with their machine: see proc_files.c. */
#pragma once
#include <stdint.h>

typedef struct ks_proc_owners {
  int proc; /* the machine's /proc */
  uint32_t count;
  struct ks_proc_owner {
    char path[52];
    uint32_t mode, uid, gid;
  } entries[24];
} ks_proc_owners;

/* Makes read-only in the /proc mounted at `proc` what is not known; `hidden` is a directory to do it from.
 * 0, or -1 with errno. */
int ks_cover_proc(const char *known, const char *proc, const char *hidden);
int ks_remember_proc_owners(ks_proc_owners *owners, const char *known);
void ks_restore_proc_owners(const ks_proc_owners *owners);
