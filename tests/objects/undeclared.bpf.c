/* What is not declared as libbpf wants it: a kfunc without __ksym, a variable, a static program. */
#include "bpf.h"

extern void bpf_rcu_read_lock(void);
extern void bpf_rcu_read_unlock(void) __ksym;
extern u32 elsewhere;

SEC("tc")
int locks(void *ctx)
{
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	return elsewhere;
}

SEC("xdp")
static int hidden_away(void *ctx)
{
	return 2;
}

char _license[] SEC("license") = "GPL";
