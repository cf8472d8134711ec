/* The files of /proc that are the machine's, not a world's: there is one /proc/irq and one owner of /proc/sysvipc/msg,
 * whatever mount they are reached by and in whatever namespace. A world may not write to them, nor leave them changed.
 * `known` names, each between line feeds, the files that the emulated kernel has too ("\nsysvipc/msg\n"): what a script
 * does to those is its business, so they stay as they are, and their owners and modes are put back behind it.
 * Manual: proc(5). Linux: fs/proc/generic.c, where proc_notify_change() writes to what all mounts share.
 *
 * All this runs in processes cloned from one with threads: nothing here may take memory from the C library.
 */
#define _GNU_SOURCE
#include "proc_files.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <dirent.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { PATH_SIZE = 288 };

/* Whether `known` has the path itself, or one that goes on from it with `end`. */
static int knows(const char *known, const char *path, char end) {
  char line[PATH_SIZE + 3];
  snprintf(line, sizeof line, "\n%s%c", path, end);
  return strstr(known, line) != NULL;
}

/* Puts what lies in `below` ("", "sys/"), as the read-only /proc at `hidden` shows it, over what lies in /proc at
   `proc`, but for what is known, and for processes, who are a world's own. */
static int cover_directory(const char *known, const char *proc, const char *hidden, const char *below) {
  char path[PATH_SIZE], from[PATH_SIZE + 32], to[PATH_SIZE + 32], entries[4096];
  snprintf(to, sizeof to, "%s/%s", proc, below);
  int directory = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = -1;
  if (directory < 0) return -1;
  for (;;) {
    long size = syscall(SYS_getdents64, directory, entries, sizeof entries);
    if (size <= 0) {
      result = (int)size;
      break;
    }
    for (long at = 0; at < size;) {
      const struct dirent64 *entry = (const void *)(entries + at);
      at += entry->d_reclen;
      const char *name = entry->d_name;
      int is_process = !*below && *name >= '0' && *name <= '9';
      if (entry->d_type == DT_LNK || is_process || !strcmp(name, ".") || !strcmp(name, "..")) continue;
      if (snprintf(path, sizeof path, "%s%s", below, name) >= (int)sizeof path - 1) goto done;
      if (knows(known, path, '\n')) continue;
      if (knows(known, path, '/')) {
        strcat(path, "/");
        if (cover_directory(known, proc, hidden, path)) goto done;
        continue;
      }
      snprintf(from, sizeof from, "%s/%s", hidden, path);
      snprintf(to, sizeof to, "%s/%s", proc, path);
      /* A driver's file may have gone meanwhile. */
      if (mount(from, to, NULL, MS_BIND, NULL) && errno != ENOENT) goto done;
    }
  }
done:
  close(directory);
  return result;
}

int ks_cover_proc(const char *known, const char *proc, const char *hidden) {
  if (mount("proc", hidden, "proc", MS_NODEV | MS_NOSUID | MS_NOEXEC | MS_RDONLY, NULL)) return -1;
  int result = cover_directory(known, proc, hidden, "");
  if (umount2(hidden, MNT_DETACH)) return -1;
  return result;
}

/* Settings below sys have owners that nobody can change. */
static int is_setting(const char *path) { return strncmp(path, "sys/", 4) == 0; }

static int remember(ks_proc_owners *owners, const char *path, size_t length) {
  if (owners->count == sizeof owners->entries / sizeof *owners->entries || length >= sizeof owners->entries->path)
    return -1;
  struct ks_proc_owner *entry = &owners->entries[owners->count++];
  memcpy(entry->path, path, length);
  entry->path[length] = 0;
  struct stat status;
  if (fstatat(owners->proc, entry->path, &status, AT_SYMLINK_NOFOLLOW)) return -1;
  entry->mode = status.st_mode & 07777;
  entry->uid = status.st_uid;
  entry->gid = status.st_gid;
  return 0;
}

int ks_remember_proc_owners(ks_proc_owners *owners, const char *known) {
  owners->count = 0;
  owners->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (owners->proc < 0) return -1;
  for (const char *path = known + 1; *path; path = strchr(path, '\n') + 1) {
    if (is_setting(path)) continue;
    const char *end = strchr(path, '\n'), *slash = memchr(path, '/', (size_t)(end - path));
    /* The directory is there several times when it has several files: they say the same. */
    if (slash && remember(owners, path, (size_t)(slash - path))) return -1;
    if (remember(owners, path, (size_t)(end - path))) return -1;
  }
  return 0;
}

/* Without asking what they are: each mount of proc has inodes of its own, so that the machine's still tell the old
   owner where a world has changed the one behind them, which the next mount will show. */
void ks_restore_proc_owners(const ks_proc_owners *owners) {
  for (uint32_t i = 0; i < owners->count; i++) {
    const struct ks_proc_owner *entry = &owners->entries[i];
    if (fchownat(owners->proc, entry->path, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW)) continue;
    fchmodat(owners->proc, entry->path, entry->mode, 0);
  }
}
