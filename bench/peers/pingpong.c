// pingpong N: 64 bytes to another process and back through two pipes. On one cpu, where the driver puts both
// processes, each leg is a block, a wake and a context switch, as it is for two tasks of one script.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char data[64];

static int get(int end) { return read(end, data, sizeof data) == sizeof data; }
static int put(int end) { return write(end, data, sizeof data) == sizeof data; }

int main(int argc, char **argv) {
  long trips = argc > 1 ? atol(argv[1]) : 0;
  int there[2], back[2];
  if (pipe(there) < 0 || pipe(back) < 0) return 1;
  pid_t child = fork();
  if (child < 0) return 1;
  if (child == 0) {
    for (long i = 0; i < trips; i++)
      if (!get(there[0]) || !put(back[1])) _exit(1);
    _exit(0);
  }
  for (long i = 0; i < trips; i++)
    if (!put(there[1]) || !get(back[0])) return 1;
  int status;
  return waitpid(child, &status, 0) != child || status != 0;
}
