/* commands.h -- the commands that are not servers; main.c lists them in one table. */
#ifndef ECHOLAB_COMMANDS_H
#define ECHOLAB_COMMANDS_H

struct command {
    const char *name;
    const char *group;    /* the heading in `echolab help` */
    const char *operands; /* what `echolab help` shows behind the name */
    const char *summary;
    int (*run)(int argc, char **argv); /* argv[0] is the name; returns the exit code */
};

/* Each runs the command it is named after. */
int client_main(int argc, char **argv);
int message_client_main(int argc, char **argv);
int multi_client_main(int argc, char **argv);
int deaf_peer_main(int argc, char **argv);
int play_main(int argc, char **argv);
int compare_main(int argc, char **argv);
int grade_main(int argc, char **argv);
int show_main(int argc, char **argv);
int trace_main(int argc, char **argv);
int watch_main(int argc, char **argv);
int primitives_main(int argc, char **argv);
int draw_main(int argc, char **argv);

#endif
