/* shmlab.h: join a shmlab lab from C. The contract is docs/layout.md, layout version 1; 64-bit Linux with glibc.

   Link with -lrt -pthread where your C library wants it. All functions end the program with a sentence when
   something cannot be; a program that joins is a guest, and has nothing to repair. */
#ifndef SHMLAB_H
#define SHMLAB_H

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef F_OFD_SETLK /* a lock that belongs to the open file: the system takes it back when its holder dies */
#define F_OFD_SETLK 37
#endif

typedef uint64_t word;

enum { RUNNING, PAUSED, STOPPED };                                   /* state */
enum { PRODUCER = 1, CONSUMER = 2 };                                 /* role */
enum { NOBODY, STARTING, RESTING, WORKING, HELD_BACK, FINISHED, CAPPED, LEFT, FAILED }; /* phase */
enum { EMPTY, FILLING, FULL, DRAINING, OVERWRITTEN };                /* slot_state */

struct header {
    char magic[8];
    word version, checksum, size, owner_pid, owner_uid, created, unbounded, capacity, cap, payload, stride, slots_at,
        rows, window, receipts_at, variable_count, semaphore_count, producers, gap[5];
    char strategy[64], variables[32][24], semaphores[16][24];
    word initial[16], rest[320];
};
struct line { word value, gap[15]; };                                /* a word with cache lines of its own */
struct control { struct line state, capacity, step_time, at_cap, rows_used, frozen, rest[26]; };
struct row {
    word phase, pid, waits, holds, since, blocked, slot, hand, produced, consumed, received, late, overwritten_items,
        empty_reads, out_of_order, corrupted, settled, delivered, orders_done, turn, parked, died, closing, before, gap1[8];
    word role, number, rate, pattern, orders, quota, news, base, leave, gap2[23];
    word latency[128], gap3[64];
};
struct slot { word state, ticket, time, checksum, length; unsigned char payload[]; };
struct segment { struct header header; struct control control; struct line variables[32]; struct row rows[]; };

_Static_assert(sizeof(struct header) == 4096 && sizeof(struct control) == 4096, "header and control words");
_Static_assert(sizeof(struct row) == 2048 && offsetof(struct segment, rows) == 12288, "rows");

struct lab { struct segment *segment; struct row *mine; word index, looked; int file, over; sem_t *empty, *full, *mutex; word *in, *out; };

static void shmlab_die(const char *what, const char *name) {
    fprintf(stderr, "%s: %s\n", name, what);
    exit(1);
}

/* A word that others write meanwhile: one load, one store. */
static inline word look(const word *at) { return __atomic_load_n(at, __ATOMIC_ACQUIRE); }
static inline void put_word(word *at, word value) { __atomic_store_n(at, value, __ATOMIC_RELEASE); }

static inline word now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (word)t.tv_sec * 1000000000u + (word)t.tv_nsec;
}

static uint32_t shmlab_crc(uint32_t crc, const void *data, size_t size) { /* CRC-32 as zlib has it */
    const unsigned char *byte = data;
    for (crc = ~crc; size--; byte++) {
        crc ^= *byte;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xEDB88320u & -(crc & 1));
    }
    return ~crc;
}
static inline word item_checksum(word ticket, const void *payload, word size) {
    return shmlab_crc((uint32_t)(ticket ^ ticket >> 32), payload, size);
}

static word *shmlab_variable(struct segment *s, const char *name, const char *lab) {
    for (word i = 0; i < s->header.variable_count; i++)
        if (!strcmp(s->header.variables[i], name)) return &s->variables[i].value;
    shmlab_die("its strategy has no in_ and out: this program speaks the strategy 'semaphores'", lab);
    return NULL;
}
static sem_t *shmlab_semaphore(const char *lab, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/%s.%s", lab, name);
    sem_t *found = sem_open(path, 0);
    if (found == SEM_FAILED) shmlab_die("its strategy has no such semaphore: this program speaks 'semaphores'", path);
    return found;
}

/* Claim a free row: its lock first, then a look at its role. We keep the lock as long as we live, and no longer. */
static int shmlab_claim(struct lab *lab, word index, word role) {
    struct row *mine = lab->mine = &lab->segment->rows[lab->index = index];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (char *)mine - (char *)lab->segment, .l_len = 1};
    int command = F_OFD_SETLK; /* where a sandbox refuses it, the older lock does: we open the file only once */
    if (fcntl(lab->file, command, &lock)) {
        if (errno == EAGAIN || errno == EACCES || fcntl(lab->file, command = F_SETLK, &lock)) return 0;
    }
    if (look(&mine->role)) {
        lock.l_type = F_UNLCK;
        fcntl(lab->file, command, &lock);
        return 0;
    }
    mine->number = index, mine->rate = 0, mine->pattern = 0, mine->quota = INT64_MAX, mine->leave = 0;
    mine->orders = mine->orders_done, mine->base = role == PRODUCER ? mine->produced : mine->consumed;
    mine->waits = mine->holds = mine->hand = 0;
    put_word(&mine->phase, RESTING);
    put_word(&mine->pid, (word)getpid());
    put_word(&mine->role, role); /* last: from now on everybody sees us */
    put_word(&lab->segment->control.rows_used.value, lab->segment->header.rows);
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* an owner that begins a repair sees us, or we see the repair */
    return 1;
}

/* Open, check, map; take a row as a guest of this role. Ends the program with a sentence if that cannot be. */
static struct lab join_lab(const char *name, word role) {
    struct lab lab = {0};
    struct stat info;
    struct header page;
    char path[64];
    if (strlen(name) != 23 || strncmp(name, "shmlab-", 7)) shmlab_die("not the name of a segment, see `shmlab ls`", name);
    snprintf(path, sizeof path, "/%s", name);
    int fd = shm_open(path, O_RDWR, 0);
    if (fd < 0) shmlab_die("no such segment: `shmlab ls` lists the labs that run", name);
    if (fstat(fd, &info) || !S_ISREG(info.st_mode) || info.st_uid != geteuid() || info.st_mode & 077)
        shmlab_die("not a segment of your own with mode 0600", name);
    if (pread(fd, &page, sizeof page, 0) != sizeof page || memcmp(page.magic, "SHMLAB\r\n", 8) || page.version != 1)
        shmlab_die("not a segment of layout version 1", name);
    if (page.checksum != shmlab_crc(shmlab_crc(0, &page, 16), (char *)&page + 24, 4072) || page.producers ||
        page.slots_at != page.receipts_at + page.rows * page.window || page.unbounded ||
        (word)info.st_size < page.slots_at + page.capacity * page.stride)
        shmlab_die("its header is damaged, or it is no bounded lab", name);
    struct segment *s = lab.segment = mmap(NULL, page.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (s == MAP_FAILED) shmlab_die("cannot be mapped", name);
    lab.file = fd;
    lab.in = shmlab_variable(s, "in_", name), lab.out = shmlab_variable(s, "out", name);
    lab.empty = shmlab_semaphore(name, "empty"), lab.full = shmlab_semaphore(name, "full");
    lab.mutex = shmlab_semaphore(name, "mutex");
    for (word i = page.rows; i-- > 0;) /* from the end: the owner gives out rows from the beginning */
        if (shmlab_claim(&lab, i, role)) return lab;
    shmlab_die("all its rows are in use", name);
    return lab;
}

static inline void leave_lab(struct lab *lab) { put_word(&lab->mine->phase, LEFT); }

/* Does the owner live? It has a lock (flock) on the segment's file for as long; its number may be another container's. */
static int owner_lives(struct lab *lab) {
    struct stat info;
    if (fstat(lab->file, &info) || !info.st_nlink) return 0; /* a dead owner's workers have taken the name away */
    if (flock(lab->file, LOCK_SH | LOCK_NB)) return 1;
    flock(lab->file, LOCK_UN);
    return 0;
}

/* Is the lab over, or has this worker been asked to leave? The owner's lock is looked at fifty times a second. */
static int lab_is_over(struct lab *lab) {
    if (now() - lab->looked > 20000000) lab->looked = now(), lab->over = !owner_lives(lab);
    return lab->over || look(&lab->segment->control.state.value) == STOPPED || look(&lab->mine->leave);
}

/* Is a single item asked for, whatever the rate and even while the lab is paused? */
static inline int ordered(struct lab *lab) { return look(&lab->mine->orders) > lab->mine->orders_done; }

/* Until the next item is due: park while the owner repairs, rest while the lab is paused or the rate says so.
   Nanosecond `due` grows by one item. 0: the lab is over. */
static int next_item(struct lab *lab, word *due) {
    struct control *control = &lab->segment->control;
    while (!lab_is_over(lab)) {
        struct timespec moment = {0, 500000};
        word epoch = look(&control->frozen.value), bits = look(&lab->mine->rate);
        double rate;
        memcpy(&rate, &bits, sizeof rate); /* the lab's view may change it at any time */
        int paused = look(&control->state.value) == PAUSED;
        if (epoch) {
            put_word(&lab->mine->parked, epoch);
        } else if (ordered(lab)) {
            put_word(&lab->mine->orders_done, lab->mine->orders_done + 1);
            return 1;
        } else if (paused || *due > now()) { /* in slices: news shall not wait for us */
            put_word(&lab->mine->phase, paused ? HELD_BACK : RESTING);
            moment.tv_nsec = paused || *due - now() > 20000000 ? 20000000 : (long)(*due - now());
        } else {
            word gap = rate > 0 ? (word)(1e9 / rate) : 0;
            *due = *due + gap + 1000000000 < now() ? now() : *due + gap; /* after a long wait it does not hurry */
            return 1;
        }
        nanosleep(&moment, NULL);
    }
    return 0;
}

/* Take one of a semaphore. 0: taken. 1: given up, because the owner repairs or the lab is over. */
static int acquire(struct lab *lab, sem_t *semaphore, word tag) {
    if (sem_trywait(semaphore)) {
        word began = now();
        put_word(&lab->mine->waits, tag);
        for (;;) {
            struct timespec until;
            clock_gettime(CLOCK_REALTIME, &until);
            if ((until.tv_nsec += 40000000) >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
            if (!sem_timedwait(semaphore, &until)) break;
            if (look(&lab->segment->control.frozen.value) || lab_is_over(lab)) {
                put_word(&lab->mine->waits, 0);
                return 1;
            }
        }
        put_word(&lab->mine->blocked, lab->mine->blocked + now() - began);
        put_word(&lab->mine->waits, 0);
    }
    return 0;
}

static inline struct slot *slot_at(struct lab *lab, word index) {
    return (struct slot *)((char *)lab->segment + lab->segment->header.slots_at + index * lab->segment->header.stride);
}
static inline word tag_of(struct lab *lab, const char *name) { /* 1 + number of a semaphore, as rows name it */
    word i = 0;
    while (strcmp(lab->segment->header.semaphores[i], name)) i++;
    return i + 1;
}
#endif
