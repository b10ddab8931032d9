/* What maps begin with: programs and maps, and what libbpf does not take. */
#include "bpf.h"

enum { BPF_MAP_TYPE_ARRAY_OF_MAPS = 12, BPF_MAP_TYPE_HASH_OF_MAPS = 13 };

int number;

int next(void *ctx);
__attribute__((noinline)) int subprogram(void *ctx)
{
	return number;
}

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 8);
} element SEC(".maps");

struct jumps {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, 4);
	__values(int(void *));
};

struct jumps programs SEC(".maps") = {.values = {(void *)next}};
struct jumps subprograms SEC(".maps") = {.values = {(void *)next, (void *)subprogram}};
struct jumps data SEC(".maps") = {.values = {(void *)&number}};

struct outer {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, u32);
	__values(struct inner);
};

struct outer maps_inside SEC(".maps") = {.values = {(void *)&element}};
struct outer data_inside SEC(".maps") = {.values = {(void *)&number}};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, u64);
	__values(struct inner);
} long_keys SEC(".maps") = {.values = {(void *)&element}};

SEC("tc") int entry(void *ctx)
{
	return subprogram(ctx);
}

SEC("tc") int next(void *ctx)
{
	return number;
}

char LICENSE[] SEC("license") = "GPL";
