#include "carrel-init.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

static void get_command(struct cursor *in, struct command *c) {
    c->flags = get(in, 1);
    c->columns = get(in, 2);
    c->rows = get(in, 2);
    c->uid = get(in, 4);
    c->gid = get(in, 4);
    c->group_count = get(in, 1);
    if (c->group_count > GROUPS_MAX) in->bad = true;
    for (size_t i = 0; i < c->group_count && !in->bad; i++) c->groups[i] = get(in, 4);
}

static bool start(struct connection *c, struct cursor *in) {
    struct execution e = {.used = true, .running = true};
    struct command command;
    get_id(in, e.id);
    e.timeout_ms = get(in, 8);
    e.cap[0] = e.cap[1] = get(in, 8);
    get_command(in, &command);
    size_t arguments = get(in, 4), variables = get(in, 4);
    if (in->bad || e.timeout_ms / 1000 > TIMEOUT_MAX_S || arguments == 0 ||
        arguments > STRINGS_MAX || variables > STRINGS_MAX)
        return false;
    char **argv = calloc(arguments + variables + 2, sizeof *argv);
    if (argv == NULL) return false;
    command.argv = argv;
    command.env = argv + arguments + 1;
    command.cwd = get_string(in);
    for (size_t i = 0; i < arguments; i++) argv[i] = get_string(in);
    for (size_t i = 0; i < variables; i++) command.env[i] = get_string(in);
    if (in->bad || in->at != in->end) {
        free(argv);
        return false;
    }
    struct frame *f = frame(add_execution(&e, &command));
    int error = errno;
    free(argv);
    put_id(f, e.id);
    if (f->bytes[4] == REFUSED) put(f, error, 4);
    queue(c, f);
    return true;
}

static void list(struct connection *c) {
    struct frame *f = frame(LISTED);
    put(f, running, 4);
    for (int i = 0; i < slots; i++)
        if (executions[i].used && executions[i].running) put_id(f, executions[i].id);
    queue(c, f);
}

static bool kill_one(struct cursor *in) {
    struct execution *e = get_running(in);
    int signal = get(in, 1);
    if (in->bad || signal < 1 || signal >= NSIG) return false;
    bool deadly = signal == SIGKILL || signal == SIGTERM || signal == SIGINT ||
                  signal == SIGQUIT || signal == SIGHUP;
    if (e != NULL) kill_group(e, signal, deadly ? KILLED : 0);
    return true;
}

static bool input(struct connection *c, struct cursor *in) {
    char id[ID_MAX + 1];
    struct cursor start = *in;
    get_id(&start, id);
    struct execution *e = get_running(in);
    bool last = get(in, 1);
    size_t length = in->end - in->at;
    if (in->bad || length > INPUT_MAX) return false;
    int error = give_input(e, in->at, length, last);
    struct frame *f = frame(TAKEN);
    put_id(f, id);
    put(f, error, 4);
    queue(c, f);
    if (error == 0) feed(e);
    return true;
}

static bool resize(struct cursor *in) {
    struct execution *e = get_running(in);
    struct winsize size = {.ws_col = get(in, 2)};
    size.ws_row = get(in, 2);
    if (in->bad) return false;
    if (e != NULL && e->terminal) {
        ioctl(e->input, TIOCSWINSZ, &size);
        if (in_gvisor) tell_of_resize(e->input, e->pid);
    }
    return true;
}

bool serve(struct connection *c, const uint8_t *body, size_t length) {
    struct cursor in = {body + 1, body + length, false};
    switch (body[0]) {
        case START:
            return start(c, &in);
        case KILL:
            return kill_one(&in);
        case INPUT:
            return input(c, &in);
        case RESIZE:
            return resize(&in);
        case KILL_ALL:
            kill_all();
            queue(c, frame(KILLED_ALL));
            return true;
        case LIST:
            list(c);
            return true;
        case PING:
            queue(c, frame(PONG));
            return true;
        default:
            return false;
    }
}
