/* Disks that fail, and a log of what a process asks of them: preloaded (LD_PRELOAD) before the C library.

   Which calls fail is read from the environment at every call, so that a process may decide it after it has
   begun:

     DISK_FAULT        the calls, separated by spaces: open write sync rename truncate mkdir unlink
     DISK_FAULT_PATH   the files, as a pattern of fnmatch(3) on the whole path (that of the new name for
                       rename); several are separated by |
     DISK_FAULT_ERRNO  how they fail, as a number
     DISK_FAULT_AFTER  how many matching calls succeed first (0)
     DISK_FAULT_TIMES  how many fail then; 0, for all

   A write that a full disk stops (ENOSPC, EDQUOT) first writes half of what it is given, as disks do.

     DISK_LOG          a file for the log: one record for each call that succeeds on a file below
     DISK_LOG_BELOW    this folder, and for each HTTP request by POST that begins to be sent

   A record is a line of fields separated by tabs, and for `write` the bytes that follow it:

     create INODE PATH | rename OLD NEW | unlink PATH | mkdir PATH | truncate INODE LENGTH
     write INODE OFFSET LENGTH | sync INODE PATH | post

   While there is a log, nothing is really synced, which takes long.
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) real_##name
#define LOAD(result, name, ...)                                            \
    static result (*real_##name)(__VA_ARGS__);                            \
    if (!real_##name) *(void **)&real_##name = dlsym(RTLD_NEXT, #name)

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER, logging = PTHREAD_MUTEX_INITIALIZER;
static long met = 0;
static int halved = 0;

static void path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = 0;
}

static void absolute(int folder, const char *name, char *path) {
    char base[PATH_MAX] = "";
    if (name[0] != '/') {
        if (folder != AT_FDCWD) path_of(folder, base);
        else if (!getcwd(base, sizeof base)) base[0] = 0;
    }
    snprintf(path, PATH_MAX, name[0] == '/' ? "%s%s" : "%s/%s", base, name);
}

static int among(const char *list, const char *separators, const char *sought, int pattern) {
    char copy[4096], *rest;
    snprintf(copy, sizeof copy, "%s", list);
    for (char *each = strtok_r(copy, separators, &rest); each; each = strtok_r(NULL, separators, &rest))
        if (pattern ? !fnmatch(each, sought, 0) : !strcmp(each, sought)) return 1;
    return 0;
}

/* The error with which a call is to fail, or 0. */
static int fault(const char *call, const char *path) {
    const char *calls = getenv("DISK_FAULT"), *paths = getenv("DISK_FAULT_PATH");
    if (!calls || !paths || !path[0] || !among(calls, " ", call, 0) || !among(paths, "|", path, 1)) return 0;
    const char *after = getenv("DISK_FAULT_AFTER"), *times = getenv("DISK_FAULT_TIMES");
    long first = after ? atol(after) : 0, many = times ? atol(times) : 0;
    pthread_mutex_lock(&guard);
    long number = met++;
    pthread_mutex_unlock(&guard);
    if (number < first || (many && number >= first + many)) return 0;
    const char *number_of = getenv("DISK_FAULT_ERRNO");
    return number_of ? atoi(number_of) : EIO;
}

static int fails(const char *call, const char *path) {
    int error = fault(call, path);
    if (error) errno = error;
    return error;
}

/* A file that has no name is not: it is gone with the process, and with the power. */
static int is_logged(const char *path) {
    const char *below = getenv("DISK_LOG_BELOW");
    size_t length = strlen(path), gone = strlen(" (deleted)");
    if (length > gone && !strcmp(path + length - gone, " (deleted)")) return 0;
    return getenv("DISK_LOG") && below && !strncmp(path, below, strlen(below));
}

static unsigned long inode_of(int fd) {
    struct stat found;
    return fstat(fd, &found) ? 0 : (unsigned long)found.st_ino;
}

static unsigned long inode_at(const char *path) {
    struct stat found;
    return lstat(path, &found) ? 0 : (unsigned long)found.st_ino;
}

/* Between these, calls that are logged are one after another, so that the log has them in their order. */
static void enter(void) {
    if (getenv("DISK_LOG")) pthread_mutex_lock(&logging);
}

static void leave(void) {
    if (getenv("DISK_LOG")) pthread_mutex_unlock(&logging);
}

/* One record, whole: processes may write beside each other. */
static void record(const void *data, size_t length, const char *format, ...) {
    LOAD(ssize_t, writev, int, const struct iovec *, int);
    LOAD(int, open64, const char *, int, ...);
    int before = errno;
    char line[2 * PATH_MAX + 64];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    int fd = REAL(open64)(getenv("DISK_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0) {
        struct iovec parts[2] = {{line, size}, {(void *)data, length}};
        if (REAL(writev)(fd, parts, length ? 2 : 1) < 0) abort();
        close(fd);
    }
    errno = before;
}

static int opened(int fd, int flags, int was_there, const char *path) {
    if (fd >= 0 && (flags & O_CREAT) && !was_there && is_logged(path))
        record(NULL, 0, "create\t%lu\t%s\n", inode_of(fd), path);
    else if (fd >= 0 && (flags & O_TRUNC) && is_logged(path))
        record(NULL, 0, "truncate\t%lu\t0\n", inode_of(fd));
    return fd;
}

static int open_beside(int (*really)(int, const char *, int, ...), int folder, const char *name, int flags,
                       mode_t mode) {
    char path[PATH_MAX];
    absolute(folder, name, path);
    if ((flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) && fails("open", path)) return -1;
    enter();
    int was_there = inode_at(path) != 0;
    int fd = opened(really(folder, name, flags, mode), flags, was_there, path);
    leave();
    return fd;
}

#define MODE(last)                                             \
    mode_t mode = 0;                                           \
    if (flags & (O_CREAT | O_TMPFILE)) {                       \
        va_list arguments;                                     \
        va_start(arguments, last);                             \
        mode = va_arg(arguments, mode_t);                      \
        va_end(arguments);                                     \
    }

int openat64(int folder, const char *name, int flags, ...) {
    LOAD(int, openat64, int, const char *, int, ...);
    MODE(flags);
    return open_beside(REAL(openat64), folder, name, flags, mode);
}

int openat(int folder, const char *name, int flags, ...) {
    LOAD(int, openat, int, const char *, int, ...);
    MODE(flags);
    return open_beside(REAL(openat), folder, name, flags, mode);
}

int open64(const char *name, int flags, ...) {
    LOAD(int, openat64, int, const char *, int, ...);
    MODE(flags);
    return open_beside(REAL(openat64), AT_FDCWD, name, flags, mode);
}

int open(const char *name, int flags, ...) {
    LOAD(int, openat, int, const char *, int, ...);
    MODE(flags);
    return open_beside(REAL(openat), AT_FDCWD, name, flags, mode);
}

/* How much of a write goes through: all of it, half of it, or -1. */
static ssize_t room(const char *path, size_t count) {
    int error = fault("write", path);
    if (!error) return (ssize_t)count;
    int half = (error == ENOSPC || error == EDQUOT) && count > 1 && !__sync_lock_test_and_set(&halved, 1);
    if (half) return (ssize_t)(count / 2);
    errno = error;
    return -1;
}

static void wrote(int fd, const char *path, const void *data, ssize_t done, off64_t offset) {
    if (done > 0 && is_logged(path))
        record(data, (size_t)done, "write\t%lu\t%lld\t%zd\n", inode_of(fd), (long long)offset, done);
}

ssize_t write(int fd, const void *data, size_t count) {
    LOAD(ssize_t, write, int, const void *, size_t);
    if (!getenv("DISK_FAULT") && !getenv("DISK_LOG")) return REAL(write)(fd, data, count);
    char path[PATH_MAX];
    path_of(fd, path);
    ssize_t some = room(path, count);
    if (some < 0) return -1;
    enter();
    off64_t offset = is_logged(path) ? lseek64(fd, 0, SEEK_CUR) : 0;
    ssize_t done = REAL(write)(fd, data, (size_t)some);
    wrote(fd, path, data, done, offset);
    leave();
    return done;
}

ssize_t pwrite64(int fd, const void *data, size_t count, off64_t offset) {
    LOAD(ssize_t, pwrite64, int, const void *, size_t, off64_t);
    char path[PATH_MAX];
    path_of(fd, path);
    ssize_t some = room(path, count);
    if (some < 0) return -1;
    enter();
    ssize_t done = REAL(pwrite64)(fd, data, (size_t)some, offset);
    wrote(fd, path, data, done, offset);
    leave();
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t count, off_t offset) {
    return pwrite64(fd, data, count, offset);
}

static int synced(int fd, int (*really)(int)) {
    char path[PATH_MAX];
    path_of(fd, path);
    if (fails("sync", path)) return -1;
    int done = getenv("DISK_LOG") ? 0 : really(fd);
    enter();
    if (!done && is_logged(path)) record(NULL, 0, "sync\t%lu\t%s\n", inode_of(fd), path);
    leave();
    return done;
}

int fsync(int fd) {
    LOAD(int, fsync, int);
    return synced(fd, REAL(fsync));
}

int fdatasync(int fd) {
    LOAD(int, fdatasync, int);
    return synced(fd, REAL(fdatasync));
}

static int renamed(int done, const char *from, const char *to) {
    if (!done && is_logged(to)) record(NULL, 0, "rename\t%s\t%s\n", from, to);
    return done;
}

int renameat(int folder, const char *old, int other, const char *new) {
    LOAD(int, renameat, int, const char *, int, const char *);
    char from[PATH_MAX], to[PATH_MAX];
    absolute(folder, old, from);
    absolute(other, new, to);
    if (fails("rename", to)) return -1;
    enter();
    int done = renamed(REAL(renameat)(folder, old, other, new), from, to);
    leave();
    return done;
}

int rename(const char *old, const char *new) {
    return renameat(AT_FDCWD, old, AT_FDCWD, new);
}

int ftruncate64(int fd, off64_t length) {
    LOAD(int, ftruncate64, int, off64_t);
    char path[PATH_MAX];
    path_of(fd, path);
    if (fails("truncate", path)) return -1;
    enter();
    int done = REAL(ftruncate64)(fd, length);
    if (!done && is_logged(path)) record(NULL, 0, "truncate\t%lu\t%lld\n", inode_of(fd), (long long)length);
    leave();
    return done;
}

int ftruncate(int fd, off_t length) {
    return ftruncate64(fd, length);
}

int mkdirat(int folder, const char *name, mode_t mode) {
    LOAD(int, mkdirat, int, const char *, mode_t);
    char path[PATH_MAX];
    absolute(folder, name, path);
    if (fails("mkdir", path)) return -1;
    enter();
    int done = REAL(mkdirat)(folder, name, mode);
    if (!done && is_logged(path)) record(NULL, 0, "mkdir\t%s\n", path);
    leave();
    return done;
}

int mkdir(const char *name, mode_t mode) {
    return mkdirat(AT_FDCWD, name, mode);
}

int unlinkat(int folder, const char *name, int flags) {
    LOAD(int, unlinkat, int, const char *, int);
    char path[PATH_MAX];
    absolute(folder, name, path);
    if (fails("unlink", path)) return -1;
    enter();
    int done = REAL(unlinkat)(folder, name, flags);
    if (!done && is_logged(path)) record(NULL, 0, "unlink\t%s\n", path);
    leave();
    return done;
}

int unlink(const char *name) {
    return unlinkat(AT_FDCWD, name, 0);
}

ssize_t send(int fd, const void *data, size_t length, int flags) {
    LOAD(ssize_t, send, int, const void *, size_t, int);
    ssize_t done = REAL(send)(fd, data, length, flags);
    enter();
    if (done > 4 && !memcmp(data, "POST ", 5) && getenv("DISK_LOG")) record(NULL, 0, "post\n");
    leave();
    return done;
}
