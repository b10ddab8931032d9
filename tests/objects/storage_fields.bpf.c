/* A task storage whose values hold a timer: no kernel makes that map, so nothing here loads. */
#include "bpf.h"

enum { BPF_MAP_TYPE_TASK_STORAGE = 29 };

struct timed {
	struct bpf_timer timer;
	u64 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, 1); /* BPF_F_NO_PREALLOC */
	__type(key, int);
	__type(value, struct timed);
} per_task SEC(".maps");

SEC("tp_btf/sched_switch")
int does_not_use_it(u64 *ctx)
{
	return 0;
}

char _license[] SEC("license") = "GPL";
