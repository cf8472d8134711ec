// getppid N: the cheapest call there is, so this is the price of entering Linux.
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
  long calls = argc > 1 ? atol(argv[1]) : 0;
  for (long i = 0; i < calls; i++) getppid();
  return 0;
}
