/* Variables of the kernel: one of another type than is declared here, which __weak does not save. */
#include "bpf.h"

struct rq;

extern const struct rq bpf_prog_active __ksym __weak; /* an int in every kernel */

u64 last;

SEC("tc")
int address(void *ctx)
{
	if (exists(bpf_prog_active))
		last = (u64)&bpf_prog_active;
	return 0;
}

char _license[] SEC("license") = "GPL";
