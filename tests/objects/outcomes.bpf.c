/* One program per rule; the words that real kernels said are in test_outcomes.py. */
#include "bpf.h"

static long (*const bpf_get_func_ip)(void *ctx) = (void *)173;

struct bpf_iter_task {
	u64 opaque[3];
} __attribute__((aligned(8)));

extern void bpf_rcu_read_lock(void) __ksym __weak;
extern void bpf_rcu_read_unlock(void) __ksym __weak;
extern void bpf_throw(u64 cookie) __ksym __weak;
extern int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task, u32 flags) __ksym __weak;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym __weak;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym __weak;
extern const int absent_variable __ksym __weak;
extern int LINUX_KERNEL_VERSION __kconfig;

u64 last;

/* do_nanosleep() has two arguments */

SEC("fentry/do_nanosleep")
int entry_second(u64 *ctx)
{
	last = ctx[1];
	return 0;
}

SEC("fentry/do_nanosleep")
int entry_third(u64 *ctx)
{
	last = ctx[2];
	return 0;
}

SEC("fexit/do_nanosleep")
int exit_result(u64 *ctx)
{
	last = ctx[2];
	return 0;
}

SEC("fexit/do_nanosleep")
int exit_fourth(u64 *ctx)
{
	last = ctx[3];
	return 0;
}

SEC("fexit/do_nanosleep")
int exit_fourth_dead(u64 *ctx)
{
	if (LINUX_KERNEL_VERSION < 0x40000)
		last = ctx[3];
	return 0;
}

SEC("tp_btf/sched_switch")
int tracepoint_fourth(u64 *ctx)
{
	last = ctx[3];
	return 0;
}

SEC("tp_btf/sched_switch")
int tracepoint_tenth(u64 *ctx)
{
	last = ctx[9];
	return 0;
}

SEC("tracepoint/sched/sched_switch")
int address_of_none(void *ctx)
{
	last = bpf_get_func_ip(ctx);
	return 0;
}

SEC("kprobe/do_nanosleep")
int address_of_probed(void *ctx)
{
	last = bpf_get_func_ip(ctx);
	return 0;
}

SEC("tc")
int reads_absent(void *ctx)
{
	return absent_variable;
}

SEC("tc")
int asks_first(void *ctx)
{
	return exists(absent_variable) ? absent_variable : 0;
}

__tag("exception_callback:nowhere")
SEC("tc")
int caught_nowhere(void *ctx)
{
	if (last)
		bpf_throw(0);
	return 0;
}

SEC("iter.s/task")
int ended_outside(void *ctx)
{
	struct bpf_iter_task it;

	bpf_rcu_read_lock();
	bpf_iter_task_new(&it, NULL, 0);
	bpf_iter_task_next(&it);
	bpf_rcu_read_unlock();
	bpf_iter_task_destroy(&it);
	return 0;
}

char _license[] SEC("license") = "GPL";
