// Pid 1 of a sandbox: starts commands, keeps what they write, records how they end, reaps.
//
// It inherits descriptor 3, the sandbox's run directory on the host, which nothing else in the
// sandbox can name: it is not dumpable, and every child closes everything before it executes.
// For an execution <id> the run directory holds
//   <id>.in    standard input, written by the server before START; none means /dev/null
//   <id>.out   standard output, up to the cap. Made O_EXCL before the fork: this file is the record
//   <id>.err   that the execution was started, so a START that is asked again starts nothing.
//   <id>.exit  how it ended, one line, renamed into place: see record().
// The server talks to it through the socket "ctl" there, over any number of connections in turn.
// Executions need none: limits and records are kept here, whether a server lives or not.
//
// A frame is u32 length (of what follows), u8 type, body; numbers are big-endian; an id is u8
// length and characters. What breaks the rules loses its connection. The requests:
//   START    id, u64 timeout ms, u64 cap of each output, u32 arguments, u32 variables,
//            then NUL-terminated strings: working directory, arguments, NAME=value variables
//            -> STARTED id | ALREADY id | REFUSED id, u32 errno
//   KILL     id, u8 signal: to the whole process group; nothing if it has ended
//   KILL_ALL everything but pid 1 -> KILLED_ALL
//   LIST     -> LISTED u32 count, ids of what runs now
//   PING     -> PONG
// and unasked, to every connection:
//   HELLO    u32 version, once
//   OUTPUT   id, u8 stream (1, 2), u64 bytes in the file by now. May be left out when more follow.
//   EXIT     id, the line of <id>.exit
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>

enum {
    VERSION = 1,
    RUN_DIRECTORY = 3,
    RUNNING_MAX = 256,      // executions at once
    SLOTS = 1024,           // the same, and ended ones whose children still hold the pipes
    CONNECTIONS_MAX = 8,    // one more closes the oldest
    ID_MAX = 80,
    FRAME_MAX = 1 << 20,    // a request
    STRINGS_MAX = 1 << 16,  // arguments, and variables
    OUTBOX_MAX = 1 << 16,   // what a connection has not taken yet
    CHUNK = 1 << 16,        // read of one pipe in one round
    REAP_BATCH = 512,       // of one round, so that a fork bomb starves nobody
    STDIN_MAX = 1 << 20,
    TIMEOUT_MAX_MS = 7 * 24 * 3600 * 1000,
    SAVE_AGAIN_MS = 1000,   // a record that the full disk of the host did not take
    OOM_SCORE_CHILD = 500,  // as pid 1: the kernel takes a sandbox before anything of the host
};
enum { START = 1, KILL, KILL_ALL, LIST, PING };
enum { HELLO = 16, STARTED, ALREADY, REFUSED, OUTPUT, EXIT, LISTED, PONG, KILLED_ALL };
enum { TIMED_OUT = 1, KILLED = 2 };

struct execution {
    bool used, running, unsaved;
    char id[ID_MAX + 1];
    pid_t pid;  // of the leader of its session and group; valid while running
    int flags, status, pipe[2], file[2], polled[2];
    uint64_t cap[2], kept[2], written[2], timeout_ms, deadline_ms;  // 0 for none
    uint64_t started_us, started_at_ms, ended_at_ms, took_us;
};
struct connection {
    bool used, stale;  // stale: an OUTPUT was left out
    int fd, polled;
    uint64_t since;
    uint8_t header[4], *body, outbox[OUTBOX_MAX];
    size_t got, length, out;  // got counts the header too
};
struct frame {
    size_t length;
    uint8_t bytes[OUTBOX_MAX / 2];
};
struct cursor {
    const uint8_t *at, *end;
    bool bad;
};

extern struct execution executions[SLOTS];
extern struct connection connections[CONNECTIONS_MAX];
extern int running;              // executions
extern int null_fd;              // /dev/null, opened before the sandbox could replace it
extern struct rlimit files_max;  // as inherited, for the children

// frames.c: what is said. frame() begins the one frame under construction.
struct frame *frame(int type);
void put(struct frame *f, uint64_t value, int bytes);
void put_text(struct frame *f, const char *text);
void put_id(struct frame *f, const char *id);
uint64_t get(struct cursor *in, int bytes);
void get_id(struct cursor *in, char *id);
char *get_string(struct cursor *in);

// connections.c: to whom. queue() never waits.
void queue(struct connection *c, struct frame *f);
void tell_all(struct frame *f);
void greet(int listener);
void flush(struct connection *c);
void catch_up(struct connection *c);  // with the OUTPUT that was left out
void listen_to(struct connection *c);

// requests.c: what is asked. False if it breaks the rules.
bool serve(struct connection *c, const uint8_t *body, size_t length);

// executions.c: what runs. add_execution() answers STARTED, ALREADY or, with errno, REFUSED.
int add_execution(struct execution *e, const char *cwd, char **argv, char **env);
struct frame *output_frame(struct execution *e, int stream);
void pump(struct execution *e, int stream);
void kill_group(struct execution *e, int signal, int why);
void kill_all(void);
bool reap(void);           // true if there may be more
int mind_the_clock(void);  // ends what is overdue; for how long poll may wait then
uint64_t now_us(clockid_t clock);
