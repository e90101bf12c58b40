/*
 * json.c -- two tests of the JSON reader and writer.
 *
 *   json check    asks the functions themselves; prints "N checks" or what failed, exit 1
 *   json batch    reads texts from stdin, each behind a line with its length; prints a line
 *                 for each: "yes " and the text written again, or "no BYTE WHAT"
 */
#include "json.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

static int checks, failures;

static void
check(bool fine, const char *what)
{
    checks++;
    if (!fine) {
        failures++;
        printf("failed: %s\n", what);
    }
}

static void
write_again(struct json_writer *w, const struct json *value, int in_object)
{
    const char *name = in_object ? value->name : NULL;
    int64_t whole;
    double real;

    if (in_object && strlen(name) != value->name_len)
        name = "(a name with NUL)";
    if (value->type == JSON_NULL) {
        json_put_null(w, name);
    } else if (value->type == JSON_TRUE || value->type == JSON_FALSE) {
        json_put_bool(w, name, value->type == JSON_TRUE);
    } else if (value->type == JSON_STRING) {
        json_put_bytes(w, name, value->text, value->len);
    } else if (value->type == JSON_NUMBER) {
        if (json_integer(value, &whole))
            json_put_integer(w, name, whole);
        else if (json_real(value, &real))
            json_put_real(w, name, real);
        else
            json_put_string(w, name, "out of range");
    } else {
        bool object = value->type == JSON_OBJECT;

        json_open(w, name, object ? '{' : '[');
        for (const struct json *one = value->first; one != NULL; one = one->next)
            write_again(w, one, object);
        json_close(w, object ? '}' : ']');
    }
}

static void
batch(void)
{
    size_t len;

    while (scanf("%zu", &len) == 1 && getchar() == '\n') {
        char *text = malloc(len); /* exactly: a sanitizer sees every look behind the end */
        struct json_error error;
        struct json_writer w = { .out = stdout };
        struct json *value;

        if (len > 0 && fread(text, 1, len, stdin) != len)
            errx(1, "the text is shorter than announced");
        value = json_read(text, len, &error);
        if (value != NULL) {
            printf("yes ");
            write_again(&w, value, 0);
            putchar('\n');
        } else {
            printf("no %zu %s\n", error.at, error.what);
        }
        json_free(value);
        free(text);
    }
}

static struct json *
read_text(const char *text)
{
    struct json_error error;

    return json_read(text, strlen(text), &error);
}

static void
check_integer(const char *text, bool fits, int64_t expected)
{
    struct json *value = read_text(text);
    int64_t number = 0;

    check(value != NULL && json_integer(value, &number) == fits && (!fits || number == expected),
          text);
    json_free(value);
}

static void
check_numbers(void)
{
    struct json *value;
    double real = 0;

    check_integer("0", true, 0);
    check_integer("-0", true, 0);
    check_integer("9223372036854775807", true, INT64_MAX);
    check_integer("-9223372036854775808", true, INT64_MIN);
    check_integer("9007199254740993", true, 9007199254740993); /* no double holds it */
    check_integer("9223372036854775808", false, 0);
    check_integer("-9223372036854775809", false, 0);
    check_integer("1000000000000000000000000000000", false, 0);
    check_integer("1.0", false, 0);
    check_integer("1e2", false, 0);
    check_integer("\"34\"", false, 0);
    check_integer("null", false, 0);

    value = read_text("[0.1, 1e400, -1e400, 1e-400, \"1\"]");
    check(value != NULL && json_real(value->first, &real) && real == 0.1, "0.1 is a number");
    check(!json_real(value->first->next, &real), "1e400 is out of range");
    check(!json_real(value->first->next->next, &real), "-1e400 is out of range");
    check(json_real(value->first->next->next->next, &real) && real == 0, "1e-400 is nearly 0");
    check(!json_real(value->first->next->next->next->next, &real), "a string is no number");
    json_free(value);
}

static void
check_members(void)
{
    struct json *value = read_text("{\"a\": 1, \"b\\u0000\": 2, \"c\": \"x\", \"a\": 3}");
    int64_t number = 0;

    check(value != NULL && value->type == JSON_OBJECT, "an object is read");
    check(json_member(value, "a") == value->first, "the first of two");
    check(json_member(value, "b") == NULL, "a NUL in a name is part of it");
    check(json_integer(value->first->next, &number) && number == 2, "the second member");
    check(value->first->next->name_len == 2, "a name may hold NUL");
    check(json_is(json_member(value, "c"), "x"), "json_is() compares");
    check(!json_is(json_member(value, "c"), "xy"), "json_is() looks at the length");
    check(!json_is(json_member(value, "a"), "1"), "json_is() wants a string");
    check(json_twice(value) == value->first->next->next->next, "the name given twice is found");
    check(json_member(value->first, "a") == NULL, "a number has no members");
    json_free(value);
    value = read_text("{\"a\": 1, \"b\": 1}");
    check(value != NULL && json_twice(value) == NULL, "no name is given twice");
    json_free(value);
}

/* n times `text`, then `middle`, then n times `end`: read or refused? */
static bool
nested(const char *text, size_t n, const char *middle, const char *end)
{
    size_t room = n * (strlen(text) + strlen(end)) + strlen(middle) + 1;
    char *all = malloc(room), *at = all;
    struct json *value;
    bool fine;

    for (size_t i = 0; i < n; i++)
        at = stpcpy(at, text);
    at = stpcpy(at, middle);
    for (size_t i = 0; i < n; i++)
        at = stpcpy(at, end);
    value = read_text(all);
    fine = value != NULL;
    json_free(value);
    free(all);
    return fine;
}

static void
check_limits(void)
{
    check(nested("[", JSON_DEPTH, "", "]"), "the deepest array that is allowed");
    check(!nested("[", JSON_DEPTH + 1, "", "]"), "one deeper is refused");
    check(nested("{\"a\":", JSON_DEPTH - 1, "1", "}"), "the deepest object that is allowed");
    check(!nested("{\"a\":", JSON_DEPTH, "1", "}"), "one deeper is refused, too");
    check(!nested("[", 1000000, "", ""), "a million brackets");
    check(nested("[1", 1, "", "]"), "the helper itself works");
    check(!nested("[", 1, "1,1", "") && nested("[", 1, "1,1", "]"), "an array must end");

    char many[2 * (JSON_VALUES + 2) + 2];
    for (size_t n = JSON_VALUES - 1; n <= JSON_VALUES; n++) {
        memset(many, '1', sizeof(many));
        for (size_t i = 0; i < 2 * n; i += 2)
            many[i] = i == 0 ? '[' : ',';
        strcpy(many + 2 * n, "]");
        struct json *value = read_text(many);
        check((value != NULL) == (n == JSON_VALUES - 1), "the number of values is limited");
        json_free(value);
    }
}

static void
check_utf8(void)
{
    static const struct { const char *text; size_t len, expected; } cases[] = {
        { "a", 1, 1 }, { "\0", 1, 1 }, { "\x7f", 1, 1 }, { "\x80", 1, 0 }, { "", 0, 0 },
        { "\xc2\x80", 2, 2 }, { "\xc2", 1, 0 }, { "\xc1\xbf", 2, 0 }, { "\xc0\x80", 2, 0 },
        { "\xe0\xa0\x80", 3, 3 }, { "\xe0\x9f\xbf", 3, 0 }, { "\xed\x9f\xbf", 3, 3 },
        { "\xed\xa0\x80", 3, 0 }, { "\xed\xbf\xbf", 3, 0 }, { "\xee\x80\x80", 3, 3 },
        { "\xf0\x90\x80\x80", 4, 4 }, { "\xf0\x8f\xbf\xbf", 4, 0 }, { "\xf0\x9f\x90\xb6", 3, 0 },
        { "\xf4\x8f\xbf\xbf", 4, 4 }, { "\xf4\x90\x80\x80", 4, 0 }, { "\xf5\x80\x80\x80", 4, 0 },
        { "\xc2\x41", 2, 0 }, { "\xff", 1, 0 },
    };
    char out[4];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check(utf8_length(cases[i].text, cases[i].len) == cases[i].expected, "utf8_length");
    check(utf8_write(out, 'a') == 1 && out[0] == 'a', "one byte");
    check(utf8_write(out, 0xe9) == 2 && memcmp(out, "\xc3\xa9", 2) == 0, "two bytes");
    check(utf8_write(out, 0x20ac) == 3 && memcmp(out, "\xe2\x82\xac", 3) == 0, "three bytes");
    check(utf8_write(out, 0x1f436) == 4 && memcmp(out, "\xf0\x9f\x90\xb6", 4) == 0, "four bytes");
}

static void
check_writer(void)
{
    char *text;
    size_t len;
    struct json_writer w = { .out = open_memstream(&text, &len) };

    json_open(&w, NULL, '{');
    json_put_string(&w, "text", "\"\\/\b\f\n\r\t\x01\x7f \xf0\x9f\x90\xb6");
    json_put_bytes(&w, "no UTF-8", "a\xff\xc3z\0", 5);
    json_open(&w, "list", '[');
    json_put_integer(&w, NULL, INT64_MIN);
    json_put_real(&w, NULL, 0.1);
    json_put_real(&w, NULL, 1.0 / 0.0);
    json_put_bool(&w, NULL, true);
    json_close(&w, ']');
    json_open(&w, "empty", '[');
    json_close(&w, ']');
    json_put_null(&w, "a\"b");
    json_close(&w, '}');
    fclose(w.out);
    check(strcmp(text, "{\"text\": \"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\x7f \xf0\x9f\x90\xb6\", "
                       "\"no UTF-8\": \"a\xef\xbf\xbd\xef\xbf\xbdz\\u0000\", "
                       "\"list\": [-9223372036854775808, 0.1, null, true], \"empty\": [], "
                       "\"a\\\"b\": null}") == 0, text);
    free(text);
}

int
main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "batch") == 0) {
        batch();
        return 0;
    }
    check_numbers();
    check_members();
    check_limits();
    check_utf8();
    check_writer();
    printf("%d checks, %d failed\n", checks, failures);
    return failures > 0;
}
