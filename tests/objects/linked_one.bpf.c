/* First half of linked.bpf.o: a static function and variable that the other half has too. */
#include "bpf.h"

char license_one[] SEC("license") = "GPL";

extern int other_half(int number);

static volatile int hidden_value = 1;

static __noinline int same_name(int number)
{
	return number + hidden_value;
}

/* replaced by the strong one of the other half */
__weak __noinline int replaced(int number)
{
	return number - 1;
}

SEC("xdp")
int one(int *ctx)
{
	return same_name(ctx[0]) + other_half(ctx[1]) + replaced(ctx[2]);
}
