/* Programs whose functions those of replacing.bpf.c are to replace or trace, and what exceptions return. */
#include "bpf.h"

struct xdp_md {
	u32 data, data_end, data_meta, ingress;
};
struct __sk_buff;
struct pt_regs;
struct packet {
	u64 bytes;
};

static long (*const bpf_xdp_adjust_head)(void *ctx, int delta) = (void *)44;
extern void bpf_throw(u64 cookie) __ksym __weak;
const volatile int zero = 0;

#define KEPT asm volatile("") /* or the compiler would know what it returns, and not call it */

__noinline int parse(struct xdp_md *ctx) { KEPT; return ctx ? 1 : 0; }
__noinline int add(int a, u64 b) { return a + (int)b; }
__noinline __hidden int hidden_one(struct xdp_md *ctx) { KEPT; return 2; }
static __noinline int static_one(struct xdp_md *ctx) { KEPT; return ctx->ingress; }
__noinline int not_called(struct xdp_md *ctx) { KEPT; return 3; }
__noinline int mem(struct packet *packet) { return packet ? packet->bytes : 0; }
__noinline int dead(struct xdp_md *ctx) { KEPT; return 4; }
__noinline int adjusts(struct xdp_md *ctx) { return bpf_xdp_adjust_head(ctx, 0) + 5; }
__noinline void nothing(struct xdp_md *ctx) { KEPT; }
__noinline int handler(u64 cookie) { return 2; }
__noinline int thrower(int x) { if (x == 5) bpf_throw(0); return 2; }
static __noinline int thrower_below(int x) { if (x == 7) bpf_throw(9); return 0; }

SEC("xdp") int entry(struct xdp_md *ctx)
{
	struct packet packet = {};
	int sum = parse(ctx) + add(ctx->ingress, 2) + hidden_one(ctx) + static_one(ctx) + adjusts(ctx) + mem(&packet);

	if (zero)
		sum += dead(ctx);
	return sum > 4 ? 2 : 1;
}

SEC("xdp") int odd(void *ctx) { return 2; }
SEC("xdp") int alone(struct xdp_md *ctx) { return 2; }
SEC("xdp") int voids(struct xdp_md *ctx) { nothing(ctx); return 2; }
SEC("xdp") __hidden int hidden_entry(struct xdp_md *ctx) { return 2; }
SEC("fentry/do_exit") int enters(u64 *ctx) { return 0; }
SEC("fentry/do_exit") int enters_calls(u64 *ctx) { asm volatile("" :: "r"(add(ctx[0], 2))); return 0; }
SEC("kprobe/do_exit") int probes(struct pt_regs *ctx) { return add(3, zero); }
SEC("tc") int classifier(struct __sk_buff *ctx) { return add(3, zero); }
SEC("syscall") int call(void *ctx) { return add(3, zero); }
SEC("xdp") __tag("exception_callback:handler") int throws(struct xdp_md *ctx) { return thrower(ctx->ingress) ? 2 : 1; }

/* What an exception returns where the program has no function of its own for it */
SEC("tc") int throws_far(struct __sk_buff *ctx) { bpf_throw(5); return 0; }
SEC("fentry/do_exit") int throws_bad(u64 *ctx) { bpf_throw(5); return 0; }
SEC("fentry/do_exit") int throws_good(u64 *ctx) { bpf_throw(0); return 0; }
SEC("fentry/do_exit") int throws_any(u64 *ctx) { bpf_throw(ctx[0]); return 0; }
SEC("fentry/do_exit") int throws_below(u64 *ctx) { return thrower_below(ctx[0]); }

char LICENSE[] SEC("license") = "GPL";
