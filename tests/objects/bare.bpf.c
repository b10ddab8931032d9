/* Built without -g: no BTF, so only names are known. */
#include "bpf.h"

char _license[] SEC("license") = "GPL";

extern u32 some_kfunc(void) __ksym;

static __noinline int local(int number)
{
	return number + some_kfunc();
}

SEC("tc")
int bare(int *ctx)
{
	return local(ctx[0]) + local(ctx[1]);
}
