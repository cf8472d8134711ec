// msg_past N: the same as msg, past 1,000 other messages.
#define OTHERS 1000
#include "msg.c"
