/*
 * kfmap's run-time oracle: the only process of a virtual machine. For every op of sched_ext and every kfunc that
 * checks a mask when it is called, it attaches the scheduler of oracle.bpf.c, has the kernel call that op, and
 * writes a line of JSON with what the kernel said, and one before it: a call may stop the machine for good, and
 * another one then goes on behind it ("from=N", "until=N": calls are counted op by op). Then it powers off.
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "libbpf_shims.h"

static const char *const OPS[] = {
	"select_cpu", "enqueue", "dequeue", "dispatch", "tick", "runnable", "running", "stopping", "quiescent", "yield", "set_weight", "set_cpumask",
	"update_idle", "cpu_acquire", "cpu_release", "init_task", "exit_task", "enable", "disable", "dump", "dump_cpu", "dump_task", "cgroup_init",
	"cgroup_exit", "cgroup_prep_move", "cgroup_move", "cgroup_cancel_move", "cgroup_set_weight", "cgroup_set_bandwidth", "cgroup_set_idle",
	"cpu_online", "cpu_offline", "init", "timer", "workqueue",
};
static const char *const KFUNCS[] = {
	"scx_bpf_dsq_insert", "scx_bpf_dsq_insert_vtime", "scx_bpf_dispatch_nr_slots", "scx_bpf_dispatch_cancel", "scx_bpf_dsq_move_to_local",
	"scx_bpf_dsq_move", "scx_bpf_dsq_move_vtime", "scx_bpf_reenqueue_local", "scx_bpf_select_cpu_dfl", "scx_bpf_select_cpu_and", "scx_bpf_task_cgroup",
	"scx_bpf_dsq_insert___v2", "__scx_bpf_dsq_insert_vtime", "__scx_bpf_select_cpu_and",
};
enum { SCHED_EXT_POLICY = 7, FIFO = 1, OP_COUNT = sizeof(OPS) / sizeof(*OPS), KFUNC_COUNT = sizeof(KFUNCS) / sizeof(*KFUNCS) };
enum { MEMBERS = OP_COUNT - 3, TRIES = 3 }; /* without init, which all kernels have, and what is no op */
struct data { unsigned want_op, want_kfunc, called, ended, absent, moves; char message[256]; }; /* .bss of oracle.bpf.c */
static volatile struct data *shared;

static void pause_ms(long ms) { struct timespec t = {ms / 1000, ms % 1000 * 1000000}; nanosleep(&t, NULL); }
static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);
	if (fd >= 0) { if (write(fd, text, strlen(text)) < 0) errno = 0; close(fd); }
}
static void set_policy(int policy, int priority)
{
	struct sched_param param = {.sched_priority = priority};
	syscall(SYS_sched_setscheduler, 0, policy, &param);
}
static int over(void) { return shared->called || shared->ended; }
static void spin_ms(long ms)
{
	struct timespec from, now;
	clock_gettime(CLOCK_MONOTONIC, &from);
	do clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - from.tv_sec) * 1000 + (now.tv_nsec - from.tv_nsec) / 1000000 < ms);
}
/* A second thread, for moves of a process between cgroups. */
static int be_thread(void *nothing)
{
	for (;;) pause_ms(5);
	return 0;
}
static void start_thread(void)
{
	static char stack[16384] __attribute__((aligned(16)));
	clone(be_thread, stack + sizeof(stack), CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, NULL);
}
/* A task of the scheduler: sleeps, runs, yields; what it is and where it may run changes meanwhile. */
static void be_task(int pinned)
{
	cpu_set_t cpus;
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	start_thread();
	set_policy(SCHED_EXT_POLICY, 0);
	for (int i = 0; i < 40 && !shared->ended; i++) {
		/* select_cpu is for tasks that may run in more than one place, and a CPU that may come is one */
		if (pinned) sched_setaffinity(0, sizeof(cpus), &cpus);
		setpriority(PRIO_PROCESS, 0, i % 5);
		spin_ms(8);
		sched_yield();
		pause_ms(2);
		if (i % 8 == 7) { set_policy(SCHED_OTHER, 0); set_policy(SCHED_EXT_POLICY, 0); }
	}
	_exit(0);
}
/* A task of a higher class takes the CPU, for cpu_release and, when it sleeps, cpu_acquire. */
static void be_preemptor(void)
{
	cpu_set_t cpus;
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	set_policy(FIFO, 10);
	for (int i = 0; i < 60 && !shared->ended; i++) { pause_ms(5); spin_ms(1); }
	_exit(0);
}
static void change_cgroups(pid_t task)
{
	char pid[16];
	snprintf(pid, sizeof(pid), "%d", task);
	mkdir("/cgroup/new", 0755);
	write_file("/cgroup/new/cpu.weight", "200");
	write_file("/cgroup/new/cpu.max", "90000 100000");
	write_file("/cgroup/new/cpu.idle", "1");
	write_file("/cgroup/new/cgroup.procs", pid);
	pause_ms(5);
	write_file("/cgroup/cgroup.procs", pid);
	rmdir("/cgroup/new");
}
static void change_cpus(void)
{
	write_file("/sys/devices/system/cpu/cpu1/online", "1");
	write_file("/sys/devices/system/cpu/cpu1/online", "0");
}
static void work(const char *op)
{
	pid_t tasks[4];
	for (int i = 0; i < 4; i++)
		if (!(tasks[i] = fork())) { if (i < 3) be_task(i); else be_preemptor(); }
	if (!strncmp(op, "dump", 4)) write_file("/proc/sysrq-trigger", "D");
	for (int waited = 0; waited < 30 && !over(); waited++) {
		if (!strncmp(op, "cgroup", 6)) change_cgroups(tasks[0]);
		if (!strncmp(op, "cpu_o", 5)) change_cpus();
		setpriority(PRIO_PROCESS, tasks[1], waited % 7);
		pause_ms(20);
	}
	pause_ms(20); /* for what the kernel says of the call */
	for (int i = 0; i < 4; i++) { kill(tasks[i], SIGKILL); waitpid(tasks[i], NULL, 0); }
}
static void print_text(const char *text)
{
	putchar('"');
	for (const unsigned char *at = (const unsigned char *)text; *at; at++)
		if (*at == '"' || *at == '\\' || *at < 0x20 || *at >= 0x7f) printf("\\u%04x", *at);
		else putchar(*at);
	putchar('"');
}
/* Attach the scheduler, have the kernel call the op, and take the scheduler away. Return the error of attaching. */
static int drive(struct bpf_map *map, unsigned op, unsigned kfunc, unsigned *called)
{
	memset((void *)shared, 0, sizeof(*shared));
	shared->want_op = op;
	shared->want_kfunc = kfunc;
	struct bpf_link *link = bpf_map__attach_struct_ops(map);
	int error = link ? 0 : errno;
	if (link && !over()) work(OPS[op]);
	*called = shared->called; /* what is called while the scheduler is taken away tells nothing */
	bpf_link__destroy(link);
	for (int waited = 0; waited < 100 && !shared->ended; waited++) pause_ms(10);
	return error;
}
/* Return whether the kernel called the op. */
static int ask(struct bpf_map *map, unsigned op, unsigned kfunc, unsigned number)
{
	char message[256];
	unsigned called = 0;
	int error = 0;
	printf("{\"begin\":%u,\"op\":\"%s\",\"kfunc\":\"%s\"}\n", number, OPS[op], KFUNCS[kfunc]);
	fflush(stdout);
	for (int i = 0; i < TRIES && !called; i++) error = drive(map, op, kfunc, &called);
	for (unsigned i = 0; i < sizeof(message); i++) message[i] = shared->message[i];
	message[sizeof(message) - 1] = 0;
	printf("{\"op\":\"%s\",\"kfunc\":\"%s\",\"called\":%s,\"absent\":%s,\"attach\":%d,\"message\":", OPS[op], KFUNCS[kfunc],
	       called ? "true" : "false", shared->absent ? "true" : "false", error);
	print_text(message);
	printf("}\n");
	fflush(stdout);
	return called;
}
/* Take out of the scheduler the ops that this kernel's struct does not have. */
static int fit(struct bpf_map *map, unsigned char missing[OP_COUNT])
{
	size_t size = 0;
	void **members = bpf_map__initial_value(map, &size);
	struct btf *btf = btf__load_vmlinux_btf();
	int id = btf ? btf__find_by_name_kind(btf, "sched_ext_ops", BTF_KIND_STRUCT) : -1;
	if (id < 0 || !members || size < MEMBERS * sizeof(*members)) return 1;
	const struct btf_type *type = btf__type_by_id(btf, id);
	for (unsigned op = 0; op < MEMBERS; op++) {
		unsigned at = 0;
		while (at < btf_vlen(type) && strcmp(btf__name_by_offset(btf, btf_members(type)[at].name_off), OPS[op])) at++;
		if ((missing[op] = at == btf_vlen(type))) members[op] = NULL;
	}
	btf__free(btf);
	return 0;
}
static int run(unsigned from, unsigned until)
{
	unsigned char missing[OP_COUNT] = {0};
	struct bpf_object *object = bpf_object__open_file("/oracle.bpf.o", NULL);
	struct bpf_map *map = object ? bpf_object__find_map_by_name(object, "oracle") : NULL, *bss;
	size_t size = 0;
	if (!map || fit(map, missing) || bpf_object__load(object)) return 1;
	bpf_object__for_each_map(bss, object)
		if (strstr(bpf_map__name(bss), ".bss")) shared = bpf_map__initial_value(bss, &size);
	if (!shared || size < sizeof(*shared)) return 1;
	for (unsigned op = 0; op < OP_COUNT; op++) {
		int missed = 0; /* an op that the kernel did not call twice it will not call */
		for (unsigned kfunc = 0; kfunc < KFUNC_COUNT && missed < 2 && !missing[op]; kfunc++) {
			unsigned number = op * KFUNC_COUNT + kfunc;
			if (number >= from && number < until && !ask(map, op, kfunc, number)) missed++;
		}
	}
	return 0;
}
static unsigned read_number(int count, char **arguments, const char *name, unsigned otherwise)
{
	for (int i = 1; i < count; i++)
		if (!strncmp(arguments[i], name, strlen(name))) return strtoul(arguments[i] + strlen(name), NULL, 10);
	return otherwise;
}
int main(int count, char **arguments)
{
	struct utsname host;
	struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
	if (getpid() != 1) { fprintf(stderr, "the oracle runs as the only process of a virtual machine\n"); return 2; }
	mkdir("/proc", 0755); mkdir("/sys", 0755); mkdir("/dev", 0755); mkdir("/cgroup", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("cgroup2", "/cgroup", "cgroup2", 0, NULL);
	int console = open("/dev/console", O_RDWR);
	for (int fd = 0; console >= 0 && fd < 3; fd++) dup2(console, fd);
	write_file("/cgroup/cgroup.subtree_control", "+cpu");
	setrlimit(RLIMIT_MEMLOCK, &none);
	uname(&host);
	printf("\n=== kfmap evidence begins ===\n{\"format\":\"kfmap-run-time\",\"version\":1,\"release\":\"%s\"}\n", host.release);
	fflush(stdout);
	if (run(read_number(count, arguments, "from=", 0), read_number(count, arguments, "until=", -1U))) printf("{\"problem\":\"the kernel does not load the scheduler (error %d)\"}\n", errno);
	printf("=== kfmap evidence ends ===\n");
	fflush(stdout);
	sync();
	sleep(1);
	reboot(RB_POWER_OFF);
	return 0;
}
