// mq N: 64 bytes sent to an empty POSIX queue and received.
#include <fcntl.h>
#include <mqueue.h>
#include <stdlib.h>
// link: -lrt

static char text[64];

int main(int argc, char **argv) {
  long count = argc > 1 ? atol(argv[1]) : 0;
  struct mq_attr attr = {.mq_maxmsg = 10, .mq_msgsize = 64};
  mqd_t queue = mq_open("/kscript-bench", O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attr);
  int failed = queue < 0;
  mq_unlink("/kscript-bench");
  unsigned priority;
  for (long i = 0; i < count && !failed; i++)
    failed = mq_send(queue, text, 64, 1) < 0 || mq_receive(queue, text, 64, &priority) != 64;
  return failed;
}
