/*
 * Preloaded, it shifts what a process takes for the time of day by so many seconds. Monotonic clocks stay.
 *
 * Who waits until a time of day has reckoned it from the shifted clock, and the kernel goes by its own: librdkafka
 * waits with cnd_timedwait, which is shifted back. (libfaketime does that for pthread_cond_timedwait only. With it, a
 * node whose clock is behind never waits, and one whose clock is ahead waits for as long as it is ahead.)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static time_t shift_s;
static int (*wait_until)(cnd_t *, mtx_t *, const struct timespec *);

__attribute__((constructor)) static void prepare(void) {
    const char *text = getenv("AURORA_CLOCK_SHIFT_S");
    shift_s = text ? atol(text) : 0;
    *(void **)&wait_until = dlsym(RTLD_NEXT, "cnd_timedwait");
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += shift_s;
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    int failed = clock_gettime(CLOCK_REALTIME, &precise);
    if (!failed && now) {
        now->tv_sec = precise.tv_sec;
        now->tv_usec = precise.tv_nsec / 1000;
    }
    (void)zone;
    return failed;
}

time_t time(time_t *now) {
    struct timespec precise;
    if (clock_gettime(CLOCK_REALTIME, &precise))
        return -1;
    if (now)
        *now = precise.tv_sec;
    return precise.tv_sec;
}

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict until) {
    struct timespec real = *until;
    real.tv_sec -= shift_s;
    return wait_until(condition, mutex, &real);
}
