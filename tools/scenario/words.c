/* words.c -- cutting lines into words, and reading times, sizes, numbers and strings. */
#include "words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MOST_MS (10 * 60 * 1000)
#define MOST_SIZE ((uint64_t)1 << 30)

static bool
is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

/* The length of a quoted word without its quotes; -1 when the closing quote is missing. */
static long
quoted_length(const char *at, size_t left)
{
    for (size_t i = 1; i < left; i++) {
        if (at[i] == '\\')
            i++;
        else if (at[i] == '"')
            return (long)i - 1;
    }
    return -1;
}

int
cut_words(const char *line, size_t len, struct word *words, unsigned *column, const char **problem)
{
    size_t at = 0;
    int n = 0;

    for (;;) {
        while (at < len && is_blank(line[at]))
            at++;
        *column = (unsigned)at + 1;
        if (at == len || line[at] == '#')
            return n;
        if (n == MOST_WORDS) {
            *problem = "more words than any step has";
            return -1;
        }
        struct word *word = &words[n++];

        *word = (struct word){ .text = line + at, .column = *column, .quoted = line[at] == '"' };
        if (word->quoted) {
            long inner = quoted_length(line + at, len - at);

            if (inner == -1) {
                *problem = "the closing quote is missing";
                return -1;
            }
            word->text++;
            word->len = (size_t)inner;
            at += word->len + 2;
        } else {
            while (at < len && !is_blank(line[at]) && line[at] != '"')
                at++;
            word->len = (size_t)(line + at - word->text);
        }
    }
}

bool
word_is(const struct word *word, const char *text)
{
    return !word->quoted && word->len == strlen(text) && memcmp(word->text, text, word->len) == 0;
}

/* Digits with at most one point and three places behind it, times a thousand; -1: neither. */
static long long
thousandths(const char *text, size_t len)
{
    long long value = 0;
    int places = -1;

    if (len == 0 || len > 12 || !isdigit((unsigned char)text[0]))
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '.' && places == -1) {
            places = 0;
            continue;
        }
        if (!isdigit((unsigned char)text[i]) || places == 3)
            return -1;
        value = value * 10 + (text[i] - '0');
        if (places >= 0)
            places++;
    }
    for (int i = places < 0 ? 0 : places; i < 3; i++)
        value *= 10;
    return value;
}

int
word_time(const struct word *word)
{
    size_t len = word->len;
    bool ms = len >= 2 && word->text[len - 2] == 'm';
    long long value;

    if (word->quoted || len < 2 || word->text[len - 1] != 's')
        return -1;
    value = thousandths(word->text, len - (ms ? 2 : 1));
    if (value < 0) /* before it is divided: -1 / 1000 would be a time, 0 */
        return -1;
    if (ms)
        value /= 1000;
    return value <= MOST_MS ? (int)value : -1;
}

long
word_number(const struct word *word, long most)
{
    long value = 0;

    if (word->quoted || word->len == 0 || word->len > 9)
        return -1;
    for (size_t i = 0; i < word->len; i++) {
        if (!isdigit((unsigned char)word->text[i]))
            return -1;
        value = value * 10 + (word->text[i] - '0');
    }
    return value <= most ? value : -1;
}

int
words_size(const struct word *words, int n, uint64_t *size)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = { { "bytes", 1 }, { "byte", 1 }, { "KiB", 1024 }, { "MiB", 1024 * 1024 } };
    struct word number, unit;
    size_t digits = 0;

    if (n < 1 || words[0].quoted)
        return 0;
    number = unit = words[0];
    while (digits < number.len && isdigit((unsigned char)number.text[digits]))
        digits++;
    unit.text += digits;
    unit.len -= digits;
    if (unit.len == 0 && n > 1)
        unit = words[1];
    number.len = digits;
    long value = word_number(&number, 999999999);
    for (size_t i = 0; value >= 0 && i < sizeof(units) / sizeof(units[0]); i++) {
        if (!word_is(&unit, units[i].name))
            continue;
        *size = (uint64_t)value * units[i].bytes;
        if (*size > MOST_SIZE)
            return 0;
        return digits == words[0].len ? 2 : 1;
    }
    return 0;
}

bool
word_is_name(const struct word *word)
{
    if (word->quoted || word->len == 0 || word->len > 24 || !islower((unsigned char)word->text[0]))
        return false;
    for (size_t i = 0; i < word->len; i++) {
        unsigned char byte = (unsigned char)word->text[i];

        if (!islower(byte) && !isdigit(byte) && byte != '-' && byte != '_')
            return false;
    }
    return true;
}

/* One escape at text[0] == '\\'. Returns how many characters it took, 0 when unknown. */
static size_t
resolve_escape(const char *text, size_t left, unsigned char *out)
{
    static const char letters[] = "rnt0\\\"";
    static const char meanings[] = "\r\n\t\0\\\"";
    const char *at;

    if (left < 2 || text[1] == '\0')
        return 0;
    at = strchr(letters, text[1]);
    if (at != NULL) {
        *out = (unsigned char)meanings[at - letters];
        return 2;
    }
    if (text[1] == 'x' && left >= 4 && isxdigit((unsigned char)text[2]) &&
        isxdigit((unsigned char)text[3])) {
        char hex[3] = { text[2], text[3], '\0' };

        *out = (unsigned char)strtoul(hex, NULL, 16);
        return 4;
    }
    return 0;
}

unsigned char *
word_bytes(const struct word *word, size_t *len, size_t *bad)
{
    unsigned char *bytes = malloc(word->len + 1);
    size_t n = 0;

    *bad = 0;
    for (size_t at = 0; bytes != NULL && at < word->len;) {
        size_t used = 1;

        bytes[n] = (unsigned char)word->text[at];
        if (word->text[at] == '\\')
            used = resolve_escape(word->text + at, word->len - at, &bytes[n]);
        if (used == 0) {
            *bad = at;
            free(bytes);
            return NULL;
        }
        at += used;
        n++;
    }
    *len = n;
    return bytes;
}
