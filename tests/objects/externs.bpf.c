/* Externs of every kind that a kernel may lack, or have otherwise than it is declared here. */
#include "bpf.h"

struct xdp_md; /* only declared: libbpf takes it for another type than the kernel's struct */

extern int bpf_xdp_metadata_rx_timestamp(const struct xdp_md *ctx, u64 *timestamp) __ksym __weak;
extern int bpf_xdp_metadata_rx_hash(const void *ctx) __ksym __weak;
extern u32 full_name_hash(const void *salt, const char *name, u32 length) __ksym __weak;
extern void bpf_of_a_module(void) __ksym __weak;
extern const void full_name_hash_data __ksym __weak;

u64 last;

SEC("xdp")
int forward(struct xdp_md *ctx)
{
	return bpf_xdp_metadata_rx_timestamp(ctx, &last) ? 1 : 2;
}

SEC("xdp")
int too_few(void *ctx)
{
	return bpf_xdp_metadata_rx_hash(ctx) ? 1 : 2;
}

SEC("tc")
int plain(void *ctx) /* the kernel has it, and it is no kfunc: the guard saves nothing */
{
	if (exists(full_name_hash))
		last = full_name_hash(NULL, "x", 1);
	return 0;
}

SEC("tc")
int of_a_module(void *ctx)
{
	bpf_of_a_module();
	return 0;
}

SEC("tc")
int of_a_module_guarded(void *ctx)
{
	if (exists(bpf_of_a_module))
		bpf_of_a_module();
	return 0;
}

SEC("tc")
int address(void *ctx)
{
	last = (u64)&full_name_hash_data;
	return 0;
}

char _license[] SEC("license") = "GPL";
