/* Helpers that programs of some types get and others do not. */
#include "bpf.h"

struct __sk_buff;
struct xdp_md;

static long (*bpf_skb_load_bytes)(const void *skb, u32 offset, void *to, u32 len) = (void *)26;
static long (*bpf_probe_read_kernel)(void *dst, u32 size, const void *from) = (void *)113;
static long (*bpf_copy_from_user)(void *dst, u32 size, const void *from) = (void *)148;
static int (*bpf_set_retval)(int retval) = (void *)187;
static long (*bpf_nobody_has)(void) = (void *)9999;

const volatile int on = 0;

SEC("tc")
int of_tc(struct __sk_buff *skb)
{
	char byte;

	return bpf_skb_load_bytes(skb, 0, &byte, 1);
}

SEC("xdp")
int not_of_xdp(struct xdp_md *md)
{
	char byte;

	return bpf_skb_load_bytes(md, 0, &byte, 1);
}

SEC("xdp")
int not_live(struct xdp_md *md)
{
	char byte;

	return on ? bpf_skb_load_bytes(md, 0, &byte, 1) : 0;
}

SEC("tc")
int sleeps(struct __sk_buff *skb)
{
	char byte;

	return bpf_copy_from_user(&byte, 1, skb);
}

SEC("raw_tp/sched_switch")
int for_gpl(void *args)
{
	char byte;

	return bpf_probe_read_kernel(&byte, 1, args);
}

SEC("raw_tp/sched_switch")
int newer(void *args)
{
	return bpf_nobody_has();
}

char _license[] SEC("license") = "GPL";

SEC("lsm_cgroup/socket_bind")
int sets_result(void *ctx)
{
	return bpf_set_retval(-1);
}

SEC("lsm_cgroup/inet_csk_clone")
int sets_none(void *ctx)
{
	return bpf_set_retval(-1);
}
