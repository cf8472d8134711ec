// mq_hold N: the highest of about 1,000 messages of some 250 priorities leaves a POSIX queue, and a lower one enters.
#define _GNU_SOURCE
#include <fcntl.h>
#include <mqueue.h>
#include <stdint.h>
#include <stdlib.h>
#include <sched.h>
#include <unistd.h>
// link: -lrt

static char text[64];
static mqd_t queue;
static uint32_t seed = 12345;

static unsigned draw(unsigned bound) {
  seed = seed * 1664525u + 1013904223u;
  return (seed >> 8) % bound;
}

static int refill(int drain) {
  unsigned priority;
  while (drain-- > 0)
    if (mq_receive(queue, text, 64, &priority) != 64) return 1;
  for (int i = 0; i < 1000; i++)
    if (mq_send(queue, text, 64, 32767 - draw(256)) < 0) return 1;
  return 0;
}

int main(int argc, char **argv) {
  long count = argc > 1 ? atol(argv[1]) : 0;
  // 1,024 messages are more than fs.mqueue.msg_max allows: it is raised in a namespace of the program's own.
  if (unshare(CLONE_NEWIPC) < 0) return 1;
  int limit = open("/proc/sys/fs/mqueue/msg_max", O_WRONLY);
  if (limit < 0 || write(limit, "1024", 4) != 4) return 1;
  struct mq_attr attr = {.mq_maxmsg = 1024, .mq_msgsize = 64};
  queue = mq_open("/kscript-bench", O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attr);
  int failed = queue < 0 || refill(0);
  mq_unlink("/kscript-bench");
  for (long i = 0; i < count && !failed; i++) {
    unsigned priority;
    if (mq_receive(queue, text, 64, &priority) != 64) return 1;
    int next = (int)priority - 1 - (int)draw(256);
    failed = next < 0 ? refill(999) : mq_send(queue, text, 64, next) < 0;
  }
  return failed;
}
