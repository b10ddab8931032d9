/* Programs of many types: several in one section, targets, externs of every kind, tail calls. */
#include "bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

struct sk_buff;
struct rq;
struct path;
struct file {
	const struct path *path;
} __core;

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;
extern struct file *bpf_get_task_exe_file(struct task_struct *task) __ksym;
extern void bpf_put_file(struct file *file) __ksym;
extern bool bpf_session_is_return(void *ctx) __ksym __weak;
extern void bpf_throw(u64 cookie) __ksym;
extern const struct rq { int cpu; } runqueues __ksym __weak;
extern const void bpf_link_fops __ksym;
extern int LINUX_KERNEL_VERSION __kconfig;
extern u32 CONFIG_NO_SUCH_NUMBER __kconfig __weak;

volatile u64 seen;

SEC("xdp")
int xdp_first(void *ctx)
{
	return LINUX_KERNEL_VERSION > 0x70000 ? 2 : 1;
}

SEC("xdp")
int xdp_second(void *ctx)
{
	seen += CONFIG_NO_SUCH_NUMBER;
	return 2;
}

__noinline int on_throw(u64 cookie)
{
	return cookie;
}

SEC("tc")
__tag("exception_callback:on_throw") int tc_throws(struct sk_buff *skb)
{
	if (seen)
		bpf_throw(1);
	return 0;
}

static int on_loop(u32 index, void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(index);

	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
int loops(void *ctx)
{
	bpf_loop(8, on_loop, NULL, 0);
	return &runqueues != NULL;
}

SEC("lsm/file_open")
int opens(u64 *ctx)
{
	return ctx[0] == (u64)&bpf_link_fops;
}

SEC("lsm.s/file_open")
int opens_sleepable(u64 *ctx)
{
	return 0;
}

SEC("iter/task")
int iterates(u64 *ctx)
{
	return 0;
}

SEC("fentry/do_nanosleep")
int enters(u64 *ctx)
{
	return 0;
}

SEC("fexit/nf_nat:nf_nat_alloc_null_binding")
int leaves_module(u64 *ctx)
{
	return 0;
}

SEC("fentry")
int enters_somewhere(u64 *ctx)
{
	return 0;
}

SEC("?tp_btf/sched_switch")
int switches(u64 *ctx)
{
	struct task_struct *next = (struct task_struct *)ctx[2];
	struct file *file = bpf_get_task_exe_file(next);

	if (file)
		bpf_put_file(file);
	return next->pid;
}

SEC("kprobe.session/do_nanosleep")
int session(void *ctx)
{
	return exists(bpf_session_is_return) && bpf_session_is_return(ctx);
}

SEC("freplace/some_function")
int replaces(void *ctx)
{
	return 0;
}

SEC("nobody/knows")
int no_type(void *ctx)
{
	return 0;
}

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, sizeof(u32));
	__values(int(void *));
} calls SEC(".maps") = {
	.values = { [1] = (void *)&xdp_second },
};

SEC("xdp.frags")
int tail_calls(void *ctx)
{
	bpf_tail_call(ctx, &calls, 1);
	return 0;
}
