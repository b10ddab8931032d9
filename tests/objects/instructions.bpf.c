/* Every instruction that the assembler of clang 19 knows, to compare disassemblers by. */
#include "bpf.h"

char _license[] SEC("license") = "GPL";

#define WIDTHS(op) "r1 " op " r2;" "r1 " op " -7;" "w3 " op " w4;" "w3 " op " 0x7fffffff;"
#define JUMPS(op) \
	"if r1 " op " r2 goto +1;" "if r1 " op " -7 goto +0;" \
	"if w3 " op " w4 goto -2;" "if w3 " op " 9 goto +0;"

__attribute__((naked)) SEC("xdp")
int arithmetic(void *ctx)
{
	asm volatile(
		WIDTHS("+=") WIDTHS("-=") WIDTHS("*=") WIDTHS("/=") WIDTHS("%%=") WIDTHS("s/=")
		WIDTHS("s%%=") WIDTHS("|=") WIDTHS("&=") WIDTHS("^=") WIDTHS("=")
		"r1 <<= r2; r1 <<= 63; w1 <<= w2; w1 <<= 31;"
		"r1 >>= r2; r1 >>= 63; w1 >>= w2; w1 >>= 31;"
		"r1 s>>= r2; r1 s>>= 63; w1 s>>= w2; w1 s>>= 31;"
		"r5 = -r5; w5 = -w5;"
		"r1 = (s8)r2; r1 = (s16)r2; r1 = (s32)r2; w1 = (s8)w2; w1 = (s16)w2;"
		"r1 = bswap16 r1; r1 = bswap32 r1; r1 = bswap64 r1;"
		"r1 = le16 r1; r1 = le32 r1; r1 = le64 r1;"
		"r1 = be16 r1; r1 = be32 r1; r1 = be64 r1;"
		"r1 = addr_space_cast(r2, 0, 1); r1 = addr_space_cast(r2, 1, 0);"
		"r1 = 0x123456789abcdef0 ll; r2 = -1 ll;"
		"exit;" ::: "memory");
}

__attribute__((naked)) SEC("xdp")
int jumps(void *ctx)
{
	asm volatile(
		JUMPS("==") JUMPS("!=") JUMPS(">") JUMPS(">=") JUMPS("<") JUMPS("<=") JUMPS("s>")
		JUMPS("s>=") JUMPS("s<") JUMPS("s<=") JUMPS("&")
		"goto +1; gotol +1; may_goto +1; goto -1;"
		"call 1; call 211; callx r3;"
		"exit;" ::: "memory");
}

__attribute__((naked)) SEC("tc")
int memory(void *ctx)
{
	asm volatile(
		"w1 = *(u8 *)(r2 + 1); w1 = *(u16 *)(r2 - 2); w1 = *(u32 *)(r2 + 0);"
		"r1 = *(u64 *)(r2 + 32767);"
		"r1 = *(s8 *)(r2 + 1); r1 = *(s16 *)(r2 - 2); r1 = *(s32 *)(r2 + 4);"
		"*(u8 *)(r2 + 1) = w1; *(u16 *)(r2 - 2) = w1; *(u32 *)(r2 + 0) = w1;"
		"*(u64 *)(r2 - 32768) = r1;"
		"*(u8 *)(r2 + 1) = 5; *(u16 *)(r2 - 2) = 6; *(u32 *)(r2 + 0) = -7;"
		"*(u64 *)(r10 - 8) = 8;"
		"lock *(u64 *)(r1 + 8) += r2; lock *(u32 *)(r1 + 8) += w2;"
		"lock *(u64 *)(r1 + 8) |= r2; lock *(u64 *)(r1 + 8) &= r2;"
		"lock *(u64 *)(r1 + 8) ^= r2;"
		"r2 = atomic_fetch_add((u64 *)(r1 - 8), r2);"
		"w2 = atomic_fetch_add((u32 *)(r1 - 8), w2);"
		"r2 = atomic_fetch_or((u64 *)(r1 - 8), r2);"
		"r2 = atomic_fetch_and((u64 *)(r1 - 8), r2);"
		"r2 = atomic_fetch_xor((u64 *)(r1 - 8), r2);"
		"r2 = xchg_64(r1 + 8, r2); w2 = xchg32_32(r1 + 8, w2);"
		"r0 = cmpxchg_64(r1 + 8, r0, r2); w0 = cmpxchg32_32(r1 + 8, w0, w2);"
		"r0 = *(u8 *)skb[4]; r0 = *(u16 *)skb[5]; r0 = *(u32 *)skb[6];"
		"r0 = *(u8 *)skb[r3]; r0 = *(u16 *)skb[r3]; r0 = *(u32 *)skb[r3];"
		"exit;" ::: "memory");
}
