/*
 * embedded.c -- the files inside the binary.
 *
 * The Makefile writes them one after the other into one text, each behind a line with its
 * size and its name; .incbin puts that text into the program as it is.
 */
#include "embedded.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MOST_FILES 256
#define NAME_ROOM 64

__asm__(".section .rodata\n"
        "embedded_begin:\n"
        ".incbin \"" EMBEDDED_TEXT "\"\n"
        "embedded_end:\n"
        ".byte 0\n"
        ".previous\n");

extern const char embedded_begin[], embedded_end[];

static struct embedded files[MOST_FILES];
static char names[MOST_FILES][NAME_ROOM];
static size_t n_files;

/* Takes the text apart, once. */
static void
read_table(void)
{
    const char *at = embedded_begin;

    while (at < embedded_end && n_files < MOST_FILES) {
        struct embedded *file = &files[n_files];

        char *name;
        size_t name_len;

        file->len = strtoul(at, &name, 10);
        name_len = strcspn(++name, "\n");
        memcpy(names[n_files], name, name_len < NAME_ROOM ? name_len : NAME_ROOM - 1);
        file->name = names[n_files];
        file->text = name + name_len + 1;
        at = file->text + file->len;
        n_files++;
    }
}

const struct embedded *
embedded_at(size_t i)
{
    static bool done;

    if (!done)
        read_table();
    done = true;
    return i < n_files ? &files[i] : NULL;
}

const struct embedded *
embedded_named(const char *name)
{
    for (size_t i = 0; embedded_at(i) != NULL; i++)
        if (strcmp(embedded_at(i)->name, name) == 0)
            return embedded_at(i);
    return NULL;
}
