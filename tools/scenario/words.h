/* words.h -- a line of a scenario as words, and the words that have a form of their own. */
#ifndef ECHOLAB_WORDS_H
#define ECHOLAB_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOST_WORDS 24

struct word {
    const char *text; /* in the line; for a string behind the opening quote */
    size_t len;
    unsigned column; /* from 1 */
    bool quoted;
};

/*
 * Cuts a line into words; a '#' outside of quotes starts a comment. Returns how many, or -1
 * with *column and *problem saying where and what is wrong.
 */
int cut_words(const char *line, size_t len, struct word *words, unsigned *column,
              const char **problem);

/* Is this word exactly `text`, and not in quotes? */
bool word_is(const struct word *word, const char *text);

/* A time such as 500ms, 1.5s or 2s in milliseconds; -1 when it is none, or over ten minutes. */
int word_time(const struct word *word);

/* A whole number from 0 to `most`; -1 when it is none. */
long word_number(const struct word *word, long most);

/* A size of one word (20KiB) or two (20 KiB, 3 bytes). Returns the words used, 0 for none. */
int words_size(const struct word *words, int n, uint64_t *size);

/* May this be the name of a client: a small letter, then letters, digits, '-' and '_'? */
bool word_is_name(const struct word *word);

/*
 * The bytes that a quoted word means, escapes resolved, into memory that the caller frees.
 * Returns NULL for an unknown escape (*bad is its place in the word) or without memory.
 */
unsigned char *word_bytes(const struct word *word, size_t *len, size_t *bad);

#endif
