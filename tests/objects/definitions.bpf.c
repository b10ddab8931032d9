/* Map definitions that libbpf does not accept, each for a reason of its own, and some that it does. */
#include "bpf.h"

enum { BPF_MAP_TYPE_ARRAY_OF_MAPS = 12, BPF_MAP_TYPE_HASH_OF_MAPS = 13 };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, u32);
	__type(value, u64);
	__uint(map_flags, 1);
	__uint(pinning, 1);
} fine SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 8);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, u32);
	__values(struct inner);
} outer SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(colour, 3);
} coloured SEC(".maps");

struct {
	__uint(max_entries, 16);
} typeless SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(key_size, 8);
	__type(key, u32);
} two_sizes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	u32 max_entries;
} plain_number SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(pinning, 7);
} pinned SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__values(struct inner);
} no_array SEC(".maps");

struct nested {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__values(struct inner);
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__values(struct nested);
} too_deep SEC(".maps");

static struct {
	__uint(type, BPF_MAP_TYPE_HASH);
} private SEC(".maps");

u32 number SEC(".maps");

SEC("xdp")
int uses(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&private, &key) ? 1 : 2;
}

char _license[] SEC("license") = "GPL";
