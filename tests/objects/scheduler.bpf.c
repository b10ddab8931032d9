/* A sched_ext scheduler: some of its calls are legal where they stand, some are not. */
#include "sched_ext.h"

char _license[] SEC("license") = "GPL";

extern u32 scx_bpf_no_such_kfunc(void) __ksym __weak;
extern u32 scx_bpf_dispatch_nr_slots___compat(void) __ksym __weak;

const volatile bool with_slots = 0; /* rodata: the branch is dead unless a loader sets it */
const volatile u64 slice = SLICE;
volatile u64 seen; /* bss: decides nothing */
static volatile u64 knob = 1;

struct element {
	struct bpf_timer timer;
	u64 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct element);
} timers SEC(".maps");

/* static: verified with what its callers pass */
static __noinline u32 slots_if(bool yes)
{
	return yes ? scx_bpf_dispatch_nr_slots() : knob;
}

/* global: verified on its own, with any argument */
__noinline u32 global_slots(u32 yes)
{
	return yes ? scx_bpf_dispatch_nr_slots() : 0;
}

/* hidden: libbpf makes it static */
__hidden __noinline u32 hidden_slots(u32 yes)
{
	return yes ? scx_bpf_dispatch_nr_slots() : seen;
}

static int on_timer(void *map, u32 *key, struct element *element)
{
	element->count += scx_bpf_dispatch_nr_slots();
	return 0;
}

SEC("struct_ops/pick")
s32 pick(u64 *ctx)
{
	bool idle = 0;

	return scx_bpf_select_cpu_dfl((struct task_struct *)ctx[0], ctx[1], ctx[2], &idle);
}

SEC("struct_ops/enqueue")
void enqueue(u64 *ctx)
{
	scx_bpf_dsq_insert((struct task_struct *)ctx[0], SHARED_DSQ, slice, ctx[1]);
}

SEC("struct_ops/dispatch")
void dispatch(u64 *ctx)
{
	if (slots_if(1) && hidden_slots(1))
		scx_bpf_dsq_move_to_local(SHARED_DSQ);
}

SEC("struct_ops/running")
void running(u64 *ctx)
{
	seen += scx_bpf_dispatch_nr_slots(); /* refused where kfuncs have filters */
}

SEC("struct_ops/tick")
void tick(u64 *ctx)
{
	u32 key = 0;
	struct element *element = bpf_map_lookup_elem(&timers, &key);

	if (!element)
		return;
	bpf_timer_init(&element->timer, &timers, 1);
	bpf_timer_set_callback(&element->timer, on_timer);
	bpf_timer_start(&element->timer, 1000, 0);
}

SEC("struct_ops/stopping")
void stopping(u64 *ctx)
{
	if (with_slots)
		seen += scx_bpf_dispatch_nr_slots();
	if (exists(scx_bpf_no_such_kfunc))
		seen += scx_bpf_no_such_kfunc();
	seen += slots_if(0);
}

SEC("struct_ops/enable")
void enable(u64 *ctx)
{
	seen += global_slots(0);
	if (exists(scx_bpf_dispatch_nr_slots___compat))
		seen += scx_bpf_dispatch_nr_slots___compat();
}

SEC("struct_ops.s/init")
s32 init(u64 *ctx)
{
	return scx_bpf_create_dsq(SHARED_DSQ, -1);
}

SEC(".struct_ops.link")
struct sched_ext_ops scheduler = {
	.select_cpu = (void *)pick,
	.enqueue = (void *)enqueue,
	.dispatch = (void *)dispatch,
	.tick = (void *)tick,
	.running = (void *)running,
	.stopping = (void *)stopping,
	.enable = (void *)enable,
	.init = (void *)init,
	.timeout_ms = 5000,
	.name = "small",
};
