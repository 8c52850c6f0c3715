/* QEMU plugin: counts the instructions a program executes.
 *
 *   qemu-aarch64 -plugin icount.so,out=FILE PROGRAM
 *
 * The program marks a point by system call 7777, which Linux does not use, with a number as its
 * argument. FILE gets a line for each mark, the number and the instructions executed so far, and a
 * last one, "exit" and all of them. One thread is counted right; several may lose a few.
 *
 * Debian's QEMU comes without qemu-plugin.h, so what is used of it is declared here, as of version 1 of
 * the interface, which QEMU 4.2 to 8.2 have.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct block; /* instructions that are translated together, and run together */
enum register_access { NO_REGISTERS };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct block *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct block *, void (*)(unsigned, void *), enum register_access,
                                          void *);
void qemu_plugin_register_vcpu_syscall_cb(plugin_id,
                                          void (*)(plugin_id, unsigned, int64_t, uint64_t, uint64_t, uint64_t,
                                                   uint64_t, uint64_t, uint64_t, uint64_t, uint64_t));
void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);
size_t qemu_plugin_tb_n_insns(const struct block *);

EXPORT int qemu_plugin_version = 1;

static const int64_t MARK = 7777;
static uint64_t count;
static FILE *out;

static void executed(unsigned cpu, void *size)
{
    (void)cpu;
    count += (uintptr_t)size;
}

static void translated(plugin_id id, struct block *block)
{
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_cb(block, executed, NO_REGISTERS,
                                         (void *)(uintptr_t)qemu_plugin_tb_n_insns(block));
}

static void called(plugin_id id, unsigned cpu, int64_t number, uint64_t label, uint64_t b, uint64_t c,
                   uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h)
{
    (void)id, (void)cpu, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
    if (number == MARK) {
        fprintf(out, "%llu %llu\n", (unsigned long long)label, (unsigned long long)count);
        fflush(out);
    }
}

static void finished(plugin_id id, void *data)
{
    (void)id, (void)data;
    fprintf(out, "exit %llu\n", (unsigned long long)count);
    fclose(out);
}

EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++)
        if (strncmp(argv[i], "out=", 4) == 0)
            out = fopen(argv[i] + 4, "w");
    if (out == NULL) {
        fprintf(stderr, "icount: needs out=FILE, a file that can be written\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_vcpu_syscall_cb(id, called);
    qemu_plugin_register_atexit_cb(id, finished, NULL);
    return 0;
}
