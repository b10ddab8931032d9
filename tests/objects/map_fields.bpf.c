/* Maps that hold a lock, a timer or a list, and programs of types that may not use such maps. */
#include "bpf.h"

enum { BPF_MAP_TYPE_STACK_TRACE = 7 };

static long (*const bpf_spin_lock)(void *lock) = (void *)93;
static long (*const bpf_spin_unlock)(void *lock) = (void *)94;
static long (*const bpf_get_stackid)(void *ctx, void *map, u64 flags) = (void *)27;

struct bpf_spin_lock {
	u32 val;
};

struct bpf_list_head {
	u64 opaque[2];
} __attribute__((aligned(8)));

struct counted {
	struct bpf_spin_lock lock;
	u64 count;
};

struct armed {
	struct bpf_timer timer;
};

struct deeper {
	u64 before;
	struct armed armed;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct counted);
} locked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct deeper);
} nested SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__uint(key_size, 4);
	__uint(value_size, sizeof(struct armed));
} sizes_only SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} plain SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 8);
	__uint(key_size, 4);
	__uint(value_size, 1016);
} stacks SEC(".maps");

struct twice {
	struct armed armed[2]; /* the kernel takes no two timers, and so knows of none */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct twice);
} two SEC(".maps");

SEC(".data.A")
struct bpf_spin_lock guard = {};

SEC(".data.B")
struct bpf_list_head alone __tag("contains:counted:count") = {};

SEC(".data.A")
struct bpf_list_head head __tag("contains:counted:count") = {};

static __always_inline int lock_one(void)
{
	u32 key = 0;
	struct counted *found = bpf_map_lookup_elem(&locked, &key);

	if (found) {
		bpf_spin_lock(&found->lock);
		found->count++;
		bpf_spin_unlock(&found->lock);
	}
	return 0;
}

SEC("tc")
int lock_tc(void *ctx)
{
	return lock_one();
}

SEC("kprobe/do_nanosleep")
int lock_kprobe(void *ctx)
{
	return lock_one();
}

SEC("socket")
int lock_socket(void *ctx)
{
	return lock_one();
}

SEC("syscall")
int lock_asleep(void *ctx)
{
	return lock_one();
}

const volatile u32 never;

SEC("perf_event")
int lock_dead(void *ctx) /* the code is dead, and the map is used all the same */
{
	return never ? lock_one() : 0;
}

SEC("tp/sched/sched_switch")
int timer_nested(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&nested, &key) ? 1 : 0;
}

SEC("raw_tp/sched_switch")
int list_in_data(void *ctx)
{
	return ((volatile struct bpf_list_head *)&head)->opaque[0] != 0;
}

SEC("raw_tp/sched_switch")
int list_without_lock(void *ctx) /* no list to the kernel, which wants a lock beside it */
{
	return ((volatile struct bpf_list_head *)&alone)->opaque[0] != 0;
}

SEC("tp/sched/sched_switch")
int timer_twice(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&two, &key) ? 1 : 0;
}

SEC("tc")
int timer_without_types(void *ctx)
{
	u32 key = 0;
	struct armed *found = bpf_map_lookup_elem(&sizes_only, &key);

	return found ? bpf_timer_init(&found->timer, &sizes_only, 1) : 0;
}

SEC("tc")
int timer_of_none(void *ctx)
{
	u32 key = 0;
	struct armed *found = bpf_map_lookup_elem(&plain, &key);

	return found ? bpf_timer_init(&found->timer, &plain, 1) : 0;
}

SEC("fentry.s/bpf_fentry_test1")
int stack_asleep(void *ctx)
{
	return bpf_get_stackid(ctx, &stacks, 0);
}

SEC("fentry/bpf_fentry_test1")
int stack_awake(void *ctx)
{
	return bpf_get_stackid(ctx, &stacks, 0);
}

char _license[] SEC("license") = "GPL";
