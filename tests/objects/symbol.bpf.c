/* A variable without a type: libbpf looks for it in /proc/kallsyms. */
#include "bpf.h"

extern const void bpf_prog_fops __ksym;

u64 address;

SEC("raw_tp/sched_switch")
int takes_address(void *ctx)
{
	address = (u64)&bpf_prog_fops;
	return 0;
}

char _license[] SEC("license") = "GPL";
