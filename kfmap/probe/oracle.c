/*
 * kfmap's run-time oracle: the only process of a virtual machine. For every op of sched_ext and every kfunc that
 * checks a mask when it is called, it attaches the scheduler of oracle.bpf.c, has the kernel call that op, and
 * writes a line of JSON with what the kernel said. Then it powers the machine off.
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
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
	"cgroup_exit", "cgroup_prep_move", "cgroup_move", "cgroup_cancel_move", "cgroup_set_weight", "cpu_online", "cpu_offline", "init", "timer",
};
static const char *const KFUNCS[] = {
	"scx_bpf_dsq_insert", "scx_bpf_dsq_insert_vtime", "scx_bpf_dispatch_nr_slots", "scx_bpf_dispatch_cancel", "scx_bpf_dsq_move_to_local",
	"scx_bpf_dsq_move", "scx_bpf_dsq_move_vtime", "scx_bpf_reenqueue_local", "scx_bpf_select_cpu_dfl", "scx_bpf_select_cpu_and", "scx_bpf_task_cgroup",
};
enum { SCHED_EXT_POLICY = 7, FIFO = 1, OP_COUNT = sizeof(OPS) / sizeof(*OPS), KFUNC_COUNT = sizeof(KFUNCS) / sizeof(*KFUNCS) };
struct data { unsigned want_op, want_kfunc, called, ended; char message[256]; }; /* .bss of oracle.bpf.c */
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
/* A task of the scheduler: sleeps, runs, yields; what it is and where it may run changes meanwhile. */
static void be_task(int pinned)
{
	cpu_set_t cpus;
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
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
	write_file("/cgroup/new/cgroup.procs", pid);
	pause_ms(5);
	write_file("/cgroup/cgroup.procs", pid);
	rmdir("/cgroup/new");
}
static void work(const char *op)
{
	pid_t tasks[4];
	for (int i = 0; i < 4; i++)
		if (!(tasks[i] = fork())) { if (i < 3) be_task(i); else be_preemptor(); }
	if (!strncmp(op, "dump", 4)) write_file("/proc/sysrq-trigger", "D");
	for (int waited = 0; waited < 30 && !over(); waited++) {
		if (!strncmp(op, "cgroup", 6)) change_cgroups(tasks[0]);
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
/* Return whether the kernel called the op. */
static int ask(struct bpf_map *map, unsigned op, unsigned kfunc)
{
	char message[256];
	memset((void *)shared, 0, sizeof(*shared));
	shared->want_op = op;
	shared->want_kfunc = kfunc;
	struct bpf_link *link = bpf_map__attach_struct_ops(map);
	int error = link ? 0 : errno;
	if (link && !over()) work(OPS[op]);
	int called = shared->called; /* what is called while the scheduler is taken away tells nothing */
	bpf_link__destroy(link);
	for (int waited = 0; waited < 100 && !shared->ended; waited++) pause_ms(10);
	for (unsigned i = 0; i < sizeof(message); i++) message[i] = shared->message[i];
	message[sizeof(message) - 1] = 0;
	printf("{\"op\":\"%s\",\"kfunc\":\"%s\",\"called\":%s,\"attach\":%d,\"message\":", OPS[op], KFUNCS[kfunc], called ? "true" : "false", error);
	print_text(message);
	printf("}\n");
	fflush(stdout);
	return called;
}
static int run(void)
{
	struct bpf_object *object = bpf_object__open_file("/oracle.bpf.o", NULL);
	if (!object || bpf_object__load(object)) return 1;
	struct bpf_map *map = bpf_object__find_map_by_name(object, "oracle"), *bss;
	size_t size = 0;
	bpf_object__for_each_map(bss, object)
		if (strstr(bpf_map__name(bss), ".bss")) shared = bpf_map__initial_value(bss, &size);
	if (!map || !shared || size < sizeof(*shared)) return 1;
	for (unsigned op = OP_COUNT; op--;) {
		int missed = 0; /* an op that the kernel did not call twice it will not call */
		for (unsigned kfunc = 0; kfunc < KFUNC_COUNT && missed < 2; kfunc++) {
			/* Under the rq's lock, and unlocked to the mask: these would wait for the lock for ever. */
			if (!strcmp(OPS[op], "cgroup_move") && (strstr(KFUNCS[kfunc], "select_cpu") || !strcmp(KFUNCS[kfunc], "scx_bpf_dsq_move") || !strcmp(KFUNCS[kfunc], "scx_bpf_dsq_move_vtime"))) continue;
			if (!ask(map, op, kfunc)) missed++;
		}
	}
	return 0;
}
int main(void)
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
	if (run()) printf("{\"problem\":\"the kernel does not load the scheduler (error %d)\"}\n", errno);
	printf("=== kfmap evidence ends ===\n");
	fflush(stdout);
	sync();
	sleep(1);
	reboot(RB_POWER_OFF);
	return 0;
}
