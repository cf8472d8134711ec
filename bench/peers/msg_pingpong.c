// msg_pingpong N: 64 bytes to another process and back through two System V queues, both processes on one cpu.
#include <stdlib.h>
#include <sys/msg.h>
#include <sys/wait.h>
#include <unistd.h>

static struct { long type; char text[64]; } message = {1, {0}};

static int get(int id) { return msgrcv(id, &message, 64, 0, 0) == 64; }
static int put(int id) { return msgsnd(id, &message, 64, 0) == 0; }

int main(int argc, char **argv) {
  long trips = argc > 1 ? atol(argv[1]) : 0;
  int there = msgget(IPC_PRIVATE, 0600), back = msgget(IPC_PRIVATE, 0600), failed = 0, status;
  if (there < 0 || back < 0) return 1;
  pid_t child = fork();
  if (child == 0) {
    for (long i = 0; i < trips; i++)
      if (!get(there) || !put(back)) _exit(1);
    _exit(0);
  }
  for (long i = 0; i < trips && !failed; i++) failed = !put(there) || !get(back);
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) failed = 1;
  msgctl(there, IPC_RMID, NULL);
  msgctl(back, IPC_RMID, NULL);
  return failed;
}
