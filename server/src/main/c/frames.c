#include "carrel-init.h"

#include <string.h>

void put(struct frame *f, uint64_t value, int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) f->bytes[f->length++] = value >> shift;
}

void put_text(struct frame *f, const char *text) {
    size_t n = strlen(text);
    memcpy(f->bytes + f->length, text, n);
    f->length += n;
}

void put_id(struct frame *f, const char *id) {
    put(f, strlen(id), 1);
    put_text(f, id);
}

struct frame *frame(int type) {
    static struct frame f;
    f.length = 4;
    put(&f, type, 1);
    return &f;
}

uint64_t get(struct cursor *in, int bytes) {
    uint64_t value = 0;
    if (in->end - in->at < bytes) {
        in->bad = true;
        return 0;
    }
    while (bytes-- > 0) value = value << 8 | *in->at++;
    return value;
}

void get_id(struct cursor *in, char *id) {
    size_t n = get(in, 1);
    if (in->bad || n == 0 || n > ID_MAX || (size_t)(in->end - in->at) < n) {
        in->bad = true;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        char c = id[i] = *in->at++;
        // It becomes part of a file name: neither '/' nor '.'.
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '-')
            in->bad = true;
    }
    id[n] = 0;
}

char *get_string(struct cursor *in) {
    size_t left = in->end - in->at;
    const uint8_t *nul = left == 0 ? NULL : memchr(in->at, 0, left);
    if (nul == NULL) {
        in->bad = true;
        return "";
    }
    char *string = (char *)in->at;
    in->at = nul + 1;
    return string;
}

struct execution *get_running(struct cursor *in) {
    char id[ID_MAX + 1] = "";
    get_id(in, id);
    for (int i = 0; i < slots && !in->bad; i++)
        if (executions[i].used && executions[i].running && strcmp(executions[i].id, id) == 0)
            return &executions[i];
    return NULL;
}
