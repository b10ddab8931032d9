/* struct_ops maps and programs that are not loaded, or not used, unless something says so. */
#include "sched_ext.h"

char _license[] SEC("license") = "GPL";

volatile u64 seen;

SEC("?struct_ops/running")
void running(u64 *ctx) /* loaded all the same: a map that is made uses it */
{
	seen += scx_bpf_dispatch_nr_slots();
}

SEC("struct_ops/tick")
void tick(u64 *ctx) /* not loaded: only an optional map uses it */
{
	seen += scx_bpf_dispatch_nr_slots();
}

SEC("struct_ops/unused")
void unused(u64 *ctx)
{
	seen++;
}

SEC("?struct_ops/switched_off")
void switched_off(u64 *ctx)
{
	seen++;
}

SEC(".struct_ops.link")
struct sched_ext_ops made = {
	.running = (void *)running,
	.name = "made",
};

SEC("?.struct_ops.link")
struct sched_ext_ops not_made = {
	.tick = (void *)tick,
	.name = "not_made",
};

struct sched_ext_ops___old {
	void (*tick)(struct task_struct *p);
	void (*running)(struct task_struct *p);
	u64 gone;
};

SEC(".struct_ops")
struct sched_ext_ops___old old = {
	.running = (void *)running,
	.gone = 7,
};
