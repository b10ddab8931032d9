/* Lists in data: the kernel knows of the one whose tag names a node, not of the other. */
#include "bpf.h"

struct bpf_spin_lock {
	u32 val;
};

struct bpf_list_head {
	u64 opaque[2];
} __attribute__((aligned(8)));

struct bpf_list_node {
	u64 opaque[3];
} __attribute__((aligned(8)));

struct item {
	struct bpf_list_node node;
	u64 count;
};

struct item *kept; /* so that the type is in BTF */

u64 last;

struct bpf_spin_lock lock SEC(".data.known") __hidden;
struct bpf_list_head known SEC(".data.known") __hidden __tag("contains:item:node");
struct bpf_spin_lock lock_too SEC(".data.unknown") __hidden;
struct bpf_list_head unknown SEC(".data.unknown") __hidden __tag("contains:item:count");

SEC("tc")
int known_tc(void *ctx)
{
	last = (u64)&known;
	kept = NULL;
	return 0;
}

SEC("kprobe/do_nanosleep")
int known_kprobe(void *ctx)
{
	last = (u64)&known;
	return 0;
}

SEC("kprobe/do_nanosleep")
int unknown_kprobe(void *ctx)
{
	last = (u64)&unknown;
	return 0;
}

char _license[] SEC("license") = "GPL";
