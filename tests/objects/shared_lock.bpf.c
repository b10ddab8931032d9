/* A lock beside a variable that is neither static nor hidden: libbpf maps the section. */
#include "bpf.h"

struct bpf_spin_lock {
	u32 val;
};

struct bpf_spin_lock shared SEC(".data.shared");
struct bpf_spin_lock hidden SEC(".data.hidden") __hidden;
u64 last;

SEC("tc")
int uses_none(void *ctx)
{
	return last;
}

char _license[] SEC("license") = "GPL";
