/* forms.h -- which forms may a step of a scenario have? */
#ifndef ECHOLAB_FORMS_H
#define ECHOLAB_FORMS_H

#include <stdbool.h>

#include "scenario.h"
#include "words.h"

/* What could have stood at the place where the best form broke off. */
struct hopes {
    int at; /* index of the word */
    char text[400];
};

/* May this word be a client's name? Not when it begins a step of another kind. */
bool is_client_word(const struct word *word);

/*
 * Finds the form of a step: of a client (the words behind its name), or any other. Fills in
 * step; step->data.text is the caller's to free. Returns false with *hopes filled in.
 */
bool match_forms(bool client, const struct word *words, int n, struct step *step,
                 struct hopes *hopes);

#endif
