/*
 * The probe as process 1 of a virtual machine: mounts what it needs, loads the modules in /modules in the
 * order of their names, asks about the kfuncs in /names.txt too, writes the document between two marker
 * lines to the console, and powers off, however it ends.
 *
 *     cc -O2 -static -o init guest.c     (beside probe.c)
 */
#define main probe_host
#include "probe.c"
#undef main
#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>

static void power_off(void)
{
	fflush(NULL);
	sync();
	sleep(1);
	reboot(RB_POWER_OFF);
}
static void prepare(void)
{
	static const char *places[][2] = {{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}};
	for (int i = 0; i < 3; i++) {
		mkdir(places[i][1], 0755);
		mount(places[i][0], places[i][1], places[i][0], 0, NULL);
	}
	int console = open("/dev/console", O_RDWR);
	for (int fd = 0; console >= 0 && fd < 3; fd++) dup2(console, fd);
}
static void load_modules(void)
{
	struct dirent **names;
	char path[512];
	int count = scandir("/modules", &names, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "/modules/%s", names[i]->d_name);
		int fd = names[i]->d_name[0] == '.' ? -1 : open(path, O_RDONLY);
		if (fd >= 0) syscall(SYS_finit_module, fd, "", 0);
		if (fd >= 0) close(fd);
	}
}
int main(int argc, char **argv)
{
	char *arguments[] = {argv[0], "--names", "/names.txt", "--few"};
	int is_sample = 0;
	for (int i = 1; i < argc; i++) is_sample |= !strcmp(argv[i], "--few"); /* others are the kernel's */
	atexit(power_off);
	prepare();
	load_modules();
	printf("\n=== kfmap evidence begins ===\n");
	if (!probe_host(3 + is_sample, arguments)) printf("=== kfmap evidence ends ===\n");
	return 0;
}
