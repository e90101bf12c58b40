/*
 * switch.h -- the one trick under coroutines: a function gets a stack of its own, and the
 * processor goes from one stack to another as it goes from one function to another.
 */
#ifndef ECHOLAB_SWITCH_H
#define ECHOLAB_SWITCH_H

#include <stddef.h>

#if !defined(__x86_64__) && !defined(__aarch64__) && !defined(SWITCH_BY_UCONTEXT)
#define SWITCH_BY_UCONTEXT
#endif
#ifdef SWITCH_BY_UCONTEXT
#include <ucontext.h>
#endif

/* From low to high: a guard page, room for the stack to grow down into, its top, extra. */
struct stack {
    char *low;         /* the first byte that may be used */
    char *top;         /* the stack begins below; `extra` bytes lie above */
    size_t mapped;     /* bytes from the guard page to the end */
    unsigned valgrind; /* valgrind's number for it */
};

/* Where a flow of control stands while it does not run. */
struct context {
#ifdef SWITCH_BY_UCONTEXT
    ucontext_t registers;
#else
    void *registers;   /* saved on its own stack, here */
#endif
    const void *low;   /* its stack, for the address sanitizer */
    size_t size;
    void *fake;
};

/*
 * Makes a stack with `extra` bytes above its top, for its owner's use. Whoever grows it too
 * far meets the guard page and crashes there, not in a neighbour. Returns 0, or -1 with
 * errno set.
 */
int stack_make(struct stack *stack, size_t extra);

/* Gives a stack back; a few are kept for the next stack_make(). Nobody may run on it. */
void stack_free(struct stack *stack);

/* Gives back the free stacks that this thread kept. */
void stacks_drop(void);

/* How many bytes of the stack memory was ever spent on, in whole pages. */
size_t stack_used(const struct stack *stack);

/* Prepares *to so that the first switch to it calls entry() on that stack. */
void context_make(struct context *to, const struct stack *stack, void (*entry)(void));

/*
 * Leaves `from` here and goes on where `to` was left. Returns when somebody switches back
 * to `from`. Keeps the registers that a called function must keep, but for the rounding
 * mode, which nobody here changes. The signal mask is not touched.
 */
void context_switch(struct context *from, struct context *to);

/* The first thing that entry() does: it came from `from`. */
void context_entered(struct context *from);

/* The last thing that entry() does: goes on at `to` and never comes back. */
_Noreturn void context_end(struct context *from, struct context *to);

#endif
