#include "carrel-init.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static bool start(struct connection *c, struct cursor *in) {
    struct execution e = {.used = true, .running = true};
    get_id(in, e.id);
    uint64_t timeout_ms = get(in, 8);
    e.cap[0] = e.cap[1] = get(in, 8);
    size_t arguments = get(in, 4), variables = get(in, 4);
    if (in->bad || timeout_ms > TIMEOUT_MAX_MS || arguments == 0 || arguments > STRINGS_MAX ||
        variables > STRINGS_MAX)
        return false;
    char **argv = calloc(arguments + variables + 2, sizeof *argv);
    if (argv == NULL) return false;
    char **env = argv + arguments + 1;
    const char *cwd = get_string(in);
    for (size_t i = 0; i < arguments; i++) argv[i] = get_string(in);
    for (size_t i = 0; i < variables; i++) env[i] = get_string(in);
    if (in->bad || in->at != in->end) {
        free(argv);
        return false;
    }
    e.timeout_ms = timeout_ms;
    struct frame *f = frame(add_execution(&e, cwd, argv, env));
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
    for (int i = 0; i < SLOTS; i++)
        if (executions[i].used && executions[i].running) put_id(f, executions[i].id);
    queue(c, f);
}

static bool kill_one(struct cursor *in) {
    char id[ID_MAX + 1];
    get_id(in, id);
    int signal = get(in, 1);
    if (in->bad || signal < 1 || signal >= NSIG) return false;
    for (int i = 0; i < SLOTS; i++)
        if (executions[i].used && executions[i].running && strcmp(executions[i].id, id) == 0)
            kill_group(&executions[i], signal, KILLED);
    return true;
}

bool serve(struct connection *c, const uint8_t *body, size_t length) {
    struct cursor in = {body + 1, body + length, false};
    switch (body[0]) {
        case START:
            return start(c, &in);
        case KILL:
            return kill_one(&in);
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
