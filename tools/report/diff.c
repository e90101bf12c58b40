/*
 * diff.c -- the longest common lines of two texts, and the rest as changes.
 *
 * A table of all pairs is good enough for files of a few hundred lines.
 */
#include "diff.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define AROUND 3

struct line {
    const char *text;
    size_t len;
};

/* One line of the answer: kept (' '), only in the old text ('-'), only in the new one ('+'). */
struct edit {
    char kind;
    struct line line;
};

/* Cuts a text into lines; the caller frees. Returns NULL without memory. */
static struct line *
cut_lines(const char *text, size_t len, size_t *n)
{
    struct line *lines;
    size_t room = 1;

    for (size_t i = 0; i < len; i++)
        room += text[i] == '\n';
    lines = calloc(room, sizeof(*lines));
    *n = 0;
    while (lines != NULL && len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t size = end != NULL ? (size_t)(end - text) : len;

        lines[(*n)++] = (struct line){ text, size };
        text += size;
        len -= size;
        text += len > 0;
        len -= len > 0;
    }
    return lines;
}

static bool
same(const struct line *a, const struct line *b)
{
    return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* common[i][j]: how many lines old[i..] and new[j..] have in common at best. */
static size_t
make_edits(const struct line *old, size_t n_old, const struct line *new, size_t n_new,
           uint32_t *common, struct edit *edits)
{
    size_t width = n_new + 1, i = 0, j = 0, n = 0;

    for (size_t a = n_old; a-- > 0;)
        for (size_t b = n_new; b-- > 0;) {
            uint32_t down = common[(a + 1) * width + b], right = common[a * width + b + 1];

            if (same(&old[a], &new[b]))
                common[a * width + b] = common[(a + 1) * width + b + 1] + 1;
            else
                common[a * width + b] = down > right ? down : right;
        }
    while (i < n_old || j < n_new) {
        if (i < n_old && j < n_new && same(&old[i], &new[j])) {
            edits[n++] = (struct edit){ ' ', old[i++] };
            j++;
        } else if (i < n_old &&
                   (j == n_new || common[(i + 1) * width + j] >= common[i * width + j + 1])) {
            edits[n++] = (struct edit){ '-', old[i++] };
        } else {
            edits[n++] = (struct edit){ '+', new[j++] };
        }
    }
    return n;
}

static void
print_edit(FILE *out, const struct edit *edit, bool color)
{
    const char *begin = !color || edit->kind == ' ' ? ""
                        : edit->kind == '-'         ? "\033[38;5;166m"
                                                    : "\033[38;5;29m";

    fprintf(out, "%s%c%.*s%s\n", begin, edit->kind, (int)edit->line.len, edit->line.text,
            begin[0] != '\0' ? "\033[0m" : "");
}

/* Where does the group of changes that begins at `from` end, the lines around it included? */
static size_t
hunk_end(const struct edit *edits, size_t n, size_t from)
{
    size_t end = from;

    for (size_t i = from; i < n && i <= end + 2 * AROUND; i++)
        if (edits[i].kind != ' ')
            end = i;
    return end + 1 + AROUND < n ? end + 1 + AROUND : n;
}

static void
print_hunks(FILE *out, const struct edit *edits, size_t n, bool color)
{
    size_t old_line = 1, new_line = 1, next = 0;

    for (size_t i = 0; i < n; i++) {
        size_t from, end, n_old = 0, n_new = 0;

        if (edits[i].kind == ' ')
            continue;
        from = i >= next + AROUND ? i - AROUND : next;
        for (; next < from; next++) { /* kept lines between two groups */
            old_line++;
            new_line++;
        }
        end = hunk_end(edits, n, i);
        for (size_t k = from; k < end; k++) {
            n_old += edits[k].kind != '+';
            n_new += edits[k].kind != '-';
        }
        fprintf(out, "@@ -%zu,%zu +%zu,%zu @@\n", n_old > 0 ? old_line : old_line - 1, n_old,
                n_new > 0 ? new_line : new_line - 1, n_new);
        for (size_t k = from; k < end; k++)
            print_edit(out, &edits[k], color);
        old_line += n_old;
        new_line += n_new;
        next = end;
        i = end - 1;
    }
}

int
diff_print(FILE *out, const char *old_name, const char *old, size_t old_len, const char *new_name,
           const char *new, size_t new_len, bool color)
{
    size_t n_old, n_new, n = 0;
    struct line *a = cut_lines(old, old_len, &n_old);
    struct line *b = cut_lines(new, new_len, &n_new);
    uint32_t *common = calloc((n_old + 1) * (n_new + 1), sizeof(*common));
    struct edit *edits = calloc(n_old + n_new + 1, sizeof(*edits));
    int result = -1;

    if (a != NULL && b != NULL && common != NULL && edits != NULL) {
        result = 0;
        n = make_edits(a, n_old, b, n_new, common, edits);
        for (size_t i = 0; i < n && result == 0; i++)
            result = edits[i].kind != ' ';
    }
    if (result == 1) {
        fprintf(out, "--- %s\n+++ %s\n", old_name, new_name);
        print_hunks(out, edits, n, color);
    }
    free(a);
    free(b);
    free(common);
    free(edits);
    return result;
}
