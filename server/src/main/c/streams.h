// Of streams.c and hearing.c, which are one thing.
#pragma once
#include "carrel-init.h"

#include <limits.h>

enum { OPEN = 1, DATA, CREDIT, END, RESET, CLOSED };
enum { HEADER = 4, PACKET_MAX = PIPE_BUF, PAYLOAD_MAX = PACKET_MAX - HEADER };

struct stream {
    bool used, opening, asking, connecting, greeting;
    bool ending, resetting;         // is to be said
    bool ended, heard_end;          // was said, by this side and by the other one
    bool closed, heard_closed;
    bool unwanted;                  // is what might be sent yet
    int fd, polled;
    uint16_t port;
    uint32_t window, taken;     // what may be sent; what was taken and not yet told
    size_t start, waiting;      // of what the descriptor has not taken yet
    uint8_t buffer[WINDOW];     // a ring
};

extern struct stream streams[STREAMS_MAX];
extern bool is_relay;

struct stream *use(int stream, int fd);
void give_up(struct stream *s);            // its descriptor is of no use any more
void drain(struct stream *s);              // into its descriptor
void finish_writing(struct stream *s);     // if that was all
void release_if_closed(struct stream *s);
bool hear(int from, bool hung_up);         // false when the other side has ended or breaks the rules
