#include "carrel-init.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void disconnect(struct connection *c) {
    close(c->fd);
    free(c->body);
    *c = (struct connection){0};
}

void flush(struct connection *c) {
    while (c->out > 0) {
        ssize_t n = send(c->fd, c->outbox, c->out, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno != EAGAIN) disconnect(c);
        if (n < 0) return;
        memmove(c->outbox, c->outbox + n, c->out - n);
        c->out -= n;
    }
}

// Never waits. A reader too slow for anything but OUTPUT is dropped: the files tell it the rest.
void queue(struct connection *c, struct frame *f) {
    if (!c->used) return;
    if (c->out + f->length > OUTBOX_MAX) {
        if (f->bytes[4] == OUTPUT) c->stale = true;
        else disconnect(c);
        return;
    }
    uint32_t length = f->length - 4;
    for (int i = 0; i < 4; i++) f->bytes[i] = length >> (24 - 8 * i);
    memcpy(c->outbox + c->out, f->bytes, f->length);
    c->out += f->length;
    flush(c);
}

void tell_all(struct frame *f) {
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        if (connections[i].used) queue(&connections[i], f);
}

void catch_up(struct connection *c) {
    c->stale = false;
    for (int i = 0; i < slots && c->used && !c->stale; i++)
        for (int s = 0; s < 2 && c->used; s++)
            if (executions[i].used && executions[i].running)
                queue(c, output_frame(&executions[i], s));
}

void greet(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) adopt(fd);
}

void adopt(int fd) {
    static uint64_t count;
    struct connection *c = &connections[0];
    for (int i = 1; i < CONNECTIONS_MAX && c->used; i++)
        if (!connections[i].used || connections[i].since < c->since) c = &connections[i];
    if (c->used) disconnect(c);
    *c = (struct connection){.used = true, .fd = fd, .polled = -1, .since = ++count};
    struct frame *f = frame(HELLO);
    put(f, VERSION, 4);
    queue(c, f);
}

static bool alone(void) {
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        if (connections[i].used) return false;
    return true;
}

static void call(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "ctl"};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return;
    bool there = fchdir(door) == 0 &&
                 connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (chdir("/") == 0 && there) adopt(fd);
    else close(fd);
}

// Waits between calls, however often it is asked to call. Who was there may be gone at once.
int call_server(void) {
    static uint64_t failures, next;
    if (!alone()) return -1;
    uint64_t now = now_us(CLOCK_MONOTONIC) / 1000;
    if (now >= next) {
        call();
        failures = alone() ? failures + 1 : 0;
        if (failures == 0) return -1;
        next = now + (failures < CALLS_SOON ? CALL_SOON_MS : CALL_AGAIN_MS);
    }
    return next - now;
}

// Reads at most one frame, so that connections take turns.
void listen_to(struct connection *c) {
    bool heading = c->got < 4;
    ssize_t n = heading ? recv(c->fd, c->header + c->got, 4 - c->got, 0)
                        : recv(c->fd, c->body + c->got - 4, c->length + 4 - c->got, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        disconnect(c);
        return;
    }
    c->got += n;
    if (heading && c->got == 4) {
        struct cursor in = {c->header, c->header + 4, false};
        c->length = get(&in, 4);
        if (c->length == 0 || c->length > FRAME_MAX || !(c->body = malloc(c->length))) {
            disconnect(c);
            return;
        }
        listen_to(c);
    } else if (!heading && c->got == c->length + 4) {
        uint8_t *body = c->body;
        c->body = NULL;
        c->got = 0;
        if (!serve(c, body, c->length) && c->used) disconnect(c);
        free(body);
    }
}
