/* primitives_sync.c -- small programs: what tasks share, and how they wait for each other. */
#include "primitives.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "sync.h"
#include "task.h"
#include "thread_queue.h"

/* ---- wait-for: a task that takes too long is cancelled. */

static long
nap(void *seconds)
{
    if (await_sleep(*(double *)seconds) == -1)
        return -1;
    return 7;
}

long
wait_for_program(void *loop)
{
    double hour = 3600, moment = 0.001;

    tell("quick: %ld", await_within(begin(loop, "quick", nap, &moment), 60));
    tell("slow: %ld", await_within(begin(loop, "slow", nap, &hour), 0.010));
    tell("why: %s", strerror(errno));
    return 0;
}

/* ---- gather: the results come in the order of the list, not in that of the ends. */

static long
last(void *turns)
{
    for (long i = 0; i < *(long *)turns; i++)
        await_turn();
    tell("%s ends", task_current()->name);
    return *(long *)turns * 10;
}

long
gather_program(void *loop)
{
    long alices = 3, bobs = 1, carols = 2;
    struct task *tasks[] = { begin(loop, "alice", last, &alices),
                             begin(loop, "bob", last, &bobs),
                             begin(loop, "carol", last, &carols) };
    long results[3];

    if (await_gather(tasks, 3, results) == 0)
        tell("results: %ld %ld %ld", results[0], results[1], results[2]);
    return 0;
}

/* ---- lock: without it, what one reads before an await is old after it. */

struct account {
    struct lock lock;
    bool careful;
    int coins;
};

static long
deposit(void *arg)
{
    struct account *account = arg;

    if (account->careful && await_lock(&account->lock) == -1)
        return -1;
    int coins = account->coins;
    await_turn();
    account->coins = coins + 1;
    if (account->careful)
        unlock(&account->lock);
    return 0;
}

long
lock_program(void *loop)
{
    struct account account = { .coins = 0 };

    lock_init(&account.lock);
    for (int i = 0; i < 2; i++) {
        struct task *both[] = { begin(loop, "alice", deposit, &account),
                                begin(loop, "bob", deposit, &account) };

        await_gather(both, 2, NULL);
        tell("coins, %s lock: %d", account.careful ? "with a" : "without a", account.coins);
        account.careful = true;
        account.coins = 0;
    }
    return 0;
}

/* ---- event: many wait for one thing to happen; who comes later does not wait. */

static long
wait_for_doors(void *event)
{
    tell("%s waits", task_current()->name);
    await_event(event);
    tell("%s goes in", task_current()->name);
    return 0;
}

long
event_program(void *loop)
{
    struct event open;
    struct task *tasks[3];

    event_init(&open);
    tasks[0] = begin(loop, "alice", wait_for_doors, &open);
    tasks[1] = begin(loop, "bob", wait_for_doors, &open);
    await_turn();
    tell("the doors open");
    event_set(&open);
    tasks[2] = begin(loop, "carol", wait_for_doors, &open);
    return await_gather(tasks, 3, NULL);
}

/* ---- condition: who is woken has the lock, and looks whether it is so. */

struct shop {
    struct lock lock;
    struct condition baked;
    int loaves;
};

static long
buy(void *arg)
{
    struct shop *shop = arg;

    await_lock(&shop->lock);
    while (shop->loaves == 0) {
        tell("%s: no bread, I wait", task_current()->name);
        await_condition(&shop->baked);
    }
    shop->loaves--;
    tell("%s: I have one, %d left", task_current()->name, shop->loaves);
    unlock(&shop->lock);
    return 0;
}

long
condition_program(void *loop)
{
    struct shop shop = { .loaves = 0 };
    struct task *tasks[2];

    lock_init(&shop.lock);
    condition_init(&shop.baked, &shop.lock);
    tasks[0] = begin(loop, "alice", buy, &shop);
    tasks[1] = begin(loop, "bob", buy, &shop);
    for (int i = 0; i < 2; i++) {
        await_sleep(0.001);
        await_lock(&shop.lock);
        shop.loaves++;
        tell("baker: a loaf is ready, I wake all");
        condition_notify(&shop.baked, 2);
        unlock(&shop.lock);
    }
    return await_gather(tasks, 2, NULL);
}

/* ---- semaphore: two may be in at once, the others queue. */

static long
visit(void *places)
{
    await_acquire(places);
    tell("%s comes in", task_current()->name);
    await_turn();
    tell("%s leaves", task_current()->name);
    semaphore_release(places);
    return 0;
}

long
semaphore_program(void *loop)
{
    struct semaphore places;
    struct task *tasks[3];

    semaphore_init(&places, 2);
    tasks[0] = begin(loop, "alice", visit, &places);
    tasks[1] = begin(loop, "bob", visit, &places);
    tasks[2] = begin(loop, "carol", visit, &places);
    return await_gather(tasks, 3, NULL);
}

/* ---- queue: room for two; who puts too fast has to wait. */

static long
produce(void *queue)
{
    static int numbers[] = { 1, 2, 3, 4 };

    for (int i = 0; i < 4; i++) {
        await_put(queue, &numbers[i]);
        tell("put %d", numbers[i]);
    }
    await_put(queue, NULL);
    return 0;
}

long
queue_program(void *loop)
{
    struct queue queue;
    struct task *producer;
    void *item;

    if (queue_init(&queue, 2) == -1)
        return -1;
    producer = begin(loop, "producer", produce, &queue);
    await_turn();
    tell("main: now I begin to get");
    while (await_get(&queue, &item) == 0 && item != NULL)
        tell("got %d", *(int *)item);
    await_task(producer);
    queue_free(&queue);
    return 0;
}

/* ---- thread-queue: a thread that blocks at one end, tasks that await at the other. */

static void *
square(void *arg)
{
    struct thread_queue *queues = arg;
    int *number;

    while ((number = thread_get(&queues[0])) != NULL) {
        *number *= *number; /* a long computation: the loop does not stand still */
        thread_put(&queues[1], number);
    }
    return NULL;
}

long
thread_queue_program(void *loop)
{
    struct thread_queue queues[2]; /* to the thread, and back */
    int numbers[] = { 2, 3, 4 };
    pthread_t thread;
    void *item;

    if (thread_queue_init(&queues[0], loop, 1) == -1 ||
        thread_queue_init(&queues[1], loop, 1) == -1 ||
        pthread_create(&thread, NULL, square, queues) != 0)
        return -1;
    for (int i = 0; i < 3; i++) {
        tell("task: what is %d squared?", numbers[i]);
        await_thread_put(&queues[0], &numbers[i]);
        await_thread_get(&queues[1], &item);
        tell("thread: %d", *(int *)item);
    }
    await_thread_put(&queues[0], NULL);
    pthread_join(thread, NULL);
    thread_queue_free(&queues[0]);
    thread_queue_free(&queues[1]);
    return 0;
}
