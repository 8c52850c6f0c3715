/* Writes down what a process does to files, so that a power cut after any of it can be tried.
 *
 * Loaded with LD_PRELOAD. WRITE_LOG names the log. Each entry is a line of text, and after a write its data:
 *
 *     open FD PATH    write FD OFFSET SIZE    truncate FD SIZE    sync FD    close FD
 *     unlink PATH     rename OLD<tab>NEW      said SIZE (a write to stdout)
 *
 * What is not here, such as mmap and writev, neither edgecry nor SQLite uses for its files.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static ssize_t put(int fd, const void *data, size_t size)
{
    REAL(ssize_t, "write", int, const void *, size_t);
    return real(fd, data, size);
}

static void note(const void *data, size_t size, const char *format, ...)
{
    static int log = -1;
    char line[9000];
    va_list values;
    if (log < 0) {
        const char *path = getenv("WRITE_LOG");
        REAL(int, "open", const char *, int, ...);
        if (!path || (log = real(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) < 0) return;
    }
    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    put(log, line, strlen(line));
    if (size) put(log, data, size);
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) \
    { \
        va_list values; \
        va_start(values, flags); \
        mode_t mode = va_arg(values, mode_t); \
        va_end(values); \
        REAL(int, #name, const char *, int, ...); \
        int fd = real(path, flags, mode); \
        if (fd >= 0) { \
            note(0, 0, "open %d %s\n", fd, path); \
            if (flags & O_TRUNC) note(0, 0, "truncate %d 0\n", fd); \
        } \
        return fd; \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) \
    { \
        va_list values; \
        va_start(values, flags); \
        mode_t mode = va_arg(values, mode_t); \
        va_end(values); \
        REAL(int, #name, int, const char *, int, ...); \
        int fd = real(folder, path, flags, mode); \
        if (fd >= 0) note(0, 0, "open %d %s\n", fd, path); \
        return fd; \
    }
OPENAT(openat)
OPENAT(openat64)

ssize_t write(int fd, const void *data, size_t size)
{
    ssize_t done = put(fd, data, size);
    if (done > 0 && fd == 1) {
        note(data, (size_t)done, "said %zd\n", done);
    } else if (done > 0) {
        off_t end = lseek(fd, 0, SEEK_CUR);
        if (end >= done) note(data, (size_t)done, "write %d %lld %zd\n", fd, (long long)(end - done), done);
    }
    return done;
}

#define PWRITE(name, offset_t) \
    ssize_t name(int fd, const void *data, size_t size, offset_t at) \
    { \
        REAL(ssize_t, #name, int, const void *, size_t, offset_t); \
        ssize_t done = real(fd, data, size, at); \
        if (done > 0) note(data, (size_t)done, "write %d %lld %zd\n", fd, (long long)at, done); \
        return done; \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define TRUNCATE(name, offset_t) \
    int name(int fd, offset_t size) \
    { \
        REAL(int, #name, int, offset_t); \
        int code = real(fd, size); \
        if (!code) note(0, 0, "truncate %d %lld\n", fd, (long long)size); \
        return code; \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define OF_FD(name, word) \
    int name(int fd) \
    { \
        REAL(int, #name, int); \
        int code = real(fd); \
        if (!code) note(0, 0, word " %d\n", fd); \
        return code; \
    }
OF_FD(fsync, "sync")
OF_FD(fdatasync, "sync")
OF_FD(close, "close")

int unlink(const char *path)
{
    REAL(int, "unlink", const char *);
    int code = real(path);
    if (!code) note(0, 0, "unlink %s\n", path);
    return code;
}

int rename(const char *old, const char *new)
{
    REAL(int, "rename", const char *, const char *);
    int code = real(old, new);
    if (!code) note(0, 0, "rename %s\t%s\n", old, new);
    return code;
}
