/* A wall clock that is an hour ahead when a program asks for it, and is set right before the kernel looks at it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

int gettimeofday(struct timeval *now, void *zone) {
    static int (*original)(struct timeval *, void *);
    if (!original) original = dlsym(RTLD_NEXT, "gettimeofday");
    int result = original(now, 0);
    now->tv_sec += 3600;
    return result;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*original)(clockid_t, struct timespec *);
    if (!original) original = dlsym(RTLD_NEXT, "clock_gettime");
    int result = original(clock, now);
    if (clock == CLOCK_REALTIME) now->tv_sec += 3600;
    return result;
}
