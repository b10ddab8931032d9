/* Values of a per-CPU array hold a timer and a lock: kernels make such a map, but without types. */
#include "bpf.h"

enum { BPF_MAP_TYPE_PERCPU_ARRAY = 6 };

static long (*const bpf_spin_lock)(void *lock) = (void *)93;
static long (*const bpf_spin_unlock)(void *lock) = (void *)94;

struct bpf_spin_lock {
	u32 val;
};

struct timed {
	struct bpf_timer timer;
	u64 count;
};

struct locked {
	struct bpf_spin_lock lock;
	u32 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct timed);
} timers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct locked);
} locks SEC(".maps");

SEC("tc")
int counts(void *ctx)
{
	struct timed *value;
	u32 key = 0;

	value = bpf_map_lookup_elem(&timers, &key);
	if (value)
		value->count++;
	return 0;
}

SEC("tc")
int arms(void *ctx)
{
	struct timed *value;
	u32 key = 0;

	value = bpf_map_lookup_elem(&timers, &key);
	if (value)
		bpf_timer_init(&value->timer, &timers, 1);
	return 0;
}

SEC("tc")
int locks_it(void *ctx)
{
	struct locked *value;
	u32 key = 0;

	value = bpf_map_lookup_elem(&locks, &key);
	if (value) {
		bpf_spin_lock(&value->lock);
		value->count++;
		bpf_spin_unlock(&value->lock);
	}
	return 0;
}

SEC("kprobe/do_nanosleep")
int sees_no_lock(void *ctx) /* a map without types holds no lock that a kprobe might not use */
{
	struct locked *value;
	u32 key = 0;

	value = bpf_map_lookup_elem(&locks, &key);
	if (value)
		value->count++;
	return 0;
}

char _license[] SEC("license") = "GPL";
