/* Sections that libbpf 1.0 and later does not take: legacy maps, data under a name of its own. */
#include "bpf.h"

struct bpf_map_def {
	u32 type, key_size, value_size, max_entries, map_flags;
};

SEC("maps")
struct bpf_map_def old = { BPF_MAP_TYPE_HASH, 4, 8, 16, 0 };

SEC("maps/more")
struct bpf_map_def older = { BPF_MAP_TYPE_ARRAY, 4, 8, 16, 0 };

SEC("settings")
volatile u32 limit = 7;

SEC("socket")
int looks_up(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&old, &key) && bpf_map_lookup_elem(&older, &key);
}

SEC("socket")
int reads(void *ctx)
{
	return limit;
}

SEC("version")
char _version[3] = { 1, 2, 3 };

char _license[] SEC("license") = "GPL";
