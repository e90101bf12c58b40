/* primitives.h -- what the small programs of `echolab primitives` share. */
#ifndef ECHOLAB_PRIMITIVES_H
#define ECHOLAB_PRIMITIVES_H

#include "loop.h"
#include "task.h"

/* One program: what it shows, where its source is, what runs. */
struct primitive {
    const char *name;
    const char *summary;
    const char *file;         /* its section there begins with "---- name:" */
    long (*run)(void *loop);  /* as a task; returns 0 */
};

/* The programs; their sources say what each is about. */
long loop_program(void *loop);
long future_program(void *loop);
long task_program(void *loop);
long error_program(void *loop);
long cancel_program(void *loop);
long delay_program(void *loop);
long wait_for_program(void *loop);
long gather_program(void *loop);
long lock_program(void *loop);
long event_program(void *loop);
long condition_program(void *loop);
long semaphore_program(void *loop);
long queue_program(void *loop);
long thread_queue_program(void *loop);
long streams_program(void *loop);
long generator_program(void *loop);

/* Prints a line, and keeps it to be compared with what was predicted. */
__attribute__((format(printf, 1, 2))) void tell(const char *fmt, ...);

/* task_start(), for programs that need not go on without memory. */
struct task *begin(struct loop *loop, const char *name, long (*run)(void *arg), void *arg);

#endif
