/* Programs that look at the kernel's configuration before they call what no kernel has. */
#include "bpf.h"

char _license[] SEC("license") = "GPL";

enum libbpf_tristate { TRI_NO, TRI_YES, TRI_MODULE };

extern void no_such_kfunc(void) __ksym __weak;
extern u32 CONFIG_NUMBER __kconfig __weak;
extern signed char CONFIG_LETTER __kconfig __weak;
extern bool CONFIG_SWITCH __kconfig __weak;
extern enum libbpf_tristate CONFIG_DRIVER __kconfig __weak;
extern char CONFIG_TEXT[4] __kconfig __weak;
extern bool LINUX_HAS_SYSCALL_WRAPPER __kconfig __weak;
extern u32 LINUX_NO_SUCH_VARIABLE __kconfig __weak;

SEC("xdp")
int number(void *ctx)
{
	if (CONFIG_NUMBER == 250)
		no_such_kfunc();
	return 2;
}

SEC("xdp")
int letter(void *ctx)
{
	if (CONFIG_LETTER == 'm')
		no_such_kfunc();
	return 2;
}

SEC("xdp")
int has_switch(void *ctx)
{
	if (CONFIG_SWITCH)
		no_such_kfunc();
	return 2;
}

SEC("xdp")
int driver(void *ctx)
{
	if (CONFIG_DRIVER == TRI_MODULE)
		no_such_kfunc();
	return 2;
}

SEC("xdp")
int text(void *ctx)
{
	if (CONFIG_TEXT[2] == 'c' && !CONFIG_TEXT[3])
		no_such_kfunc();
	return 2;
}

SEC("xdp")
int wrapper(void *ctx)
{
	if (LINUX_HAS_SYSCALL_WRAPPER)
		no_such_kfunc();
	return 2;
}

SEC("xdp")
int made_up(void *ctx)
{
	if (LINUX_NO_SUCH_VARIABLE)
		no_such_kfunc();
	return 2;
}
