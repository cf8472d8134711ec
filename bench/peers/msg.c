// msg N: 64 bytes sent to a System V queue and received by their type, past OTHERS messages of another type.
#include <stdlib.h>
#include <sys/msg.h>
#include <unistd.h>
#ifndef OTHERS
#define OTHERS 0
#endif

static struct { long type; char text[64]; } message;

int main(int argc, char **argv) {
  long count = argc > 1 ? atol(argv[1]) : 0;
  int id = msgget(IPC_PRIVATE, 0600), failed = 0;
  if (id < 0) return 1;
  for (int i = 0; i < OTHERS; i++) {
    message.type = 1;
    if (msgsnd(id, &message, 8, IPC_NOWAIT) < 0) failed = 1;
  }
  for (long i = 0; i < count && !failed; i++) {
    message.type = 2;
    failed = msgsnd(id, &message, 64, IPC_NOWAIT) < 0 || msgrcv(id, &message, 64, 2, IPC_NOWAIT) != 64;
  }
  msgctl(id, IPC_RMID, NULL);
  return failed;
}
