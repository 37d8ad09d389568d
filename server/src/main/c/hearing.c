#include "streams.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uint8_t in[PACKET_MAX];
static size_t got;

static int connect_to(uint16_t port) {
    int ends[2];
    if (port == 0) {
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) return -1;
        adopt(ends[1]);
        return ends[0];
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS)
        close_fd(&fd);
    return fd;
}

static void begin(int stream, uint16_t port) {
    struct stream *s = use(stream, connect_to(port));
    s->connecting = port != 0;
    if (s->fd < 0) give_up(s);
}

static bool keep(struct stream *s, const uint8_t *bytes, size_t length) {
    if (length > WINDOW - s->waiting) return false;
    for (size_t i = 0; i < length; i++)
        s->buffer[(s->start + s->waiting + i) % WINDOW] = bytes[i];
    s->waiting += length;
    drain(s);
    return true;
}

// False for what breaks the rules.
static bool hear_packet(int type, int stream, struct cursor body) {
    struct stream *s = &streams[stream];
    size_t length = body.end - body.at;
    if (stream >= STREAMS_MAX) return false;
    if (type == OPEN) {
        if (is_relay || s->used || length != 2) return false;
        begin(stream, get(&body, 2));
        return true;
    }
    bool after_end = type == CREDIT || type == CLOSED;
    if (!s->used || s->opening || s->heard_closed || (s->heard_end && !after_end)) return false;
    switch (type) {
        case DATA:
            return s->fd < 0 || keep(s, body.at, length);
        case CREDIT: {
            uint64_t more = get(&body, 4);
            if (body.bad || more > WINDOW - s->window) return false;
            s->window += more;
            return true;
        }
        case RESET:
            s->unwanted = true;
            if (!s->ended && !s->resetting) s->ending = true;
            // fallthrough
        case END:
            s->heard_end = true;
            finish_writing(s);
            return true;
        case CLOSED:
            s->heard_closed = true;
            release_if_closed(s);  // the next packet may open it again
            return s->heard_end && s->ended;
        default:
            return false;
    }
}

bool hear(int from, bool hung_up) {
    for (;;) {
        size_t length = got < HEADER ? 0 : in[2] << 8 | in[3];
        if (length > PAYLOAD_MAX) return false;
        if (got < HEADER || got < HEADER + length) {
            size_t want = got < HEADER ? HEADER : HEADER + length;
            ssize_t n = read(from, in + got, want - got);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0 && errno == EAGAIN) return true;
            if (n <= 0) return n == 0 && !hung_up;
            got += n;
            continue;
        }
        got = 0;
        if (!hear_packet(in[0], in[1], (struct cursor){in + HEADER, in + HEADER + length, false}))
            return false;
    }
}
