// spawn CPU PROGRAM [ARGUMENT...]: runs the program on one cpu and prints  seconds<TAB>peak memory in KiB.
//
// From posix_spawn to waitpid, so start-up is part of it. This is not done in the Python driver because a child
// inherits its parent's peak memory until exec has replaced it, and the kernel keeps the larger: the parent has to be
// small. The program's output is discarded; what it says on stderr passes through.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: spawn CPU PROGRAM [ARGUMENT...]\n");
    return 64;
  }
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(atoi(argv[1]), &cpus);
  if (sched_setaffinity(0, sizeof cpus, &cpus) < 0) {
    perror("spawn: sched_setaffinity");
    return 70;
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);

  pid_t pid;
  double began = now();
  int error = posix_spawnp(&pid, argv[2], &actions, NULL, argv + 2, environ);
  if (error) {
    fprintf(stderr, "spawn: %s: %s\n", argv[2], strerror(error));
    return 66;
  }
  int status;
  struct rusage usage;
  wait4(pid, &status, 0, &usage);
  double seconds = now() - began;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    if (WIFSIGNALED(status)) fprintf(stderr, "spawn: %s: %s\n", argv[2], strsignal(WTERMSIG(status)));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  printf("%.9f\t%ld\n", seconds, usage.ru_maxrss);
  return 0;
}
