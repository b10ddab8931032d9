/* Programs that replace or trace functions of those of replaced.bpf.c; tests/agree/pairs.json has which of whose. */
#include "bpf.h"

struct xdp_md {
	u32 data, data_end;
};
struct other {
	u32 data, data_end;
};
struct packet {
	u64 bytes;
};
struct __sk_buff;
struct pt_regs;
enum word { FIRST, SECOND };

static long (*const bpf_xdp_adjust_head)(void *ctx, int delta) = (void *)44;
extern int bpf_copy_from_user_str(void *to, u32 size, const void *from, u64 flags) __ksym __weak;
extern void bpf_throw(u64 cookie) __ksym __weak;
static char buffer[8];

#define READ(word) asm volatile("" :: "r"(word))
#define NO_RESULT asm volatile("r0 = 0" ::: "r0")

SEC("freplace/parse") int parse_ok(struct xdp_md *ctx) { return 7; }
SEC("freplace/parse") int parse_adjusts(struct xdp_md *ctx) { return bpf_xdp_adjust_head(ctx, 0); }
SEC("freplace/adjusts") int adjusts_ok(struct xdp_md *ctx) { return bpf_xdp_adjust_head(ctx, 0); }
SEC("freplace/parse") int parse_void(void) { return 7; }
SEC("freplace/parse") int parse_two(struct xdp_md *ctx, int x) { return 7; }
SEC("freplace/parse") int parse_other(struct other *ctx) { return 7; }
SEC("freplace/parse") int parse_int(int ctx) { return 7; }
SEC("freplace/parse") int parse_ptr(void *ctx) { return 7; }
SEC("freplace/parse") u64 parse_wide(struct xdp_md *ctx) { return 7; }
SEC("freplace/parse") enum word parse_enum(struct xdp_md *ctx) { return SECOND; }
SEC("freplace/parse") void parse_nothing(struct xdp_md *ctx) { NO_RESULT; }
SEC("freplace/add") int add_ok(int a, u64 b) { return 7 + a; }
SEC("freplace/add") int add_narrow(int a, u32 b) { return 7 + a; }
SEC("freplace/add") int add_unsigned(u32 a, long b) { return 7 + a; }
SEC("freplace/hidden_one") int hidden(struct xdp_md *ctx) { return 7; }
SEC("freplace/static_one") int statics(struct xdp_md *ctx) { return 7; }
SEC("freplace/not_called") int uncalled(struct xdp_md *ctx) { return 7; }
SEC("freplace/no_such") int absent(struct xdp_md *ctx) { return 7; }
SEC("freplace/mem") int mem_new(struct packet *p) { return p ? 2 : 7; }
SEC("freplace/dead") int dead_new(struct xdp_md *ctx) { return 7; }
SEC("freplace/nothing") void nothing_ok(struct xdp_md *ctx) { NO_RESULT; }
SEC("freplace/nothing") int nothing_int(struct xdp_md *ctx) { return 1; }
SEC("freplace/entry") int entry_new(struct xdp_md *ctx) { return 2; }
SEC("freplace/entry") __hidden int entry_hidden(struct xdp_md *ctx) { return 2; }
SEC("freplace/odd") int odd_new(void *ctx) { return 2; }
SEC("freplace/odd") int odd_md(struct xdp_md *ctx) { return 2; }
SEC("freplace/alone") int alone_new(struct xdp_md *ctx) { return 2; }
SEC("freplace/hidden_entry") int hidden_entry_new(struct xdp_md *ctx) { return 2; }
SEC("freplace/enters") int enters_new(u64 *ctx) { return 0; }
SEC("freplace/add") int add_of_fentry(int a, u64 b) { return 7 + a; }
SEC("freplace/probes") int probes_new(struct pt_regs *ctx) { return 0; }
SEC("freplace/add") int add_of_kprobe(int a, u64 b) { return 7 + a; }
SEC("freplace/add") int add_of_tc(int a, u64 b) { return 7 + a; }
SEC("freplace/classifier") int tc_new(struct __sk_buff *ctx) { return 2; }
SEC("freplace/add") int add_of_syscall(int a, u64 b) { return 7 + a; }
SEC("freplace/call") int call_new(void *ctx) { return 0; }
SEC("freplace") int bare(struct xdp_md *ctx) { return 2; }
SEC("freplace") int bare_named(struct xdp_md *ctx) { return 2; }
SEC("fentry/parse") int traces(u64 *ctx) { READ(ctx[0]); return 0; }
SEC("fentry/parse") int traces_far(u64 *ctx) { READ(ctx[1]); return 0; }
SEC("fexit/parse") int leaves(u64 *ctx) { READ(ctx[1]); return 0; }
SEC("fexit/nothing") int leaves_nothing(u64 *ctx) { READ(ctx[1]); return 0; }
SEC("fexit/static_one") int leaves_static(u64 *ctx) { READ(ctx[5]); return 0; }
SEC("fexit/static_one") int leaves_static1(u64 *ctx) { READ(ctx[2]); return 0; }
SEC("fentry/no_such") int traces_absent(u64 *ctx) { return 0; }
SEC("fentry/not_called") int traces_uncalled(u64 *ctx) { return 0; }
SEC("fmod_ret/parse") int modifies(u64 *ctx) { return 0; }
SEC("fentry.s/parse") int sleeps(u64 *ctx) { return 0; }
SEC("fentry/enters") int traces_fentry(u64 *ctx) { return 0; }
SEC("fentry/odd") int traces_odd(u64 *ctx) { READ(ctx[4]); return 0; }
SEC("fexit/odd") int leaves_odd(u64 *ctx) { READ(ctx[1]); return 0; }
SEC("fexit/odd") int leaves_odd5(u64 *ctx) { READ(ctx[5]); return 0; }
SEC("fentry/dead") int traces_dead(u64 *ctx) { return 0; }
SEC("fentry/hidden_one") int traces_hidden(u64 *ctx) { return 0; }
SEC("tp_btf/parse") int traces_tp(u64 *ctx) { return 0; }
SEC("freplace/parse") int parse_sleeps(struct xdp_md *ctx) { return bpf_copy_from_user_str(buffer, 8, buffer, 0); }
SEC("freplace/parse") int parse_sleeps_dead(struct xdp_md *ctx)
{
	u64 zero;

	asm volatile("%0 = 0" : "=r"(zero));
	return zero ? bpf_copy_from_user_str(buffer, 8, buffer, 0) : 2;
}
SEC("freplace/parse") int parse_throws(struct xdp_md *ctx) { bpf_throw(0); return 0; }
SEC("freplace/handler") int handler_new(u64 cookie) { return 0; }
SEC("fentry/handler") int handler_traced(u64 *ctx) { return 0; }
char LICENSE[] SEC("license") = "GPL";
