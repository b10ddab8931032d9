/*
 * kfmap probe: asks the running kernel which kernel functions (kfuncs) each kind of BPF program may call.
 *
 * From every context it loads (never attaches, never runs) the program "call kfunc; r0 = 0; exit" and
 * writes what the kernel's verifier answered as one JSON document to standard output. It needs root (or
 * CAP_SYS_ADMIN) and a kernel with CONFIG_DEBUG_INFO_BTF. The only program that it runs is sha256sum, over
 * /sys/kernel/btf/vmlinux; without it the hash stays empty, and the release tells whose answers these are.
 *     cc -O2 -static -o kfmap-probe probe.c && sudo ./kfmap-probe > evidence.json
 *
 * `--names FILE` adds kfuncs that carry no tag in BTF, one per line; `--few` asks a sample of the LSM hooks.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fnmatch.h>
#include <search.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { PROG_LOAD = 5, GET_INFO_BY_FD = 15, GET_FD_BY_ID = 19, BTF_GET_NEXT_ID = 23, SLEEPABLE = 1 << 4 }; /* linux/bpf.h */
enum { INT = 1, PTR, ARRAY, STRUCT, UNION, ENUM, TYPEDEF = 8, FUNC = 12, FUNC_PROTO, VAR, DATASEC, DECL_TAG = 17, ENUM64 = 19 }; /* linux/btf.h */
enum { MOST_OBJECTS = 512, MOST_TYPES = 4 << 20, MOST_KFUNCS = 8192, NAMES = 1 << 16 };

struct btf { /* the BTF of vmlinux or of a module, whose ids and names go on where vmlinux ends */
	char name[64];
	int fd;
	const char *strings;
	const uint32_t **types;
	uint32_t string_size, string_base, first, count;
};
struct kfunc { const char *name; uint32_t id; struct btf *btf; char reason[96]; };
struct context {
	char program_type[48], attach_type[48];
	const char *target, *struct_ops, *member;
	long type, attach;
	struct btf *btf; /* of the target */
	uint32_t id;
};
static struct btf objects[MOST_OBJECTS]; /* vmlinux is the first */
static struct kfunc kfuncs[MOST_KFUNCS];
static int object_count, kfunc_count, few;
static char log_text[1 << 16];
#define EACH_TYPE(b, id) for (struct btf *b = objects; b < objects + object_count; b++) \
		for (uint32_t id = b->first; id < b->first + b->count; id++)

/* ---- types: Documentation/bpf/btf.rst ---- */
static const uint32_t *type_at(const struct btf *b, uint32_t id) { return id < b->first ? objects->types[id] : b->types[id - b->first]; }
static const char *text_at(const struct btf *b, uint32_t at) { return at < b->string_base ? objects->strings + at : b->strings + at - b->string_base; }
static int kind_of(const uint32_t *t) { return t[1] >> 24 & 31; }
static uint32_t length_of(const uint32_t *t) { return t[1] & 0xffff; }
static const char *name_of(const struct btf *b, uint32_t id, int kind) { return kind_of(type_at(b, id)) == kind ? text_at(b, *type_at(b, id)) : ""; }
static long enumerator(const char *name) /* -1: this kernel does not have it */
{
	EACH_TYPE(b, id) {
		const uint32_t *t = type_at(b, id);
		for (uint32_t i = 0; kind_of(t) == ENUM && i < length_of(t); i++)
			if (!strcmp(text_at(b, t[3 + 2 * i]), name)) return t[4 + 2 * i];
	}
	return -1;
}
static void index_types(struct btf *b, const uint8_t *data)
{
	static const uint8_t more[32] = {[INT] = 4, [ARRAY] = 12, [VAR] = 4, [DECL_TAG] = 4}; /* bytes after the three words of btf_type */
	static const uint8_t each[32] = {[STRUCT] = 12, [UNION] = 12, [ENUM] = 8, [FUNC_PROTO] = 8, [DATASEC] = 12, [ENUM64] = 12}; /* per member */
	static const uint32_t nothing[3], *types[MOST_TYPES] = {nothing}, **next = types; /* type 0 is void */
	const uint32_t *head = (const uint32_t *)data; /* magic+version, hdr_len, type_off, type_len, str_off, str_len */
	b->strings = (const char *)data + head[1] + head[4];
	b->types = next;
	b->string_size = head[5];
	if (b == objects) b->count = 1, next++;
	else b->string_base = objects->string_size, b->first = objects->count;
	for (const uint8_t *at = data + head[1] + head[2], *end = at + head[3]; at < end && next < types + MOST_TYPES; b->count++) {
		const uint32_t *t = *next++ = (const uint32_t *)at;
		at += 12 + more[kind_of(t)] + each[kind_of(t)] * length_of(t);
	}
}
static long bpf(int command, void *attr, unsigned size) { return syscall(SYS_bpf, command, attr, size); }
static void read_types(void) /* by their ids: vmlinux has a lower one than its modules, the others are of programs */
{
	static uint8_t room[256 << 20] __attribute__((aligned(8))), *next = room; /* pages that nobody touches cost nothing */
	struct { uint32_t id, next, flags; } walk = {0};
	for (; object_count < MOST_OBJECTS && !bpf(BTF_GET_NEXT_ID, &walk, sizeof(walk)); walk.id = walk.next) {
		struct btf *b = &objects[object_count];
		*b = (struct btf){.fd = bpf(GET_FD_BY_ID, &walk.next, sizeof(walk.next))};
		struct { uint64_t data; uint32_t size, id; uint64_t name; uint32_t name_size, is_kernel; } info = {
			(uintptr_t)next, room + sizeof(room) - next, 0, (uintptr_t)b->name, sizeof(b->name), 0};
		struct { uint32_t fd, size; uint64_t info; } ask = {b->fd, sizeof(info), (uintptr_t)&info};
		if (bpf(GET_INFO_BY_FD, &ask, sizeof(ask)) || !info.is_kernel || info.size > room + sizeof(room) - next) close(b->fd);
		else index_types(b, next), object_count++, next += (info.size | 7) + 1;
	}
}

/* ---- kfuncs: the functions tagged "bpf_kfunc" (resolve_btfids, pahole), and those that the reader names ---- */
static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }
static void find_kfuncs(FILE *names)
{
	char *name;
	hcreate(NAMES);
	while (names && fscanf(names, "%ms", &name) == 1) hsearch((ENTRY){name, NULL}, ENTER);
	EACH_TYPE(b, id)
		if (!strcmp(name_of(b, id, DECL_TAG), "bpf_kfunc")) hsearch((ENTRY){(char *)name_of(b, type_at(b, id)[2], FUNC), NULL}, ENTER);
	EACH_TYPE(b, id) {
		name = (char *)name_of(b, id, FUNC);
		if (*name && kfunc_count < MOST_KFUNCS && hsearch((ENTRY){name, NULL}, FIND))
			kfuncs[kfunc_count++] = (struct kfunc){name, id, b, ""};
	}
	qsort(kfuncs, kfunc_count, sizeof(*kfuncs), by_name); /* which begin with their names */
}

/* ---- one program ---- */
static long load_program(const struct context *c, const struct kfunc *k, int flags) /* 0 or errno */
{
	struct { uint8_t code, regs; int16_t off; int32_t imm; } code[] = {
		{0x85, 2 << 4, k && k->btf != objects, k ? (int)k->id : 0}, /* call, BPF_PSEUDO_KFUNC_CALL; off: 1 is fds[1] */
		{0xb7, 0, 0, 0}, {0x95, 0, 0, 0}};
	int fds[2] = {0, k ? k->btf->fd : 0};
	struct { /* union bpf_attr of BPF_PROG_LOAD up to fd_array */
		uint32_t prog_type, insn_cnt;
		uint64_t insns, license;
		uint32_t log_level, log_size;
		uint64_t log_buf;
		uint32_t kern_version, prog_flags, name_and_ifindex[5], attach_type;
		uint64_t func_info_and_line_info[4];
		uint32_t line_info_cnt, attach_btf_id, attach_btf_obj_fd, core_relo_cnt;
		uint64_t fd_array;
	} attr = {.prog_type = c->type, .insn_cnt = k ? 3 : 2, .insns = (uintptr_t)(k ? code : code + 1), .license = (uintptr_t)"GPL",
		.log_level = 1, .log_size = sizeof(log_text), .log_buf = (uintptr_t)log_text, .prog_flags = flags, .attach_type = c->attach,
		.attach_btf_id = c->id, .attach_btf_obj_fd = c->id ? c->btf->fd : 0, .fd_array = (uintptr_t)fds};
	log_text[0] = 0;
	long fd = bpf(PROG_LOAD, &attr, sizeof(attr)), failed = fd < 0 ? errno : 0;
	if (fd >= 0) close(fd);
	return failed;
}
static void say_why(char *room, size_t size, long failed) /* the last line of the log that is not the verifier's statistics */
{
	const char *last = failed ? strerror(failed) : "";
	for (char *line = failed ? strtok(log_text, "\n") : NULL; line; line = strtok(NULL, "\n"))
		if (strncmp(line, "processed ", 10) && strncmp(line, "verification time", 17) && strncmp(line, "stack depth", 11)) last = line;
	snprintf(room, size, "%s", last);
}
/* The verifier prints an instruction before it checks it (do_check()): without the printed call it had failed earlier, "?". After
 * it, "calling kernel function NAME is not allowed" (check_kfunc_call()) is "D"; other complaints come once that has passed, "A". */
static char judge(const struct context *c, struct kfunc *k, int flags)
{
	long failed = load_program(c, k, flags);
	if (!failed) return 'A';
	if (strstr(log_text, "0: (85) call "))
		return strstr(log_text, "calling kernel function ") && strstr(log_text, " is not allowed") ? 'D' : 'A';
	if (!k->reason[0]) say_why(k->reason, sizeof(k->reason), failed);
	return '?';
}

/* ---- JSON ---- */
static const char *quote(const char *text) /* null for ""; good for the next seven calls */
{
	static char rooms[8][1024], *last = rooms[0];
	char *at = last = rooms[((last - rooms[0]) / sizeof(*rooms) + 1) % 8];
	if (!*text) return "null";
	*at++ = '"';
	for (; *text && at < last + sizeof(*rooms) - 8; text++)
		at += sprintf(at, strchr("\"\\", *text) ? "\\%c" : *text < 32 || *text > 126 ? "\\u%04x" : "%c", (unsigned char)*text);
	strcpy(at, "\"");
	return last;
}
static void answer(const struct context *c)
{
	static char verdicts[MOST_KFUNCS + 1], message[160];
	static int count;
	long plain = load_program(c, NULL, 0);
	say_why(message, sizeof(message), plain);
	int may_sleep = !load_program(c, NULL, SLEEPABLE), must_sleep = plain && may_sleep, loads = !plain || may_sleep;
	if (!loads && (!strcmp(c->attach_type, "BPF_TRACE_ITER") || !strncmp(c->attach_type, "BPF_LSM_", 8))) return; /* no hook */
	for (int i = 0; i < kfunc_count; i++) verdicts[i] = loads ? judge(c, &kfuncs[i], must_sleep ? SLEEPABLE : 0) : '?';
	printf("%s\n{\"program_type\":%s,\"attach_type\":%s,\"target\":%s,\"struct_ops\":%s,\"member\":%s,\"message\":%s,", count++ ? "," : "",
		quote(c->program_type), quote(c->attach_type), quote(c->target), quote(c->struct_ops), quote(c->member), quote(loads ? "" : message));
	printf("\"sleepable\":%s,\"may_sleep\":%s,\"loads\":%s,\"verdicts\":\"%s\"}", must_sleep ? "true" : "false",
		may_sleep ? "true" : "false", loads ? "true" : "false", verdicts);
}

/* ---- contexts: program type, attach type, targets, of which the first that takes a program is asked, else the last ---- */
static const char *contexts[] = {
	"SOCKET_FILTER", "KPROBE", "KPROBE TRACE_KPROBE_MULTI", "KPROBE TRACE_KPROBE_SESSION", "KPROBE TRACE_UPROBE_MULTI",
	"KPROBE TRACE_UPROBE_SESSION", "SCHED_CLS", "SCHED_ACT", "TRACEPOINT", "XDP", "PERF_EVENT", "CGROUP_SKB CGROUP_INET_INGRESS",
	"CGROUP_SOCK CGROUP_INET_SOCK_CREATE", "LWT_IN", "LWT_OUT", "LWT_XMIT", "SOCK_OPS CGROUP_SOCK_OPS", "SK_SKB",
	"CGROUP_DEVICE CGROUP_DEVICE", "SK_MSG SK_MSG_VERDICT", "RAW_TRACEPOINT", "CGROUP_SOCK_ADDR CGROUP_INET4_BIND", "LWT_SEG6LOCAL",
	"LIRC_MODE2", "SK_REUSEPORT", "FLOW_DISSECTOR", "CGROUP_SYSCTL CGROUP_SYSCTL", "RAW_TRACEPOINT_WRITABLE",
	"CGROUP_SOCKOPT CGROUP_GETSOCKOPT", "SK_LOOKUP SK_LOOKUP", "SYSCALL", "NETFILTER NETFILTER",
	"TRACING TRACE_FENTRY bpf_fentry_test1 tcp_connect vfs_open do_exit", "TRACING TRACE_FEXIT bpf_fentry_test1 tcp_connect vfs_open do_exit",
	"TRACING TRACE_FSESSION bpf_fentry_test1 tcp_connect vfs_open do_exit", "TRACING MODIFY_RETURN bpf_modify_return_test security_file_open",
	"TRACING TRACE_RAW_TP btf_trace_sched_switch", "TRACING TRACE_ITER bpf_iter_*", "LSM LSM_MAC bpf_lsm_*",
	"LSM LSM_CGROUP bpf_lsm_socket_connect", "STRUCT_OPS"};
static const char sample[] = " file_open inode_setxattr inode_getxattr socket_sendmsg task_free bprm_check_security inode_permission socket_connect";
static int ask_targets(struct context *c, const char *pattern, int is_last) /* whether this target ends the search */
{
	int kind = strncmp(pattern, "btf_trace_", 10) ? FUNC : TYPEDEF;
	EACH_TYPE(b, id) {
		const char *name = name_of(b, id, kind);
		if (fnmatch(pattern, name, 0) || (few && !strcmp(pattern, "bpf_lsm_*") && !strstr(sample, name + 8))) continue;
		c->target = kind == FUNC ? name : name + 10;
		c->btf = b;
		c->id = id;
		if (!is_last && load_program(c, NULL, 0)) continue;
		answer(c);
		if (!strchr(pattern, '*')) return 1;
	}
	return 0;
}
static void ask_struct_ops(struct context *c)
{
	EACH_TYPE(b, id) { /* struct bpf_struct_ops_NAME { …; struct NAME data; } */
		const uint32_t *t = type_at(b, id), members = length_of(t);
		const char *name = name_of(b, id, STRUCT);
		if (strncmp(name, "bpf_struct_ops_", 15) || !members || strcmp(name_of(b, t[3 * members + 1], STRUCT), name + 15)) continue;
		const uint32_t *ops = type_at(b, c->id = t[3 * members + 1]);
		c->btf = b;
		c->struct_ops = name + 15;
		for (c->attach = 0; c->attach < length_of(ops); c->attach++) {
			const uint32_t *pointer = type_at(b, ops[3 + 3 * c->attach + 1]);
			c->member = text_at(b, ops[3 + 3 * c->attach]);
			if (kind_of(pointer) == PTR && kind_of(type_at(b, pointer[2])) == FUNC_PROTO) answer(c);
		}
	}
}
static void ask(const char *row)
{
	struct context c = {.target = "", .struct_ops = "", .member = "", .btf = objects};
	char program_type[32], attach_type[32] = "", targets[96] = "", *rest = targets, *target;
	sscanf(row, "%31s %31s %95[^\n]", program_type, attach_type, targets);
	snprintf(c.program_type, sizeof(c.program_type), "BPF_PROG_TYPE_%s", program_type);
	snprintf(c.attach_type, sizeof(c.attach_type), *attach_type ? "BPF_%s" : "%s", attach_type);
	c.type = enumerator(c.program_type);
	c.attach = *attach_type ? enumerator(c.attach_type) : 0;
	if (c.type < 0 || c.attach < 0) return;
	if (!strcmp(program_type, "STRUCT_OPS")) ask_struct_ops(&c);
	else if (!*targets) answer(&c);
	else while ((target = strsep(&rest, " ")) && !ask_targets(&c, target, !rest)) continue;
}

/* ---- the document ---- */
static const char *find_build_id(void)
{
	static char text[41], notes[4096]; /* Elf64_Nhdr: sizes of name and descriptor (4 and 20), type NT_GNU_BUILD_ID, "GNU" */
	FILE *file = fopen("/sys/kernel/notes", "rb");
	size_t size = file ? fread(notes, 1, sizeof(notes) - 20, file) : 0;
	const uint8_t *note = memmem(notes, size, "\4\0\0\0\24\0\0\0\3\0\0\0GNU", 16);
	for (int i = 0; note && i < 20; i++) sprintf(text + 2 * i, "%02x", note[16 + i]);
	return text;
}
static const char *find_hash(void) /* of the BTF that these answers belong to, by the host's sha256sum; "" where there is none */
{
	static char text[65];
	FILE *file = popen("sha256sum /sys/kernel/btf/vmlinux 2>/dev/null", "r");
	if (!file || fscanf(file, "%64[0-9a-f]", text) != 1) return "";
	pclose(file);
	return text;
}
static void print_texts(const char *title, int of_reasons) /* after a list: the modules of kfuncs, or why one has "?" */
{
	const char *between = "";
	printf("],\n\"%s\":{", title);
	for (struct kfunc *k = kfuncs; k < kfuncs + kfunc_count; k++) {
		const char *text = of_reasons ? k->reason : k->btf == objects ? "" : k->btf->name;
		if (*text) printf("%s%s:%s", between, quote(k->name), quote(text)), between = ",";
	}
	printf("}");
}
static void print_document(void)
{
	struct utsname host;
	uname(&host);
	printf("{\"format\":\"kfmap-evidence\",\"version\":1,\"kernel\":%s,\"build\":%s,", quote(host.release), quote(host.version));
	printf("\"machine\":%s,\"build_id\":\"%s\",\"btf_sha256\":\"%s\",\"hooks_asked\":\"%s\"", quote(host.machine), find_build_id(), find_hash(),
		few ? "sample" : "all");
	for (int i = 0; i < kfunc_count; i++) printf(i ? ",%s" : ",\n\"kfuncs\":[%s", quote(kfuncs[i].name));
	print_texts("modules", 0);
	printf(",\n\"contexts\":[");
	for (size_t i = 0; i < sizeof(contexts) / sizeof(*contexts); i++) ask(contexts[i]);
	print_texts("undetermined", 1);
	printf(",\"complete\":true}\n");
}
int main(int argc, char **argv)
{
	FILE *names = NULL;
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--few")) few = 1;
		else if (strcmp(argv[i], "--names") || ++i == argc) errx(2, "usage: kfmap-probe [--few] [--names FILE] > evidence.json");
		else if (!(names = fopen(argv[i], "r"))) err(2, "%s", argv[i]);
	if (load_program(&(struct context){.type = 1}, NULL, 0)) err(2, "the kernel does not let this process load BPF programs, run it as root");
	read_types(); /* which the first load had the kernel read itself */
	if (!object_count) errx(2, "the kernel gives no types: it must be built with CONFIG_DEBUG_INFO_BTF, and this process must run as root");
	find_kfuncs(names);
	if (!kfunc_count) errx(2, "this kernel has no kfunc that BTF marks, and none of those named: give their names with --names");
	print_document();
	return 0;
}
