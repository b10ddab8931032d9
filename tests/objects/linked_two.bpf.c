/* Second half of linked.bpf.o. */
#include "bpf.h"

char license_two[] SEC("license") = "GPL";

extern int bpf_get_cpu_count(void) __ksym __weak;

static volatile int hidden_value = 2;
const volatile int limit = 3;

static __noinline int same_name(int number)
{
	return number * hidden_value;
}

__noinline int other_half(int number)
{
	return same_name(number) + limit;
}

__noinline int replaced(int number)
{
	return same_name(number + 1);
}

SEC("xdp")
int two(int *ctx)
{
	return other_half(ctx[0]) + bpf_get_cpu_count();
}
