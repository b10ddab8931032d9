/* struct_ops maps with a pointer that holds a number and no program: libbpf takes it for one. */
#include "bpf.h"

struct sock {
	int x;
} __core;

struct module;

SEC("struct_ops/ssthresh")
u32 ssthresh(u64 *ctx)
{
	return 2;
}

struct tcp_congestion_ops {
	u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
	u32 flags;
	char name[16];
	struct module *owner;
};

SEC(".struct_ops")
struct tcp_congestion_ops fits = { .ssthresh = (void *)ssthresh, .flags = 2, .name = "fits" };

SEC(".struct_ops")
struct tcp_congestion_ops data = { .ssthresh = (void *)ssthresh, .owner = (void *)5 };

SEC(".struct_ops")
struct tcp_congestion_ops code = { .ssthresh = (void *)ssthresh, .cong_avoid = (void *)5 };

char _license[] SEC("license") = "GPL";
