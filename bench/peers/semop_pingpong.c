// semop_pingpong N: two processes take turns, each leg a semaphore that the other waits for.
#include <stdlib.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <unistd.h>

static int id;

static int change(int number, int by) {
  struct sembuf operation = {(unsigned short)number, (short)by, 0};
  return semop(id, &operation, 1) == 0;
}

int main(int argc, char **argv) {
  long trips = argc > 1 ? atol(argv[1]) : 0;
  id = semget(IPC_PRIVATE, 2, 0600);
  if (id < 0) return 1;
  pid_t child = fork();
  if (child < 0) return 1;
  if (child == 0) {
    for (long i = 0; i < trips; i++)
      if (!change(0, -1) || !change(1, 1)) _exit(1);
    _exit(0);
  }
  int failed = 0, status = 0;
  for (long i = 0; i < trips && !failed; i++) failed = !change(0, 1) || !change(1, -1);
  if (waitpid(child, &status, 0) != child) failed = 1;
  return semctl(id, 0, IPC_RMID) < 0 || failed || status != 0;
}
