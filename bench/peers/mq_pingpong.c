// mq_pingpong N: 64 bytes to another process and back through two POSIX queues, both processes on one cpu.
#include <fcntl.h>
#include <mqueue.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
// link: -lrt

static char text[64];

static int get(mqd_t queue) {
  unsigned priority;
  return mq_receive(queue, text, 64, &priority) == 64;
}
static int put(mqd_t queue) { return mq_send(queue, text, 64, 1) == 0; }

int main(int argc, char **argv) {
  long trips = argc > 1 ? atol(argv[1]) : 0;
  struct mq_attr attr = {.mq_maxmsg = 4, .mq_msgsize = 64};
  mqd_t there = mq_open("/kscript-there", O_RDWR | O_CREAT, 0600, &attr);
  mqd_t back = mq_open("/kscript-back", O_RDWR | O_CREAT, 0600, &attr);
  mq_unlink("/kscript-there");
  mq_unlink("/kscript-back");
  if (there < 0 || back < 0) return 1;
  pid_t child = fork();
  if (child < 0) return 1;
  if (child == 0) {
    for (long i = 0; i < trips; i++)
      if (!get(there) || !put(back)) _exit(1);
    _exit(0);
  }
  for (long i = 0; i < trips; i++)
    if (!put(there) || !get(back)) return 1;
  int status;
  return waitpid(child, &status, 0) != child || status != 0;
}
