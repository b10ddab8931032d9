/* Variables of .maps that are no maps: clang writes their types as void where they are a number. */
#include "bpf.h"

int number SEC(".maps");

const volatile int *pointer SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} several[2] SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} fine SEC(".maps");

SEC("xdp")
int uses(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&fine, &key) ? 1 : 2;
}

char _license[] SEC("license") = "GPL";
