/* claims.c -- reading lessons/claims: stage, scenario or *, "words of the header". */
#include "claims.h"

#include <stdio.h>
#include <string.h>

#include "embedded.h"
#include "words.h"

/* Does this line speak of the stage and the scenario? */
static bool
is_about(const struct word *words, int n, const char *stage, const char *scenario)
{
    return n == 3 && word_is(&words[0], stage) && words[2].quoted &&
           (word_is(&words[1], scenario) || word_is(&words[1], "*"));
}

bool
claims_failure(const char *stage, const char *scenario, char *words, size_t room)
{
    const struct embedded *claims = embedded_named("lessons/claims");
    const char *at = claims != NULL ? claims->text : "";
    const char *end = at + (claims != NULL ? claims->len : 0);

    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t len = line_end != NULL ? (size_t)(line_end - at) : (size_t)(end - at);
        struct word word[MOST_WORDS];
        const char *problem;
        unsigned column;
        int n = cut_words(at, len, word, &column, &problem);

        if (is_about(word, n, stage, scenario)) {
            if (words != NULL)
                snprintf(words, room, "%.*s", (int)word[2].len, word[2].text);
            return true;
        }
        at += len + 1;
    }
    return false;
}
