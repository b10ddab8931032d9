/*
 * kfmap's loader: the only process of a virtual machine. It loads (never attaches, never runs) every
 * program of the objects in /objects through libbpf and writes what the kernel said, a line of JSON per
 * answer, between two marker lines to the console. Then it powers the machine off.
 *
 * Each object is first loaded whole, as its own loader would. Where that fails at one program, every
 * program is loaded alone, the way veristat does (tools/testing/selftests/bpf/veristat.c): the others
 * are left out, and so are the struct_ops members that they implement. Every load runs in a process of
 * its own with a time limit, so that an object that breaks libbpf costs one answer and no more.
 *
 * /objects/NNN.o is an object; /objects/NNN.options has a line for everything that its loader does:
 * `cleared MEMBER`, `type SECTION TYPE`, `target PROGRAM FUNCTION`, `on PROGRAM NUMBER TARGET [FUNCTION]`: the program
 * attaches to a function of the program TARGET of /objects/NNN.on.NUMBER, by its own section where none is named.
 * /modules are modules, loaded in the order of their names; /config is the kernel's .config, which libbpf looks for in
 * /boot. Arguments: `seconds=N` per load.
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "libbpf_shims.h"

#define FORMAT_VERSION 1
/* enum bpf_map_type of include/uapi/linux/bpf.h, by number: headers older than these have no names */
enum { MAP_CGROUP_STORAGE = 19, MAP_PERCPU_CGROUP_STORAGE = 21, MAP_SK_STORAGE = 24, MAP_STRUCT_OPS = 26, MAP_RINGBUF = 27 };
enum { MAP_INODE_STORAGE = 28, MAP_TASK_STORAGE = 29, MAP_BLOOM_FILTER = 30, MAP_USER_RINGBUF = 31, MAP_CGRP_STORAGE = 32, MAP_ARENA = 33 };
enum { LOG_STEPS = 1, LOG_STATS = 4 }; /* BPF_LOG_LEVEL1 and BPF_LOG_STATS of include/linux/bpf_verifier.h */
enum { STATS_ONLY = 1 << 16, WITH_STEPS = 16 << 20, TAIL = 12 << 10, SAID = 4 << 10 };
enum { DONE = 0, TRY_EACH = 3, REFUSED = 4, TRY_REST = 5 }; /* how a process that loads ends */

static char said[SAID];
static size_t said_size;
static int seconds = 60, program_failed, slot_failed, died_of;
enum { MOST_PROGRAMS = 10000, MOST_ATTACHED = 1000 };
static struct { /* of the object in hand; only the processes that load open it, and they share this */
	int count; /* of its programs */
	char answered[MOST_PROGRAMS], name[256]; /* name: of the program in hand */
} *shared;

/* ---- answers ---- */
static void print_text(const char *text)
{
	putchar('"');
	for (const unsigned char *at = (const unsigned char *)text; *at; at++)
		if (*at == '"' || *at == '\\') printf("\\%c", *at);
		else if (*at == '\n') printf("\\n");
		else if (*at < 0x20 || *at >= 0x7f) printf("\\u%04x", *at);
		else putchar(*at);
	putchar('"');
}
static const char *tail_of(const char *text, size_t most)
{
	size_t size = strlen(text);
	if (size <= most) return text;
	const char *line = strchr(text + size - most, '\n');
	return line ? line + 1 : text + size - most;
}
static unsigned long number_after(const char *log, const char *word)
{
	const char *found = NULL;
	for (const char *at = log; (at = strstr(at, word)); at += strlen(word)) found = at; /* the last one is the verifier's own */
	return found ? strtoul(found + strlen(word), NULL, 10) : 0;
}
static void print_program(int object, const char *name, const char *word, int error, const char *log)
{
	printf("{\"object\":%d,\"program\":", object);
	print_text(name);
	printf(",\"answer\":\"%s\",\"error\":%d", word, error);
	if (log && strstr(log, "processed "))
		printf(",\"instructions\":%lu,\"peak_states\":%lu,\"total_states\":%lu", number_after(log, "processed "), number_after(log, "peak_states "), number_after(log, "total_states "));
	if (strcmp(word, "loads")) {
		printf(",\"log\":");
		print_text(log ? tail_of(log, TAIL) : "");
	}
	printf(",\"libbpf\":"); /* of one that loads: what libbpf had to do without, such as a map's BTF */
	print_text(said);
	printf("}\n");
	fflush(stdout);
}
static void print_object(int object, const char *word, int error)
{
	printf("{\"object\":%d,\"whole\":\"%s\",\"error\":%d,\"libbpf\":", object, word, error);
	print_text(said);
	printf("}\n");
	fflush(stdout);
}
static int keep_message(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char line[2048];
	if (level > LIBBPF_WARN) return 0;
	vsnprintf(line, sizeof(line), format, arguments);
	/* What libbpf says of one program, of its section or its callback too, does not speak of the others. */
	if (strstr(line, "': failed to load: ") || strstr(line, "libbpf: prog '")) program_failed = 1;
	if (strstr(line, "failed to initialize slot")) slot_failed = 1;
	if (strstr(line, "-- BEGIN PROG LOAD LOG")) return 0; /* the log is kept by itself */
	size_t size = strlen(line);
	if (said_size + size + 1 < sizeof(said)) { memcpy(said + said_size, line, size + 1); said_size += size; }
	return 0;
}

/* ---- one object ---- */
static struct bpf_object *open_object(int object, struct bpf_object *(*give_up)(int))
{
	char path[64];
	snprintf(path, sizeof(path), "/objects/%03d.o", object);
	struct bpf_object *opened = bpf_object__open_file(path, NULL);
	if (!opened && give_up) return give_up(object);
	return opened;
}
static struct bpf_object *say_unopened(int object)
{
	print_object(object, "not opened", errno);
	return NULL;
}
/* Return the struct of a struct_ops map in the object's own BTF, and where libbpf keeps its value. */
static const struct btf_type *ops_of(struct bpf_object *opened, struct bpf_map *map, void **value)
{
	size_t size;
	if ((int)bpf_map__type(map) != MAP_STRUCT_OPS) return NULL;
	*value = bpf_map__initial_value(map, &size);
	const struct btf *btf = bpf_object__btf(opened);
	const struct btf_type *type = *value && btf ? btf__type_by_id(btf, bpf_map__btf_value_type_id(map)) : NULL;
	return type && btf_is_struct(type) ? type : NULL;
}
static int kernel_lacks(const struct btf *kernel, const char *type_name, const char *member)
{
	int id = btf__find_by_name_kind(kernel, type_name, BTF_KIND_STRUCT);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(kernel, id);
	for (int i = 0; type && i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(kernel, btf_members(type)[i].name_off), member)) return 0;
	return 1;
}
/* Clear a member, MEMBER or MAP.MEMBER, in every map whose kernel type lacks it, as SCX_OPS_OPEN() does. */
static void clear_member(struct bpf_object *opened, const char *wanted)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	struct bpf_map *map;
	const char *member = strchr(wanted, '.') ? strchr(wanted, '.') + 1 : wanted;
	bpf_object__for_each_map(map, opened) {
		void *value = NULL;
		const struct btf *btf = bpf_object__btf(opened);
		const struct btf_type *type = ops_of(opened, map, &value);
		size_t size = strlen(bpf_map__name(map));
		if (!type || (member != wanted && (size != (size_t)(member - wanted - 1) || strncmp(bpf_map__name(map), wanted, size)))) continue;
		for (int i = 0; i < btf_vlen(type); i++) {
			const struct btf_member *at = btf_members(type) + i;
			if (strcmp(btf__name_by_offset(btf, at->name_off), member)) continue;
			if (kernel && kernel_lacks(kernel, btf__name_by_offset(btf, type->name_off), member))
				memset((char *)value + at->offset / 8, 0, btf__resolve_size(btf, at->type));
		}
	}
	btf__free(kernel);
}
static void set_type(struct bpf_object *opened, const char *section, const char *word)
{
	enum bpf_prog_type type;
	enum bpf_attach_type attach = 0;
	struct bpf_program *program;
	if (libbpf_prog_type_by_name(word, &type, &attach)) {
		for (type = 1; type < 64; type++) {
			const char *name = libbpf_bpf_prog_type_str(type);
			if (!name || !strcmp(name, word)) break;
		}
		if (type == 64) return;
	}
	bpf_object__for_each_program(program, opened)
		if (!strcmp(bpf_program__section_name(program), section)) {
			bpf_program__set_type(program, type);
			bpf_program__set_expected_attach_type(program, attach);
		}
}
/* Give a map the sizes that its object leaves to its loader, and without which no kernel makes it.
 * What has values and no keys is left as it is: kfmap judges that. */
static void fit_sizes(struct bpf_map *map)
{
	switch ((int)bpf_map__type(map)) {
	case BPF_MAP_TYPE_HASH: case BPF_MAP_TYPE_PERCPU_HASH: case BPF_MAP_TYPE_LRU_HASH: case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_ARRAY: case BPF_MAP_TYPE_PERCPU_ARRAY:
		if (!bpf_map__key_size(map) && !bpf_map__value_size(map)) bpf_map__set_key_size(map, 4);
		/* fall through */
	case BPF_MAP_TYPE_QUEUE: case BPF_MAP_TYPE_STACK: case MAP_BLOOM_FILTER:
		if (!bpf_map__value_size(map)) bpf_map__set_value_size(map, 8);
	}
}
/* Make what cannot matter to a verdict loadable: nothing is pinned, and maps have a size. */
static void fit_maps(struct bpf_object *opened)
{
	struct bpf_map *map;
	bpf_object__for_each_map(map, opened) {
		bpf_map__set_pin_path(map, NULL);
		fit_sizes(map);
		switch ((int)bpf_map__type(map)) {
		case MAP_CGROUP_STORAGE: case MAP_PERCPU_CGROUP_STORAGE: /* these take no size */
		case MAP_SK_STORAGE: case MAP_INODE_STORAGE: case MAP_TASK_STORAGE: case MAP_CGRP_STORAGE: case MAP_STRUCT_OPS: case MAP_ARENA: break;
		case MAP_RINGBUF: case MAP_USER_RINGBUF: /* a power of two of whole pages (ringbuf_map_alloc()) */
			if (!bpf_map__max_entries(map)) bpf_map__set_max_entries(map, sysconf(_SC_PAGESIZE));
			break;
		default: if (!bpf_map__max_entries(map)) bpf_map__set_max_entries(map, 1);
		}
	}
}
/* Leave only `kept` in the struct_ops maps: libbpf loads whatever a map refers to. It never loads what
 * only maps refer to that it does not make, of SEC("?.struct_ops"): the first of those is made then. */
static void leave_out_others(struct bpf_object *opened, const struct bpf_program *kept)
{
	struct bpf_map *map, *optional = NULL;
	int made = 0;
	bpf_object__for_each_map(map, opened) {
		void *value = NULL;
		const struct btf *btf = bpf_object__btf(opened);
		const struct btf_type *type = ops_of(opened, map, &value);
		int used = 0;
		for (int i = 0; type && i < btf_vlen(type); i++) {
			const struct btf_member *member = btf_members(type) + i;
			const struct btf_type *target = btf__type_by_id(btf, btf__resolve_type(btf, member->type));
			if (!target || !btf_is_ptr(target)) continue;
			int id = btf__resolve_type(btf, target->type);
			const struct btf_type *function = id < 0 ? NULL : btf__type_by_id(btf, id);
			if (!function || !btf_is_func_proto(function)) continue;
			void **slot = (void **)((char *)value + member->offset / 8);
			if (*slot == kept) used = 1;
			else *slot = NULL;
		}
		if (type && !used) bpf_map__set_autocreate(map, false);
		else if (type && bpf_map__autocreate(map)) made = 1;
		else if (type && !optional) optional = map;
	}
	if (optional && !made) bpf_map__set_autocreate(optional, true);
}
static int count_programs(struct bpf_object *opened)
{
	struct bpf_program *program;
	int count = 0;
	bpf_object__for_each_program(program, opened) count++;
	return count;
}
static struct bpf_program *program_at(struct bpf_object *opened, int wanted)
{
	struct bpf_program *program;
	int at = 0;
	bpf_object__for_each_program(program, opened)
		if (at++ == wanted) return program;
	return NULL;
}
/* Programs that have a program to attach to, and its descriptor: below 0 where it does not load. */
static struct { const struct bpf_program *program; int number, fd; char target[256]; } attached[MOST_ATTACHED];
static int attached_count;
/* Return 1 where a program has no program to attach to, and needs one; 2 where that does not load. */
static int lacks_target(const struct bpf_program *program)
{
	for (int at = 0; at < attached_count; at++)
		if (attached[at].program == program) return attached[at].fd < 0 ? 2 : 0;
	return bpf_program__type(program) == BPF_PROG_TYPE_EXT;
}
/* Load one program of /objects/NNN.on.NUMBER alone, once in a process. */
static int load_target(int object, int number, const char *target)
{
	char path[64];
	for (int at = 0; at < attached_count; at++)
		if (attached[at].number == number && !strcmp(attached[at].target, target)) return attached[at].fd;
	snprintf(path, sizeof(path), "/objects/%03d.on.%d", object, number);
	struct bpf_object *opened = bpf_object__open_file(path, NULL);
	struct bpf_program *kept = opened ? bpf_object__find_program_by_name(opened, target) : NULL, *other;
	if (!kept) return -1;
	fit_maps(opened);
	bpf_object__for_each_program(other, opened) bpf_program__set_autoload(other, other == kept);
	leave_out_others(opened, kept);
	return bpf_object__load(opened) ? -1 : bpf_program__fd(kept);
}
/* Have a program attach to a function of another, by its own section where none is named. */
static void attach_to(struct bpf_program *program, int object, int number, const char *target, const char *function)
{
	if (attached_count == MOST_ATTACHED) return;
	int fd = load_target(object, number, target);
	attached[attached_count].program = program;
	attached[attached_count].number = number;
	attached[attached_count].fd = fd;
	snprintf(attached[attached_count++].target, sizeof(attached[0].target), "%s", target);
	if (fd >= 0) bpf_program__set_attach_target(program, fd, function);
}
/* Do what the loader of an object does; of programs to attach to only that of `kept`, if there is one. */
static void apply_options(struct bpf_object *opened, int object, const struct bpf_program *kept)
{
	char path[64], line[2048], word[16], first[512], second[512], third[512], fourth[512];
	snprintf(path, sizeof(path), "/objects/%03d.options", object);
	FILE *file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		first[0] = second[0] = 0;
		int count = sscanf(line, "%15s %511s %511s %511s %511s", word, first, second, third, fourth);
		struct bpf_program *program = count >= 3 ? bpf_object__find_program_by_name(opened, first) : NULL;
		if (count >= 2 && !strcmp(word, "cleared")) clear_member(opened, first);
		if (count == 3 && !strcmp(word, "type")) set_type(opened, first, second);
		if (program && !strcmp(word, "target")) bpf_program__set_attach_target(program, 0, second);
		if (program && (!kept || program == kept) && count >= 4 && !strcmp(word, "on")) attach_to(program, object, atoi(second), third, count == 5 ? fourth : NULL);
	}
	if (file) fclose(file);
}

/* Load an object whole; print a line per program if that went well, else one for the object. */
static int load_whole(int object)
{
	struct bpf_object *opened = open_object(object, say_unopened);
	struct bpf_program *program;
	if (!opened) return DONE;
	apply_options(opened, object, NULL);
	fit_maps(opened);
	int count = shared->count = count_programs(opened), at = 0;
	char **logs = calloc(count + 1, sizeof(*logs));
	printf("{\"object\":%d,\"programs\":%d}\n", object, count);
	fflush(stdout);
	bpf_object__for_each_program(program, opened) {
		if (lacks_target(program)) { bpf_program__set_autoload(program, false); at++; continue; }
		logs[at] = calloc(1, STATS_ONLY);
		bpf_program__set_log_buf(program, logs[at++], STATS_ONLY);
		bpf_program__set_log_level(program, LOG_STATS);
	}
	int error = bpf_object__load(opened);
	if (error && (program_failed || slot_failed)) return TRY_EACH;
	if (error) { print_object(object, "refused", -error); return DONE; }
	print_object(object, "loads", 0);
	at = 0;
	bpf_object__for_each_program(program, opened) {
		if (bpf_program__fd(program) >= 0) {
			print_program(object, bpf_program__name(program), "loads", 0, logs[at]);
			if (at < MOST_PROGRAMS) shared->answered[at] = 1;
		}
		at++;
	}
	return TRY_REST; /* what is not loaded by itself, as in SEC("?…"), is asked about alone */
}
/* Load one program alone. A refusal without `level` LOG_STEPS prints nothing unless `last`. */
static int load_alone(int object, int wanted, int level, int last)
{
	struct bpf_object *opened = open_object(object, NULL);
	struct bpf_program *program, *kept = opened ? program_at(opened, wanted) : NULL;
	if (!kept) return DONE;
	const char *name = bpf_program__name(kept);
	snprintf(shared->name, sizeof(shared->name), "%s", name);
	apply_options(opened, object, kept);
	fit_maps(opened);
	if (lacks_target(kept) == 1) { print_program(object, name, "not asked", 0, "it replaces a function of another program, which is not loaded here"); return DONE; }
	if (lacks_target(kept) == 2) { print_program(object, name, "refused", 0, "the program that it attaches to does not load"); return DONE; }
	bpf_object__for_each_program(program, opened) bpf_program__set_autoload(program, program == kept);
	leave_out_others(opened, kept);
	size_t size = level & LOG_STEPS ? WITH_STEPS : STATS_ONLY;
	char *log = calloc(1, size);
	bpf_program__set_log_buf(kept, log, size);
	bpf_program__set_log_level(kept, level);
	int error = bpf_object__load(opened);
	if (!error && bpf_program__fd(kept) < 0) { print_program(object, name, "not asked", 0, "libbpf leaves it out"); return DONE; }
	if (!error || slot_failed) { print_program(object, name, "loads", 0, log); return DONE; }
	if (level & LOG_STEPS && error == -ENOSPC) return REFUSED; /* kernels before 6.4 end a load whose log is full */
	if (!(level & LOG_STEPS) && !last) return REFUSED;
	print_program(object, name, "refused", -error, log);
	return DONE;
}

/* ---- processes with a time limit ---- */
enum task { WHOLE, ALONE };
static sigset_t end_of_child; /* SIGCHLD, which main() blocks, so that it can be waited for */
/* Return whether no child ended in so many seconds. */
static int wait_for_end(time_t most)
{
	struct timespec limit = {most, 0};
	return sigtimedwait(&end_of_child, NULL, &limit) < 0;
}
/* Return how the process ended: its exit code, -1 for out of time, -2 for a signal, which `died_of` tells. */
static int run_limited(enum task task, int object, int program, int level, int last)
{
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		libbpf_set_print(keep_message);
		_exit(task == WHOLE ? load_whole(object) : load_alone(object, program, level, last));
	}
	int state, is_late = wait_for_end(seconds * (task == WHOLE ? 3 : 1));
	if (is_late) kill(child, SIGKILL);
	waitpid(child, &state, 0);
	if (is_late) wait_for_end(0); /* its signal, which the next one is not to be taken for */
	died_of = is_late || WIFEXITED(state) ? 0 : WTERMSIG(state);
	return is_late ? -1 : died_of ? -2 : WEXITSTATUS(state);
}
static void ask_alone(int object, int program)
{
	shared->name[0] = 0;
	int end = run_limited(ALONE, object, program, LOG_STATS, 0);
	if (end == REFUSED) {
		end = run_limited(ALONE, object, program, LOG_STATS | LOG_STEPS, 1);
		if (end != DONE) end = run_limited(ALONE, object, program, LOG_STATS, 1);
	}
	if (end == -1) print_program(object, shared->name, "out of time", 0, NULL);
	if (end == -2) print_program(object, shared->name, "loader died", died_of, NULL);
}
static void ask_object(int object)
{
	memset(shared, 0, sizeof(*shared));
	int end = run_limited(WHOLE, object, 0, 0, 0);
	if (end == DONE) return;
	const char *word = end == -1 ? "out of time" : end == -2 ? "loader died" : "by program";
	if (end != TRY_REST) printf("{\"object\":%d,\"whole\":\"%s\",\"error\":%d}\n", object, word, died_of);
	for (int at = 0; at < shared->count && at < MOST_PROGRAMS; at++)
		if (!shared->answered[at]) ask_alone(object, at);
}

/* ---- as process 1 of a guest ---- */
static void copy_file(const char *from, const char *to)
{
	char buffer[1 << 16];
	int in = open(from, O_RDONLY), out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT, 0644);
	for (ssize_t size; out >= 0 && (size = read(in, buffer, sizeof(buffer))) > 0;)
		if (write(out, buffer, size) != size) break;
	if (in >= 0) close(in);
	if (out >= 0) close(out);
}
static void load_modules(void)
{
	struct dirent **names;
	int count = scandir("/modules", &names, NULL, alphasort);
	char path[512];
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "/modules/%s", names[i]->d_name);
		int fd = names[i]->d_name[0] == '.' ? -1 : open(path, O_RDONLY);
		if (fd >= 0 && syscall(SYS_finit_module, fd, "", 0)) printf("{\"module\":\"%s\",\"error\":%d}\n", names[i]->d_name, errno);
		if (fd >= 0) close(fd);
	}
}
int main(int argc, char **argv)
{
	struct utsname host;
	struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
	char path[256];
	if (getpid() != 1) { fprintf(stderr, "%s runs as the only process of a virtual machine\n", argv[0]); return 2; }
	mkdir("/proc", 0755); mkdir("/sys", 0755); mkdir("/dev", 0755); mkdir("/boot", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL);
	mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
	int console = open("/dev/console", O_RDWR);
	for (int fd = 0; console >= 0 && fd < 3; fd++) dup2(console, fd);
	for (int i = 1; i < argc; i++)
		if (!strncmp(argv[i], "seconds=", 8) && atoi(argv[i] + 8) > 0) seconds = atoi(argv[i] + 8);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) return 2;
	setrlimit(RLIMIT_MEMLOCK, &none);
	sigaddset(&end_of_child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &end_of_child, NULL);
	uname(&host);
	snprintf(path, sizeof(path), "/boot/config-%s", host.release);
	copy_file("/config", path);
	libbpf_set_print(NULL);
	printf("\n=== kfmap evidence begins ===\n{\"format\":\"kfmap-opinion\",\"version\":%d,\"release\":", FORMAT_VERSION);
	print_text(host.release);
	printf(",\"build\":");
	print_text(host.version);
	printf(",\"libbpf\":\"%s\"}\n", libbpf_version_string());
	load_modules();
	for (int object = 0; object < 1000; object++) {
		snprintf(path, sizeof(path), "/objects/%03d.o", object);
		if (!access(path, F_OK)) ask_object(object);
	}
	printf("=== kfmap evidence ends ===\n");
	fflush(stdout);
	sync();
	sleep(1);
	reboot(RB_POWER_OFF);
	return 0;
}
