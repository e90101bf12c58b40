/* narrate.h -- beats as lines for people; never longer than the screen is wide. */
#ifndef ECHOLAB_NARRATE_H
#define ECHOLAB_NARRATE_H

#include <stdbool.h>

#include "outbox.h"
#include "story.h"

struct narrator {
    struct outbox *out;
    long long zero;   /* ns: where the time column begins */
    int width;        /* columns */
    bool color;
    bool many;        /* there was more than one task: lines say which */
    bool opened;      /* it has begun to serve; what a shell did before is no story */
};

/* Prints the heading. */
void narrate_heading(const struct narrator *narrator);

/* Prints one beat. */
void narrate(struct narrator *narrator, const struct beat *beat);

/* Prints a call that is about to begin, for --step. */
void narrate_step(struct narrator *narrator, const struct task *task);

/* Prints the end: how long, how many, the longest wait. */
void narrate_summary(const struct narrator *narrator, const struct story *story, long long now);

/* Columns of the terminal: COLUMNS, or what the terminal says, or 80. */
int screen_width(int fd);

#endif
