/* A map of SEC("?.struct_ops") whose type no kernel has: the object loads, and its program never. */
#include "bpf.h"

struct of_no_kernel {
	s32 (*member)(void);
	char name[8];
};

SEC("struct_ops/member")
int member(u64 *ctx)
{
	return 0;
}

SEC("?.struct_ops")
struct of_no_kernel optional = { .member = (void *)member, .name = "x" };

SEC("tc")
int beside(void *ctx)
{
	return 0;
}

char _license[] SEC("license") = "GPL";
