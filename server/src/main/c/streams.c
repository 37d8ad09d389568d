#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct stream streams[STREAMS_MAX];
bool is_relay;
static int from = -1, to = -1, from_polled, to_polled;

void open_streams(int from_other, int to_other) {
    from = from_other;
    to = to_other;
    fcntl(from, F_SETFL, O_NONBLOCK);
    fcntl(to, F_SETFL, O_NONBLOCK);
}

int free_stream(bool for_control) {
    int first = for_control ? 0 : CONTROL_STREAMS;
    int end = for_control ? CONTROL_STREAMS : STREAMS_MAX;
    while (first < end && streams[first].used) first++;
    return first < end ? first : -1;
}

struct stream *use(int stream, int fd) {
    struct stream *s = &streams[stream];
    memset(s, 0, offsetof(struct stream, buffer));
    s->used = true;
    s->fd = fd;
    s->polled = -1;
    s->window = WINDOW;
    return s;
}

void open_stream(int stream, int fd, bool asks) {
    struct stream *s = use(stream, fd);
    is_relay = true;
    s->opening = true;
    s->asking = asks;
}

// A pipe with room takes a packet whole, and all packets are as long as that at most.
static bool has_room(void) {
    struct pollfd room = {.fd = to, .events = POLLOUT};
    return poll(&room, 1, 0) == 1;
}

static bool can_send_data(const struct stream *s) {
    return s->fd >= 0 && !s->opening && !s->connecting && !s->ending && !s->ended && s->window > 0;
}

void release_if_closed(struct stream *s) {
    if (!s->used || !s->closed || !s->heard_closed) return;
    close_fd(&s->fd);
    s->used = false;
}

static bool is_done(const struct stream *s) {
    return s->ended && s->heard_end && s->waiting == 0;
}

static bool has_to_tell(const struct stream *s) {
    if (s->opening) return !s->asking;
    return s->greeting || s->taken > 0 || s->ending || s->resetting || (is_done(s) && !s->closed);
}

int watch_streams(struct pollfd *fds, int n) {
    if (to < 0) return n;
    bool room = has_room(), wanted = false;
    from_polled = n++;
    to_polled = n++;
    for (int i = 0; i < STREAMS_MAX; i++) {
        struct stream *s = &streams[i];
        s->polled = -1;
        if (!s->used) continue;
        wanted |= has_to_tell(s) || (can_send_data(s) && !room);
        int events = (s->asking || (room && can_send_data(s)) ? POLLIN : 0) |
                     (s->connecting || s->waiting > 0 ? POLLOUT : 0);
        if (s->fd < 0 || events == 0) continue;
        fds[n] = (struct pollfd){.fd = s->fd, .events = events};
        s->polled = n++;
    }
    fds[from_polled] = (struct pollfd){.fd = from, .events = POLLIN};
    fds[to_polled] = (struct pollfd){.fd = wanted ? to : -1, .events = POLLOUT};
    return n;
}

// ---- what the descriptors take

void give_up(struct stream *s) {
    close_fd(&s->fd);
    s->waiting = 0;
    s->unwanted = true;
    s->asking = s->connecting = s->greeting = false;
    if (!s->ended) s->resetting = true;
}

void finish_writing(struct stream *s) {
    if (!s->heard_end || s->waiting > 0 || s->fd < 0) return;
    if (s->unwanted) give_up(s);
    else if (!s->connecting) shutdown(s->fd, SHUT_WR);
}

void drain(struct stream *s) {
    while (s->fd >= 0 && s->waiting > 0 && !s->connecting) {
        size_t part = WINDOW - s->start < s->waiting ? WINDOW - s->start : s->waiting;
        ssize_t n = send(s->fd, s->buffer + s->start, part, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) {
            give_up(s);
            return;
        }
        s->start = (s->start + n) % WINDOW;
        s->waiting -= n;
        s->taken += n;
    }
    finish_writing(s);
}

// ---- what this side says

static void say(int type, int stream, uint8_t *packet, size_t length) {
    packet[0] = type;
    packet[1] = stream;
    packet[2] = length >> 8;
    packet[3] = length;
    ssize_t n = write(to, packet, HEADER + length);
    (void)n;  // there was room; when the other side has gone, its end shows
}

static void say_number(int type, int stream, uint64_t number, int bytes) {
    uint8_t packet[HEADER + 8];
    for (int i = 0; i < bytes; i++) packet[HEADER + i] = number >> 8 * (bytes - 1 - i);
    say(type, stream, packet, bytes);
}

static void say_data(struct stream *s, int stream) {
    uint8_t packet[PACKET_MAX];
    size_t most = s->window < PAYLOAD_MAX ? s->window : PAYLOAD_MAX;
    ssize_t n = recv(s->fd, packet + HEADER, most, MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) give_up(s);
    struct pollfd caller = {.fd = s->fd};
    // Who has left altogether wants no answer.
    if (n == 0 && is_relay && poll(&caller, 1, 0) == 1 && caller.revents & POLLHUP) give_up(s);
    else if (n == 0) s->ending = true;
    if (n <= 0) return;
    s->window -= n;
    say(DATA, stream, packet, n);
}

static void say_next(struct stream *s, int stream, bool readable) {
    if (s->opening) {
        s->opening = false;
        say_number(OPEN, stream, s->port, 2);
    } else if (s->greeting) {
        s->greeting = false;
        s->window--;
        say_number(DATA, stream, 1, 1);
    } else if (s->taken > 0) {
        say_number(CREDIT, stream, s->taken, 4);
        s->taken = 0;
    } else if (s->ending || s->resetting) {
        say(s->resetting ? RESET : END, stream, (uint8_t[HEADER]){0}, 0);
        s->ending = s->resetting = false;
        s->ended = true;
    } else if (is_done(s) && !s->closed) {
        say(CLOSED, stream, (uint8_t[HEADER]){0}, 0);
        s->closed = true;
    } else if (readable && can_send_data(s)) {
        say_data(s, stream);
    }
}

static void mind(struct stream *s, int events) {
    int error = 0;
    socklen_t size = sizeof error;
    if (s->asking && events != 0) {
        uint8_t port[2];
        if (recv(s->fd, port, 2, MSG_DONTWAIT) != 2 || (port[0] | port[1]) == 0) {
            close_fd(&s->fd);
            s->used = false;
            return;
        }
        s->port = port[0] << 8 | port[1];
        s->asking = false;
    }
    if (s->connecting && events != 0) {
        s->connecting = false;
        if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) give_up(s);
        else s->greeting = true;
    }
    drain(s);
}

bool mind_streams(const struct pollfd *fds) {
    if (to < 0) return true;
    int heard = fds[from_polled].revents;
    for (int i = 0; i < STREAMS_MAX; i++)
        if (streams[i].used && streams[i].polled >= 0 && fds[streams[i].polled].revents)
            mind(&streams[i], fds[streams[i].polled].revents);
    if (heard && !hear(from, heard & POLLHUP)) return false;
    for (int i = 0; i < STREAMS_MAX; i++) {
        struct stream *s = &streams[i];
        bool readable = s->used && s->polled >= 0 && fds[s->polled].revents != 0;
        while (s->used && (has_to_tell(s) || readable) && has_room()) {
            bool was_data = !has_to_tell(s);
            say_next(s, i, readable);
            readable = readable && !was_data;
        }
        release_if_closed(s);
        s->polled = -1;
    }
    return true;
}
