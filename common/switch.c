/* switch.c -- stacks, and the way from one to another. */
#include "switch.h"

#include <sys/mman.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#else
#define WITH_ASAN 0
#endif

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define WITH_VALGRIND 1
#else
#define WITH_VALGRIND 0
#endif

#define STACK_SIZE ((size_t)65536 << (2 * WITH_ASAN)) /* the sanitizer's frames are fat */
#define KEPT 16                                       /* free stacks that wait for a use */

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

static _Thread_local struct stack kept[KEPT];
static _Thread_local size_t n_kept;

static size_t
page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Old kernels know only mprotect(), which costs a mapping more for each stack. */
static int
guard(void *page, size_t size)
{
    if (madvise(page, size, MADV_GUARD_INSTALL) == 0)
        return 0;
    return mprotect(page, size, PROT_NONE);
}

int
stack_make(struct stack *stack, size_t extra)
{
    size_t page = page_size();
    /*
     * A sleeping task needs a page for its frames and a page for what lies above its top.
     * They are one page when the top is inside of it, and that is half the memory.
     */
    size_t shared = extra > 0 ? page - 1024 : 0;
    size_t size = page + STACK_SIZE + (shared + extra + page - 1) / page * page;
    char *base;

    if (n_kept > 0 && kept[n_kept - 1].mapped == size) {
        *stack = kept[--n_kept];
        return 0;
    }
    base = mmap(NULL, size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (base == MAP_FAILED)
        return -1;
    if (guard(base, page) == -1) {
        munmap(base, size);
        return -1;
    }
    *stack = (struct stack){ .low = base + page, .mapped = size };
    stack->top = stack->low + STACK_SIZE + shared;
#if WITH_VALGRIND
    stack->valgrind = (unsigned)VALGRIND_STACK_REGISTER(stack->low, stack->top);
#endif
    return 0;
}

static void
unmap(const struct stack *stack)
{
    char *base = stack->low - page_size();

#if WITH_VALGRIND
    VALGRIND_STACK_DEREGISTER(stack->valgrind);
#endif
    munmap(base, stack->mapped);
}

void
stack_free(struct stack *stack)
{
#if WITH_ASAN
    /* Frames that were left for ever still have their borders marked. */
    ASAN_UNPOISON_MEMORY_REGION(stack->low, (size_t)(stack->top - stack->low));
#endif
    if (n_kept == KEPT || (n_kept > 0 && kept[n_kept - 1].mapped != stack->mapped))
        unmap(stack);
    else
        kept[n_kept++] = *stack;
}

void
stacks_drop(void)
{
    while (n_kept > 0)
        unmap(&kept[--n_kept]);
}

size_t
stack_used(const struct stack *stack)
{
    size_t page = page_size(), used = 0;
    size_t pages = stack->mapped / page - 1;
    unsigned char here[256];

    for (size_t i = 0; i < pages; i += sizeof(here)) {
        size_t n = pages - i < sizeof(here) ? pages - i : sizeof(here);

        if (mincore(stack->low + i * page, n * page, here) == -1)
            return 0;
        for (size_t k = 0; k < n; k++)
            used += here[k] & 1;
    }
    return used * page;
}

#ifdef SWITCH_BY_UCONTEXT

static void
prepare(struct context *to, const struct stack *stack, void (*entry)(void))
{
    getcontext(&to->registers);
    to->registers.uc_stack.ss_sp = stack->low;
    to->registers.uc_stack.ss_size = (size_t)(stack->top - stack->low);
    to->registers.uc_link = NULL;
    makecontext(&to->registers, entry, 0);
}

static void
swap(struct context *from, struct context *to)
{
    swapcontext(&from->registers, &to->registers);
}

#else

/*
 * Saves the registers that belong to the caller on the stack that is left, notes in *from
 * where, and takes those of `to` back. It returns by a jump: a ret would go where the
 * processor does not expect it, and a wrong guess costs three times the whole switch.
 */
void switch_registers(void **from, void *to);

#if defined(__x86_64__)

#define SAVED 6 /* rbp, rbx, r12 to r15; then the address to go on at */

__asm__(".text\n"
        ".p2align 4\n"
        ".globl switch_registers\n"
        ".type switch_registers, @function\n"
        "switch_registers:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    popq %rcx\n"
        "    jmp *%rcx\n"
        ".size switch_registers, . - switch_registers\n");

static void
prepare(struct context *to, const struct stack *stack, void (*entry)(void))
{
    /* entry() finds the stack as if it had been called: 8 bytes below a multiple of 16. */
    uintptr_t *sp = (uintptr_t *)((uintptr_t)stack->top & ~(uintptr_t)15);

    *--sp = 0; /* where entry() would return to: it never does */
    *--sp = (uintptr_t)entry;
    for (int i = 0; i < SAVED; i++)
        *--sp = 0;
    to->registers = sp;
}

#else /* aarch64 */

#define SAVED 20 /* x19 to x29, x30 (where to go on), d8 to d15 */

__asm__(".text\n"
        ".p2align 4\n"
        ".globl switch_registers\n"
        ".type switch_registers, %function\n"
        "switch_registers:\n"
        "    sub sp, sp, #160\n"
        "    stp x19, x20, [sp, #0]\n"
        "    stp x21, x22, [sp, #16]\n"
        "    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n"
        "    stp x27, x28, [sp, #64]\n"
        "    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mov x9, sp\n"
        "    str x9, [x0]\n"
        "    mov sp, x1\n"
        "    ldp x19, x20, [sp, #0]\n"
        "    ldp x21, x22, [sp, #16]\n"
        "    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n"
        "    ldp x27, x28, [sp, #64]\n"
        "    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n"
        "    br x30\n"
        ".size switch_registers, . - switch_registers\n");

static void
prepare(struct context *to, const struct stack *stack, void (*entry)(void))
{
    uintptr_t *sp = (uintptr_t *)((uintptr_t)stack->top & ~(uintptr_t)15) - SAVED;

    for (int i = 0; i < SAVED; i++)
        sp[i] = 0;
    sp[11] = (uintptr_t)entry; /* x30 */
    to->registers = sp;
}

#endif

static void
swap(struct context *from, struct context *to)
{
    switch_registers(&from->registers, to->registers);
}

#endif

void
context_make(struct context *to, const struct stack *stack, void (*entry)(void))
{
    *to = (struct context){ .low = stack->low, .size = (size_t)(stack->top - stack->low) };
    prepare(to, stack, entry);
}

void
context_switch(struct context *from, struct context *to)
{
#if WITH_ASAN
    __sanitizer_start_switch_fiber(&from->fake, to->low, to->size);
#endif
    swap(from, to);
#if WITH_ASAN
    /* Whoever we went to is who comes back, perhaps on another stack than before. */
    __sanitizer_finish_switch_fiber(from->fake, &to->low, &to->size);
#endif
}

void
context_entered(struct context *from)
{
#if WITH_ASAN
    /* This is also how we learn where the stack of the loop itself lies. */
    __sanitizer_finish_switch_fiber(NULL, &from->low, &from->size);
#else
    (void)from;
#endif
}

void
context_end(struct context *from, struct context *to)
{
#if WITH_ASAN
    __sanitizer_start_switch_fiber(NULL, to->low, to->size);
#endif
    swap(from, to);
    abort(); /* nobody goes back to a flow that has ended */
}
