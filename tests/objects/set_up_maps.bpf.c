/* Timers and work that are set up with the map they are in, and with another one. */
#include "bpf.h"

static long (*const bpf_for_each_map_elem)(void *map, void *callback, void *ctx,
					   u64 flags) = (void *)164;

char _license[] SEC("license") = "GPL";

struct bpf_wq {
	u64 opaque[2];
} __attribute__((aligned(8)));

extern int bpf_wq_init(struct bpf_wq *wq, void *p__map, u32 flags) __ksym __weak;

struct armed {
	u64 before;
	struct bpf_timer timer;
};

struct queued {
	struct bpf_wq work;
};

#define map_of(name, kind, of)                          \
	struct {                                        \
		__uint(type, BPF_MAP_TYPE_##kind);      \
		__uint(max_entries, 2);                 \
		__type(key, u32);                       \
		__type(value, struct of);               \
	} name SEC(".maps")

map_of(clocks, ARRAY, armed);
map_of(alarms, HASH, armed);
map_of(queues, ARRAY, queued);
map_of(rows, HASH, queued);

volatile u32 seen;

static __always_inline void *look_up(void *map)
{
	u32 key = 0;

	return bpf_map_lookup_elem(map, &key);
}

SEC("tc")
int its_own(void *ctx)
{
	struct armed *clock = look_up(&clocks), *alarm = look_up(&alarms);

	if (!clock || !alarm)
		return 0;
	bpf_timer_init(&clock->timer, &clocks, 1);
	bpf_timer_init(&alarm->timer, &alarms, 1);
	return 0;
}

SEC("tc")
int another(void *ctx)
{
	struct armed *clock = look_up(&clocks);

	if (clock)
		bpf_timer_init(&clock->timer, &alarms, 1);
	return 0;
}

static __noinline int set_up(struct armed *armed, void *map)
{
	return bpf_timer_init(&armed->timer, map, 1);
}

SEC("tc")
int another_in_function(void *ctx)
{
	struct armed *alarm = look_up(&alarms);

	if (alarm)
		set_up(alarm, &clocks);
	return 0;
}

SEC("tc")
int on_one_way(void *ctx)
{
	struct armed *clock = look_up(&clocks);
	void *map = &clocks;

	if (!clock)
		return 0;
	if (seen > 4)
		map = &alarms;
	asm volatile("" : "+r"(map));
	bpf_timer_init(&clock->timer, map, 1);
	return 0;
}

SEC("tc")
int where_it_fits(void *ctx)
{
	struct armed *clock = look_up(&clocks), *alarm = look_up(&alarms), *one;
	u64 number = bpf_ktime_get_ns();

	if (!clock || !alarm)
		return 0;
	one = alarm;
	if (number > 4)
		one = clock;
	asm volatile("" : "+r"(one));
	seen++;
	if (number > 4)
		bpf_timer_init(&one->timer, &clocks, 1);
	return 0;
}

static int each(void *map, u32 *key, struct armed *armed, void *ctx)
{
	bpf_timer_init(&armed->timer, &clocks, 1);
	return 0;
}

SEC("tc")
int each_of_its_own(void *ctx)
{
	bpf_for_each_map_elem(&clocks, each, NULL, 0);
	return 0;
}

SEC("tc")
int each_of_another(void *ctx)
{
	bpf_for_each_map_elem(&alarms, each, NULL, 0);
	return 0;
}

SEC("tc")
int work_of_another(void *ctx)
{
	struct queued *queue = look_up(&queues);

	if (queue && exists(bpf_wq_init))
		bpf_wq_init(&queue->work, &rows, 0);
	return 0;
}

SEC("tc")
int work_of_its_own(void *ctx)
{
	struct queued *row = look_up(&rows);

	if (row && exists(bpf_wq_init))
		bpf_wq_init(&row->work, &rows, 0);
	return 0;
}
