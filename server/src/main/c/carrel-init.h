// Pid 1 of a sandbox: starts commands, keeps what they write, records how they end, reaps.
//
// It inherits descriptor 3, the sandbox's run directory on the host, which nothing else in the
// sandbox can name: it is not dumpable, and every child closes everything before it executes.
// For an execution <id> the run directory holds
//   <id>.in    standard input, written by the server before START; none means /dev/null
//   <id>.out   standard output, up to the cap. Made O_EXCL before the fork: this file is the record
//              that the execution was started, so a START that is asked again starts nothing.
//              With KEEP_LAST: u64 bytes written in all, then the last RING of them as a ring
//   <id>.err   standard error in the same way, made when there is any
//   <id>.exit  how it ended, one line: see record()
// and in "paused" the server says, in ms and decimals, for how long it has held the sandbox still
// altogether. It writes that before it lets go, so that no timeout ends what has not had its time.
// The server talks to it through the socket "ctl" there, over any number of connections in turn.
// Executions need none: limits and records are kept here, whether a server lives or not.
// Under gVisor the server listens at "ctl" in a directory of its own and pid 1 calls, whenever it has no connection: while it
// has none, nothing in the sandbox is tied to the host, and its memory can be saved.
//
// A frame is u32 length (of what follows), u8 type, body; numbers are big-endian; an id is u8
// length and characters. What breaks the rules loses its connection. The requests:
//   START    id, u64 timeout ms, u64 cap of each output, u8 flags, u16 columns, u16 rows, u32 uid,
//            u32 gid, u8 count of groups, u32 each, u32 arguments, u32 variables, then
//            NUL-terminated strings: working directory, arguments, NAME=value variables
//            -> STARTED id | ALREADY id | REFUSED id, u32 errno
//            Flags: OPEN_INPUT, standard input is what INPUT sends; TERMINAL, all three are a new
//            terminal of that size; KEEP_LAST, the end of each output is kept, and the cap is
//            nothing. The uid NOBODY means: whoever pid 1 is.
//   INPUT    id, u8 whether it is the last, bytes -> TAKEN id, u32 errno: 0 for all of it, else
//            none was: EAGAIN before what was taken earlier is DRAINED, EPIPE if there is no input
//   RESIZE   id, u16 columns, u16 rows: of a terminal
//   KILL     id, u8 signal: to the whole process group; nothing if it has ended
//   KILL_ALL everything but pid 1 -> KILLED_ALL
//   LIST     -> LISTED u32 count, ids of what runs now
//   PING     -> PONG
// and unasked, to every connection:
//   HELLO    u32 version, once
//   OUTPUT   id, u8 stream (1, 2), u64 bytes in the file by now. May be left out when more follow.
//   DRAINED  id: the command has been given all input
//   EXIT     id, the line of <id>.exit
#pragma once
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>

enum {
    VERSION = 2,
    RUN_DIRECTORY = 3,
    RUNNING_MAX = 256,      // executions at once
    SLOTS = 1024,           // the same, and ended ones whose children still hold the pipes
    CONNECTIONS_MAX = 8,    // one more closes the oldest
    ID_MAX = 80,
    FRAME_MAX = 1 << 20,    // a request
    STRINGS_MAX = 1 << 16,  // arguments, and variables
    OUTBOX_MAX = 1 << 16,   // what a connection has not taken yet
    CHUNK = 1 << 16,        // read of one pipe in one round
    KILL_ROUNDS = 5,
    REAP_BATCH = 512,       // of one round, so that a fork bomb starves nobody
    STDIN_MAX = 1 << 20,
    INPUT_MAX = 1 << 16,    // of one INPUT; as much waits for the command at most
    RING = (2 << 20) + CHUNK,  // a reader takes all but what may be being overwritten
    DRAIN_READS = 64,       // of a terminal whose command has ended
    GROUPS_MAX = 64,
    STREAMS_MAX = 128,      // at once, and of them
    CONTROL_STREAMS = 4,    // for servers
    STREAM_POLLS = 2 + STREAMS_MAX,
    WINDOW = 1 << 16,
    TIMEOUT_MAX_S = 366 * 24 * 3600,
    SAVE_AGAIN_MS = 1000,   // a record that the full disk of the host did not take
    CALLS_SOON = 100,       // of a server that is not there, under gVisor: so many at first,
    CALL_SOON_MS = 10,      // this often,
    CALL_AGAIN_MS = 100,    // and later this often
    OOM_SCORE_STEP = 100,   // commands above pid 1: the kernel takes them first
};
#define NOBODY ((uid_t)-1)
enum { START = 1, KILL, KILL_ALL, LIST, PING, INPUT, RESIZE };
enum {
    HELLO = 16, STARTED, ALREADY, REFUSED, OUTPUT, EXIT, LISTED, PONG, KILLED_ALL, TAKEN, DRAINED
};
enum { OPEN_INPUT = 1, TERMINAL = 2, KEEP_LAST = 4 };
enum { TIMED_OUT = 1, KILLED = 2, MEMORY_RAN_OUT = 4 };

struct command {
    int flags;
    uint16_t columns, rows;
    uid_t uid;
    gid_t gid, groups[GROUPS_MAX];
    size_t group_count;
    const char *cwd;
    char **argv, **env;
};

struct execution {
    bool used, running, unsaved, terminal, keep_last, last_input;
    char id[ID_MAX + 1];
    pid_t pid;  // of the leader of its session and group; valid while running
    int flags, status, pipe[2], file[2], polled[2], input, input_polled;
    uint8_t *pending;  // input that the command has not read yet
    size_t pending_length, pending_done;
    uint64_t cap[2], kept[2], written[2], timeout_ms, deadline_ms;  // 0 for none
    uint64_t paused_ms;  // that deadline_ms already makes up for
    uint64_t started_us, started_at_ms, ended_at_ms, took_us, memory_kills;
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
extern int slots;                // of executions, that were ever in use
extern int running;              // executions
extern int null_fd, terminals;   // /dev/null and /dev/pts, before the sandbox could replace them
extern int oom_score;            // of pid 1, open for writing
extern struct rlimit files_max;  // as inherited, for the children

// frames.c: what is said. frame() begins the one frame under construction.
struct frame *frame(int type);
void put(struct frame *f, uint64_t value, int bytes);
void put_text(struct frame *f, const char *text);
void put_id(struct frame *f, const char *id);
uint64_t get(struct cursor *in, int bytes);
void get_id(struct cursor *in, char *id);
char *get_string(struct cursor *in);
struct execution *get_running(struct cursor *in);  // NULL if there is none of that id

// connections.c: to whom. queue() never waits.
void queue(struct connection *c, struct frame *f);
void tell_all(struct frame *f);
void greet(int listener);
void adopt(int fd);  // a connection that is there
int call_server(void);  // if it is not there, in how many ms to call again; else -1
void flush(struct connection *c);
void catch_up(struct connection *c);  // with the OUTPUT that was left out
void listen_to(struct connection *c);

// requests.c: what is asked. False if it breaks the rules.
bool serve(struct connection *c, const uint8_t *body, size_t length);

// spawn.c: how it starts. False, with errno and nothing left open, if it does not.
bool launch(struct execution *e, const struct command *command);
void open_oom_score(void);  // to be called first of all

// input.c: what commands are given. give_input() returns an errno, and owns `bytes` if that is 0.
int open_input(const char *id);
int give_input(struct execution *e, const uint8_t *bytes, size_t length, bool last);
void feed(struct execution *e);
void drop_input(struct execution *e);

// output.c: what they write. take() returns false when there is nothing to read now.
int create(const char *id, const char *suffix);
const char *file_name(const char *id, const char *suffix);
void close_fd(int *fd);
struct frame *output_frame(struct execution *e, int stream);
bool take(struct execution *e, int stream, size_t most);

// executions.c: what runs. add_execution() answers STARTED, ALREADY or, with errno, REFUSED.
int add_execution(struct execution *e, const struct command *command);
void pump(struct execution *e, int stream);
void kill_group(struct execution *e, int signal, int why);
void kill_all(void);
bool reap(void);           // true if there may be more
int mind_the_clock(void);  // ends what is overdue; for how long poll may wait then
uint64_t now_us(clockid_t clock);

// gvisor.c: settle_in_gvisor() is how pid 1 comes to its directories there; it gives what failed,
// with errno, or NULL. tell_of_resize() does what other kernels do by themselves.
extern bool in_gvisor;
void tell_of_resize(int terminal, pid_t leader);
extern int door;  // the directory in which the server listens
const char *take_run_directory(const char *mounted_at);
bool drop_administration(void);
const char *settle_in_gvisor(const char *run, const char *processes_max, const char *server);

// microvm.c: in a machine of its own, where no socket of the host reaches. settle_in_microvm() is as
// settle_in_gvisor(). relay() is what runs on the host: it listens at "ctl" and "ports" for servers.
const char *settle_in_microvm(const char *run_directory);
int relay(void);
uint64_t memory_kills(void);                 // of a kernel that is the sandbox's own; else 0

// streams.c, hearing.c: many streams over the one pipe each way that pid 1 has then. A packet is u8 type, u8
// stream, u16 length, and so many bytes; it is written whole. Only the relay opens streams.
//   OPEN    u16 port: a stream to that port of the loopback address, whose first byte says that it
//           is connected; 0: a connection to pid 1
//   DATA    bytes, of which a side has WINDOW under way at most
//   CREDIT  u32: so many of them were taken
//   END     no more data from this side
//   RESET   the same, and it takes none
//   CLOSED  nothing more at all; each side has said and heard END or RESET
// When both sides have said CLOSED, the stream may be opened again.
void open_streams(int from, int to);
int free_stream(bool for_control);              // -1 if there is none
void open_stream(int stream, int fd, bool asks);  // asks: it sends its port, two bytes, first
int watch_streams(struct pollfd *fds, int n);   // adds STREAM_POLLS at most
bool mind_streams(const struct pollfd *fds);    // false when nobody is at the other end any more
