/* Reads a segment as any program can that knows docs/layout.md and nothing of shmlab's Python:
   offsets are written out here on purpose, and the checksums are computed by the textbook. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <inttypes.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const unsigned char *base;

static uint64_t word(uint64_t offset) { return *(const uint64_t *)(const void *)(base + offset); }

static uint32_t crc32(uint32_t crc, const unsigned char *bytes, size_t count) {
    crc = ~crc;
    while (count--) {
        crc ^= *bytes++;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

int main(int argc, char **argv) {
    static const char *states[] = {"empty", "filling", "full", "draining", "overwritten"};
    char name[128];
    struct stat info;
    if (argc != 2) return 2;
    snprintf(name, sizeof name, "/%s", argv[1]);
    int fd = shm_open(name, O_RDONLY, 0);
    if (fd < 0 || fstat(fd, &info)) return 3;
    base = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED || memcmp(base, "SHMLAB\r\n", 8) || word(8) != 1) return 4;

    printf("size %" PRIu64 "\n", word(24));
    printf("owner_pid %" PRIu64 "\n", word(32));
    printf("strategy %s\n", (const char *)base + 192);
    printf("checksum %s\n", word(16) == crc32(crc32(0, base, 16), base + 24, 4096 - 24) ? "fits" : "wrong");
    printf("capacity %" PRIu64 "\n", word(4096 + 128)); /* control word 1: slots now */

    for (uint64_t i = 0; i < word(128); i++) /* variable names from 256, values from 8192, a line of 128 bytes each */
        printf("%s %" PRId64 "\n", (const char *)base + 256 + 24 * i, (int64_t)word(8192 + 128 * i));

    for (uint64_t i = 0; i < word(136); i++) { /* semaphore names from 1024 */
        int value;
        snprintf(name, sizeof name, "/%s.%s", argv[1], (const char *)base + 1024 + 24 * i);
        sem_t *semaphore = sem_open(name, 0);
        if (semaphore == SEM_FAILED || sem_getvalue(semaphore, &value)) return 5;
        printf("sem.%s %d\n", (const char *)base + 1024 + 24 * i, value);
    }

    uint64_t stride = word(88), slots_at = word(96);
    for (uint64_t i = 0; i < word(64); i++) {
        uint64_t slot = slots_at + i * stride, ticket = word(slot + 8), length = word(slot + 32);
        uint32_t crc = crc32((uint32_t)(ticket ^ ticket >> 32), base + slot + 40, (size_t)length);
        printf("slot%" PRIu64 " %s producer %" PRId64 " sequence %" PRIu64 " time %" PRIu64 " crc %" PRIu64 " %s length %" PRIu64,
               i, states[word(slot)], (int64_t)(ticket >> 48) - 1, ticket & 0xFFFFFFFFFFFF, word(slot + 16), word(slot + 24),
               word(slot + 24) == crc ? "whole" : "torn", length);
        printf(" payload ");
        for (uint64_t k = 0; k < length; k++) printf("%02x", base[slot + 40 + k]);
        printf("\n");
    }
    return 0;
}
