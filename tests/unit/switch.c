/*
 * switch.c -- stacks and the way between them: values survive it, a stack that is too deep
 * meets its guard page, memory is used as it is needed. Prints how long a switch takes.
 */
#include "switch.h"

#include <sys/wait.h>

#include <time.h>
#include <unistd.h>

#include "check.h"

#define SWITCHES 1000000

static struct context here, there;
static long count;

/* Sums in every register that must survive, floating point too. */
static void
work(void)
{
    long a = 1, b = 2, c = 3, d = 4, e = 5, f = 6;
    double x = 0.5, y = 0.25;

    context_entered(&here);
    for (;;) {
        context_switch(&there, &here);
        a += 1, b += 2, c += 3, d += 4, e += 5, f += 6, x += 0.5, y += 0.25;
        count = a + b + c + d + e + f + (long)(x + y);
    }
}

static void
test_values(const struct stack *stack)
{
    struct timespec begun, ended;
    volatile long before = 7;

    context_make(&there, stack, work);
    context_switch(&here, &there);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begun);
    for (long i = 1; i <= SWITCHES / 2; i++) {
        context_switch(&here, &there);
        if (i == 4)
            check(count == 5 * 21 + 3, "every local variable is as it was");
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
    check(before == 7 && count > SWITCHES, "here too");
    printf("%.1f ns a switch\n",
           ((double)(ended.tv_sec - begun.tv_sec) * 1e9 +
            (double)(ended.tv_nsec - begun.tv_nsec)) / SWITCHES);
}

static int
deeper(int n)
{
    volatile char frame[1000];

    frame[0] = (char)n;
    return n == 0 ? frame[0] : deeper(n - 1) + frame[0];
}

static void
too_deep(void)
{
    context_entered(&here);
    count = deeper(100000);
    context_end(&there, &here);
}

/* In a child: the guard page ends it, and no neighbour is overwritten. */
static void
test_guard(void)
{
    struct stack stack;
    int status;
    pid_t child;

    fflush(stdout);
    child = fork();
    check(child != -1, "fork");
    if (child == 0) {
        check(freopen("/dev/null", "w", stderr) != NULL, "the sanitizer need not tell");
        check(stack_make(&stack, 0) == 0, "stack_make");
        context_make(&there, &stack, too_deep);
        context_switch(&here, &there);
        _exit(0);
    }
    check(waitpid(child, &status, 0) == child, "waitpid");
    check(WIFSIGNALED(status) || WEXITSTATUS(status) != 0, "the guard page is there");
}

/* A thousand stacks, each with a megabyte of room: only what is touched costs memory. */
static void
test_memory(void)
{
    static struct stack stacks[1000];

    for (size_t i = 0; i < 1000; i++) {
        check(stack_make(&stacks[i], 1 << 20) == 0, "stack_make");
        check(stack_used(&stacks[i]) == 0, "nothing is touched yet");
        memset(stacks[i].top, 1, 100);
        check(stack_used(&stacks[i]) > 0 && stack_used(&stacks[i]) <= 65536, "a page is");
    }
    for (size_t i = 0; i < 1000; i++)
        stack_free(&stacks[i]);
}

int
main(void)
{
    struct stack stack;

    check(stack_make(&stack, 0) == 0, "stack_make");
    test_values(&stack);
    stack_free(&stack);
    test_guard();
    test_memory();
    stacks_drop();
    return 0;
}
