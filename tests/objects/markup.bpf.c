/* Names that are markup: a page that shows them must not take them for its own. */
#include "bpf.h"

char _license[] SEC("license") = "GPL";

volatile u64 seen;

__noinline int bold(int number) __asm__("<b>bold</b>");
__noinline int bold(int number)
{
	seen++;
	return number;
}

SEC("xdp")
int script(int *ctx) __asm__("<script>alert(1)</script>");
int script(int *ctx)
{
	return bold(ctx[0]);
}

SEC("fentry/<i>")
int image(int *ctx) __asm__("\"><img src=x onerror=alert(1)>");
int image(int *ctx)
{
	return bold(ctx[1]);
}
