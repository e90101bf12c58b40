/*
 * sync.c -- locks, semaphores, events, conditions, queues: who comes first goes first, and a
 * task that is cancelled at the very moment of its turn hands it on.
 */
#include "sync.h"

#include <pthread.h>
#include <stdint.h>

#include "check.h"
#include "generator.h"
#include "thread_queue.h"

static struct loop *loop;
static char order[100];

static struct task *
start(const char *name, long (*run)(void *), void *arg)
{
    struct task *task = task_start(loop, name, __func__, run, arg);

    check(task != NULL, "task_start");
    return task;
}

static void
note(void)
{
    strncat(order, task_current()->name, 1);
}

static long
hold(void *lock)
{
    if (await_lock(lock) == -1)
        return -1;
    note();
    await_turn();
    unlock(lock);
    return 0;
}

/* First come, first served; and nobody snatches the lock on its way to who waits. */
static long
test_lock_is_fair(void *arg)
{
    struct lock lock;
    struct task *tasks[4];

    (void)arg;
    order[0] = '\0';
    lock_init(&lock);
    check(await_lock(&lock) == 0, "a free lock");
    tasks[0] = start("a", hold, &lock);
    tasks[1] = start("b", hold, &lock);
    tasks[2] = start("c", hold, &lock);
    await_turn();
    unlock(&lock);
    tasks[3] = start("d", hold, &lock); /* comes when the lock looks free */
    check(await_gather(tasks, 4, NULL) == 0, "all had it");
    check(strcmp(order, "abcd") == 0, "in the order of coming");
    return 0;
}

/* "a" is given the lock and cancelled before it runs: "b" must have it then. */
static long
test_turn_is_handed_on(void *arg)
{
    struct lock lock;
    struct task *a, *b;

    (void)arg;
    order[0] = '\0';
    lock_init(&lock);
    await_lock(&lock);
    a = start("a", hold, &lock);
    b = start("b", hold, &lock);
    await_turn();
    unlock(&lock);
    task_cancel(a);
    check(await_task(a) == -1 && errno == ECANCELED, "a was cancelled");
    check(await_task(b) == 0 && strcmp(order, "b") == 0, "b had its turn");
    check(await_lock(&lock) == 0, "and the lock is free again");
    return 0;
}

static long
wait_in_vain(void *condition)
{
    struct condition *c = condition;
    long result;

    await_lock(c->lock);
    result = await_condition(c);
    note();
    unlock(c->lock); /* it is ours in any case */
    return result;
}

static long
test_condition(void *arg)
{
    struct lock lock;
    struct condition condition;
    struct task *a, *b, *c;

    (void)arg;
    order[0] = '\0';
    lock_init(&lock);
    condition_init(&condition, &lock);
    a = start("a", wait_in_vain, &condition);
    b = start("b", wait_in_vain, &condition);
    c = start("c", wait_in_vain, &condition);
    await_turn();
    await_lock(&lock);
    condition_notify(&condition, 1); /* a's turn, but a is cancelled: so it is b's */
    task_cancel(a);
    await_turn();
    unlock(&lock);
    check(await_task(a) == -1 && await_task(b) == 0, "a was cancelled, b was woken");
    check(!c->future.done, "c still waits");
    condition_notify(&condition, 5);
    check(await_task(c) == 0, "now c too");
    return 0;
}

static long
put_three(void *queue)
{
    for (intptr_t i = 1; i <= 3; i++)
        if (await_put(queue, (void *)i) == -1)
            return -1;
    return 0;
}

static long
get_one(void *queue)
{
    void *item;

    return await_get(queue, &item) == -1 ? -1 : (long)(intptr_t)item;
}

/* A getter that is cancelled with an item on its way leaves the item to the next one. */
static long
test_queue(void *arg)
{
    struct queue queue;
    struct task *a, *b, *c, *producer;

    (void)arg;
    check(queue_init(&queue, 1) == 0, "queue_init");
    a = start("a", get_one, &queue);
    b = start("b", get_one, &queue);
    c = start("c", get_one, &queue);
    await_turn();
    producer = start("producer", put_three, &queue);
    await_turn();
    task_cancel(a);
    check(await_task(a) == -1, "a was cancelled");
    check(await_task(b) == 1 && await_task(c) == 2, "b and c got the first two");
    check(await_task(producer) == 0 && queue.n == 1, "the third is still there");
    queue_free(&queue);
    return 0;
}

static long
wait_for_event(void *event)
{
    return await_event(event);
}

static long
test_semaphore_and_event(void *arg)
{
    struct semaphore places;
    struct event event;

    (void)arg;
    semaphore_init(&places, 2);
    check(await_acquire(&places) == 0 && await_acquire(&places) == 0, "two places");
    check(places.free == 0, "then none");
    semaphore_release(&places);
    semaphore_release(&places);
    check(places.free == 2, "and two again");
    event_init(&event);
    event_set(&event);
    check(await_event(&event) == 0, "who comes late does not wait");
    event_clear(&event);
    struct task *late = start("late", wait_for_event, &event);
    await_turn();
    check(!late->future.done, "unless it was cleared");
    event_set(&event);
    check(await_task(late) == 0, "until it is set again");
    return 0;
}

#define ITEMS 20000

static void *
double_them(void *arg)
{
    struct thread_queue *queues = arg;

    for (int i = 0; i < ITEMS; i++)
        thread_put(&queues[1], (void *)(2 * (intptr_t)thread_get(&queues[0])));
    return NULL;
}

static long
feed(void *queue)
{
    for (intptr_t i = 0; i < ITEMS; i++)
        if (await_thread_put(queue, (void *)i) == -1)
            return -1;
    return 0;
}

/* Neither end loses, doubles or swaps an item, whoever is faster. */
static long
test_thread_queue(void *arg)
{
    struct thread_queue queues[2];
    struct task *feeder;
    pthread_t thread;
    void *item;

    (void)arg;
    check(thread_queue_init(&queues[0], loop, 7) == 0 &&
          thread_queue_init(&queues[1], loop, 3) == 0, "thread_queue_init");
    check(pthread_create(&thread, NULL, double_them, queues) == 0, "pthread_create");
    feeder = start("feeder", feed, &queues[0]);
    for (intptr_t i = 0; i < ITEMS; i++) {
        check(await_thread_get(&queues[1], &item) == 0, "get");
        check((intptr_t)item == 2 * i, "the i-th item, doubled");
    }
    check(await_task(feeder) == 0, "all were put");
    pthread_join(thread, NULL);
    thread_queue_free(&queues[0]);
    thread_queue_free(&queues[1]);
    return 0;
}

static long
count_down(struct generator *self, void *from)
{
    long heard;

    for (long i = *(long *)from; i > 0; i--)
        if (generator_yield(self, i, &heard) == -1)
            return -1;
    return 100;
}

/* Many generators, resumed from the stacks of different tasks, and some left half way. */
static long
use_generators(void *arg)
{
    long from = 5, value = 0;
    struct generator many[10];

    for (int i = 0; i < 10; i++)
        check(generator_make(&many[i], count_down, &from) == 0, "generator_make");
    for (long round = 5; round > 0; round--) {
        for (int i = 0; i < 10; i++)
            check(generator_send(&many[i], 0, &value) && value == round, "5 4 3 2 1");
        await_turn();
    }
    check(!generator_send(&many[0], 0, &value) && value == 100, "what it returned");
    check(!generator_send(&many[0], 0, &value) && value == 100, "and again");
    check(!generator_throw(&many[1], EDOM, &value) && value == -1 && errno == EDOM, "thrown");
    for (int i = 0; i < 10; i++)
        generator_free(&many[i]);
    (void)arg;
    return 0;
}

static long
test_generators(void *arg)
{
    struct task *tasks[] = { start("a", use_generators, arg), start("b", use_generators, arg) };

    return await_gather(tasks, 2, NULL);
}

int
main(void)
{
    static long (*const tests[])(void *) = {
        test_lock_is_fair, test_turn_is_handed_on, test_condition, test_queue,
        test_semaphore_and_event, test_thread_queue, test_generators,
    };

    loop = loop_open(100);
    check(loop != NULL, "loop_open");
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        check(task_run(start("test", tests[i], NULL)) == 0, "the test comes to its end");
    tasks_end(loop);
    loop_close(loop);
    puts("everybody had a turn");
    return 0;
}
