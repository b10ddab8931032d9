/* struct_ops maps whose members are not those of the kernel's struct: one difference a map. */
#include "bpf.h"

struct sock {
	int x;
} __core;

SEC("struct_ops/ssthresh")
u32 ssthresh(u64 *ctx)
{
	return 2;
}

SEC("struct_ops/ssthresh")
u32 other(u64 *ctx)
{
	return 2;
}

struct tcp_congestion_ops {
	u32 (*ssthresh)(struct sock *sk);
	u32 (*not_yet)(struct sock *sk); /* the kernel has none, and no map sets it */
	char name[16];
};

struct tcp_congestion_ops___wide { /* u32 in the kernel */
	u32 (*ssthresh)(struct sock *sk);
	u64 flags;
};

struct tcp_congestion_ops___kind {
	u32 (*ssthresh)(struct sock *sk);
	u32 (*flags)(struct sock *sk);
};

struct tcp_congestion_ops___bits {
	u32 (*ssthresh)(struct sock *sk);
	u32 flags : 4;
};

struct tcp_congestion_ops___pointer {
	u32 (*ssthresh)(struct sock *sk);
	u32 (*owner)(struct sock *sk); /* struct module * in the kernel */
};

SEC(".struct_ops")
struct tcp_congestion_ops fits = { .ssthresh = (void *)ssthresh, .name = "fits" };

SEC("?.struct_ops")
struct tcp_congestion_ops___wide wide = { .ssthresh = (void *)other };

SEC("?.struct_ops")
struct tcp_congestion_ops___kind kind = { .ssthresh = (void *)other };

SEC("?.struct_ops")
struct tcp_congestion_ops___bits bits = { .ssthresh = (void *)other };

SEC("?.struct_ops")
struct tcp_congestion_ops___pointer pointer = { .owner = (void *)other };

char _license[] SEC("license") = "GPL";
