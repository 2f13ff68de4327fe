/* Two processes that wake each other by futex: the median round trip in nanoseconds.
 *
 *     cc -O2 -o futex benchmarks/futex.c && ./futex 20000
 *
 * What any program on this machine has to pay for two wake-ups, without Python. Linux man-pages, futex(2).
 */
#include <linux/futex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void await(uint32_t *word, uint32_t value)
{
    uint32_t now;
    while ((now = __atomic_load_n(word, __ATOMIC_SEQ_CST)) != value)
        syscall(SYS_futex, word, FUTEX_WAIT, now, NULL, NULL, 0);
}

static void tell(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int later(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    int trips = argc > 1 ? atoi(argv[1]) : 20000;
    char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint32_t *there = (uint32_t *)memory, *back = (uint32_t *)(memory + 256);
    int64_t *took = malloc(sizeof *took * trips);
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (int i = 1; i <= trips; i++) {
            await(there, i);
            tell(back, i);
        }
        return 0;
    }
    for (int i = 1; i <= trips; i++) {
        int64_t began = now();
        tell(there, i);
        await(back, i);
        took[i - 1] = now() - began;
    }
    wait(NULL);
    qsort(took, trips, sizeof *took, later);
    printf("%lld\n", (long long)took[trips / 2]);
    return 0;
}
