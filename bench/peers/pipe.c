// pipe N: 64 bytes written to a pipe and read back by the same process, which never blocks.
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
  long pairs = argc > 1 ? atol(argv[1]) : 0;
  int ends[2];
  char data[64] = {0};
  if (pipe(ends) < 0) return 1;
  for (long i = 0; i < pairs; i++)
    if (write(ends[1], data, sizeof data) != sizeof data || read(ends[0], data, sizeof data) != sizeof data) return 1;
  return 0;
}
