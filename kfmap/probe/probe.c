/*
 * kfmap probe: asks the running kernel which kernel functions (kfuncs) each kind of BPF program may call.
 *
 * From every context it loads (never attaches, never runs) the program "call kfunc; r0 = 0; exit" and
 * writes what the kernel's verifier answered as one JSON document to standard output. It needs root (or
 * CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN) and /sys/kernel/btf/vmlinux. The only program that it runs is
 * sha256sum, over that file; without it the hash stays empty, and the release tells whose answers these are.
 *
 *     cc -O2 -static -o kfmap-probe probe.c && sudo ./kfmap-probe > evidence.json
 *     sudo ./kfmap-probe --names names.txt > evidence.json     (kfuncs that carry no tag in BTF, one per line)
 *
 * `--few` asks a sample of the LSM hooks instead of all of them (a virtual machine without KVM is slow).
 *
 * How an answer is read (kernel/bpf/verifier.c). The verifier prints an instruction before it checks it,
 * so a log without the printed call tells that the program failed earlier: the cell is not determined
 * ("?"). After the printed call, "calling kernel function NAME is not allowed" (check_kfunc_call) is a
 * refusal ("D"); any other complaint comes after the permission check, which has passed ("A").
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { PROG_LOAD = 5, GET_INFO_BY_FD = 15, GET_FD_BY_ID = 19, BTF_GET_NEXT_ID = 23, SLEEPABLE = 1 << 4 }; /* linux/bpf.h */
enum { INT = 1, PTR, ARRAY, STRUCT, UNION, ENUM, TYPEDEF = 8, FUNC = 12, FUNC_PROTO, VAR, DATASEC, DECL_TAG = 17, ENUM64 = 19 }; /* linux/btf.h */
enum { MOST_OBJECTS = 512, MOST_TYPES = 4 << 20, MOST_KFUNCS = 8192 };

struct btf { /* the BTF of vmlinux or of a module, whose ids and names go on where vmlinux ends */
	char name[64];
	int fd;
	uint8_t *data;
	const char *strings;
	const uint32_t **types;
	uint32_t size, string_size, string_base, first, count;
};
struct kfunc { const char *name; uint32_t id; struct btf *btf; char reason[96]; };
struct context {
	char program_type[48], attach_type[48];
	const char *target, *struct_ops, *member;
	long type, attach;
	struct btf *btf; /* of the target */
	uint32_t id;
};
static struct btf objects[MOST_OBJECTS]; /* vmlinux is the first, and has no name */
static struct kfunc kfuncs[MOST_KFUNCS];
static int object_count = 1, kfunc_count, context_count, few;
static char log_text[1 << 16];
#define EACH_TYPE(b, id) \
	for (struct btf *b = objects; b < objects + object_count; b++) \
		for (uint32_t id = b->first; id < b->first + b->count; id++)

static uint8_t *read_whole(const char *path, uint32_t *size) /* NULL for a file that cannot be read */
{
	static uint8_t room[256 << 20] __attribute__((aligned(8))), *next = room; /* pages that nobody touches cost nothing */
	uint8_t *data = next;
	FILE *file = fopen(path, "rb");
	if (!file) return NULL;
	*size = fread(data, 1, room + sizeof(room) - 8 - data, file);
	next += (*size | 7) + 1; /* a zero ends the text */
	fclose(file);
	return data;
}

/* ---- types: Documentation/bpf/btf.rst ---- */
static const uint32_t *type_at(const struct btf *b, uint32_t id)
{
	if (id < b->first) b = objects;
	return id - b->first < b->count ? b->types[id - b->first] : NULL;
}
static const char *text_at(const struct btf *b, uint32_t at)
{
	if (at < b->string_base) b = objects;
	return at - b->string_base < b->string_size ? b->strings + (at - b->string_base) : "";
}
static int kind_of(const uint32_t *t) { return t ? t[1] >> 24 & 31 : 0; }
static uint32_t length_of(const uint32_t *t) { return t[1] & 0xffff; }
static const char *name_of(const struct btf *b, uint32_t id, int kind) /* "" for a type of another kind */
{
	const uint32_t *t = type_at(b, id);
	return kind_of(t) == kind ? text_at(b, t[0]) : "";
}
static int index_types(struct btf *b)
{
	static const uint8_t more[32] = {[INT] = 4, [ARRAY] = 12, [VAR] = 4, [DECL_TAG] = 4}; /* bytes after the three words of btf_type */
	static const uint8_t each[32] = {[STRUCT] = 12, [UNION] = 12, [ENUM] = 8, [FUNC_PROTO] = 8, [DATASEC] = 12, [ENUM64] = 12}; /* per member */
	static const uint32_t *types[MOST_TYPES], **next = types;
	const uint32_t *head = (const uint32_t *)b->data; /* magic+version, hdr_len, type_off, type_len, str_off, str_len */
	if (!head || b->size < 24 || (head[0] & 0xffff) != 0xeb9f || (uint64_t)head[1] + head[4] + head[5] > b->size ||
	    (uint64_t)head[1] + head[2] + head[3] > b->size)
		return -1;
	b->strings = (const char *)b->data + head[1] + head[4];
	b->string_size = head[5];
	b->first = b == objects ? 1 : objects->first + objects->count;
	b->string_base = b == objects ? 0 : objects->string_size;
	b->types = next;
	for (uint32_t at = head[1] + head[2], end = at + head[3]; at + 12 <= end && next < types + MOST_TYPES; b->count++) {
		const uint32_t *t = *next++ = (const uint32_t *)(b->data + at);
		at += 12 + more[kind_of(t)] + each[kind_of(t)] * length_of(t);
	}
	return 0;
}
static uint32_t find_type(int kind, const char *name)
{
	uint32_t id = objects->count;
	while (id && strcmp(name_of(objects, id, kind), name)) id--;
	return id;
}
static long enumerator(const char *name) /* -1: this kernel does not have it */
{
	for (uint32_t id = 1; id <= objects->count; id++) {
		const uint32_t *t = type_at(objects, id);
		for (uint32_t i = 0; kind_of(t) == ENUM && i < length_of(t); i++)
			if (!strcmp(text_at(objects, t[3 + 2 * i]), name)) return t[4 + 2 * i];
	}
	return -1;
}
static long bpf(int command, void *attr, unsigned size) { return syscall(SYS_bpf, command, attr, size); }
static void read_modules(void) /* the BTF of those that are loaded, by their ids */
{
	struct { uint32_t id, next, flags; } walk = {0};
	for (; object_count < MOST_OBJECTS && !bpf(BTF_GET_NEXT_ID, &walk, sizeof(walk)); walk.id = walk.next) {
		struct btf *b = &objects[object_count];
		*b = (struct btf){.fd = bpf(GET_FD_BY_ID, &walk.next, sizeof(walk.next))};
		struct { uint64_t btf; uint32_t size, id; uint64_t name; uint32_t name_len, is_kernel; } info = {
			.name = (uintptr_t)b->name, .name_len = sizeof(b->name)};
		struct { uint32_t fd, len; uint64_t info; } ask = {b->fd, sizeof(info), (uintptr_t)&info};
		char path[96];
		if (b->fd >= 0 && !bpf(GET_INFO_BY_FD, &ask, sizeof(ask)) && info.is_kernel && strcmp(b->name, "vmlinux")) {
			snprintf(path, sizeof(path), "/sys/kernel/btf/%s", b->name);
			b->data = read_whole(path, &b->size);
		}
		if (!index_types(b)) object_count++; else close(b->fd);
	}
}

/* ---- kfuncs: the functions tagged "bpf_kfunc" (resolve_btfids, pahole), and those that the reader names ---- */
static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }
static void find_kfuncs(char *listed) /* listed: names between white space, or NULL */
{
	static const char *names[2 * MOST_KFUNCS];
	int count = 0;
	for (char *name = listed ? strtok(listed, " \r\n\t") : NULL; name && count < MOST_KFUNCS; name = strtok(NULL, " \r\n\t"))
		names[count++] = name;
	EACH_TYPE(b, id) {
		const uint32_t *tag = type_at(b, id);
		int is_tagged = !strcmp(name_of(b, id, DECL_TAG), "bpf_kfunc") && tag[3] == (uint32_t)-1;
		if (is_tagged && count < 2 * MOST_KFUNCS) names[count++] = name_of(b, tag[2], FUNC);
	}
	qsort(names, count, sizeof(*names), by_name);
	EACH_TYPE(b, id) {
		const char *name = name_of(b, id, FUNC);
		if (*name && kfunc_count < MOST_KFUNCS && bsearch(&name, names, count, sizeof(*names), by_name))
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
		.attach_btf_id = c->id, .attach_btf_obj_fd = c->btf->fd, .fd_array = (uintptr_t)fds};
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
static void print_text(const char *text)
{
	putchar('"');
	for (const unsigned char *at = (const unsigned char *)text; *at; at++)
		printf(*at == '"' || *at == '\\' ? "\\%c" : *at < 32 || *at > 126 ? "\\u%04x" : "%c", *at);
	putchar('"');
}
static void print_json(const char *form, ...) /* ' is a quote, % the next argument as text, ? the same or null for "" */
{
	va_list arguments;
	va_start(arguments, form);
	for (; *form; form++) {
		const char *text = *form == '%' || *form == '?' ? va_arg(arguments, const char *) : NULL;
		if (text && (*text || *form == '%')) print_text(text);
		else if (text) printf("null");
		else putchar(*form == '\'' ? '"' : *form);
	}
	va_end(arguments);
}
static void answer(const struct context *c)
{
	static char verdicts[MOST_KFUNCS + 1];
	char message[160], sleep_message[160];
	long plain = load_program(c, NULL, 0);
	say_why(message, sizeof(message), plain);
	long asleep = load_program(c, NULL, SLEEPABLE);
	say_why(sleep_message, sizeof(sleep_message), asleep);
	int loads = !plain || !asleep, must_sleep = plain && !asleep;
	if (!loads && (!strcmp(c->attach_type, "BPF_TRACE_ITER") || !strncmp(c->attach_type, "BPF_LSM_", 8))) return; /* no hook */
	for (int i = 0; i < kfunc_count; i++) verdicts[i] = loads ? judge(c, &kfuncs[i], must_sleep ? SLEEPABLE : 0) : '?';
	print_json(context_count++ ? ",\n" : "\n");
	print_json("{'program_type':%,'attach_type':?,'target':?,'struct_ops':?,'member':?,'message':?,'sleepable_message':?,",
		c->program_type, c->attach_type, c->target, c->struct_ops, c->member, must_sleep ? "" : message, sleep_message);
	print_json(must_sleep ? "'sleepable':true," : "'sleepable':false,");
	print_json(asleep ? "'may_sleep':false," : "'may_sleep':true,");
	print_json(loads ? "'loads':true,'verdicts':%}" : "'loads':false,'verdicts':%}", verdicts);
}

/* ---- contexts: program type, attach type, target. Of several targets, the first that takes a program, else the last ---- */
static const char *contexts[][3] = {
	{"SOCKET_FILTER", "", ""}, {"KPROBE", "", ""}, {"KPROBE", "TRACE_KPROBE_MULTI", ""}, {"KPROBE", "TRACE_KPROBE_SESSION", ""},
	{"KPROBE", "TRACE_UPROBE_MULTI", ""}, {"KPROBE", "TRACE_UPROBE_SESSION", ""}, {"SCHED_CLS", "", ""}, {"SCHED_ACT", "", ""},
	{"TRACEPOINT", "", ""}, {"XDP", "", ""}, {"PERF_EVENT", "", ""}, {"CGROUP_SKB", "CGROUP_INET_INGRESS", ""},
	{"CGROUP_SOCK", "CGROUP_INET_SOCK_CREATE", ""}, {"LWT_IN", "", ""}, {"LWT_OUT", "", ""}, {"LWT_XMIT", "", ""},
	{"SOCK_OPS", "CGROUP_SOCK_OPS", ""}, {"SK_SKB", "", ""}, {"CGROUP_DEVICE", "CGROUP_DEVICE", ""}, {"SK_MSG", "SK_MSG_VERDICT", ""},
	{"RAW_TRACEPOINT", "", ""}, {"CGROUP_SOCK_ADDR", "CGROUP_INET4_BIND", ""}, {"LWT_SEG6LOCAL", "", ""}, {"LIRC_MODE2", "", ""},
	{"SK_REUSEPORT", "", ""}, {"FLOW_DISSECTOR", "", ""}, {"CGROUP_SYSCTL", "CGROUP_SYSCTL", ""}, {"RAW_TRACEPOINT_WRITABLE", "", ""},
	{"CGROUP_SOCKOPT", "CGROUP_GETSOCKOPT", ""}, {"SK_LOOKUP", "SK_LOOKUP", ""}, {"SYSCALL", "", ""}, {"NETFILTER", "NETFILTER", ""},
	{"TRACING", "TRACE_FENTRY", "bpf_fentry_test1 tcp_connect vfs_open do_exit"},
	{"TRACING", "TRACE_FEXIT", "bpf_fentry_test1 tcp_connect vfs_open do_exit"},
	{"TRACING", "TRACE_FSESSION", "bpf_fentry_test1 tcp_connect vfs_open do_exit"},
	{"TRACING", "MODIFY_RETURN", "bpf_modify_return_test security_file_open"}, {"TRACING", "TRACE_RAW_TP", "sched_switch"},
	{"TRACING", "TRACE_ITER", "bpf_iter_*"}, {"LSM", "LSM_MAC", "bpf_lsm_*"}, {"LSM", "LSM_CGROUP", "bpf_lsm_socket_connect"}};
static const char sample[] = " bpf_lsm_file_open bpf_lsm_inode_setxattr bpf_lsm_inode_getxattr bpf_lsm_socket_sendmsg bpf_lsm_task_free"
	" bpf_lsm_bprm_check_security bpf_lsm_inode_permission bpf_lsm_socket_connect ";
static struct context begin(const char *program_type, const char *attach_type)
{
	struct context c = {.target = "", .struct_ops = "", .member = "", .btf = objects};
	snprintf(c.program_type, sizeof(c.program_type), "BPF_PROG_TYPE_%s", program_type);
	snprintf(c.attach_type, sizeof(c.attach_type), *attach_type ? "BPF_%s" : "%s", attach_type);
	c.type = enumerator(c.program_type);
	c.attach = *attach_type ? enumerator(c.attach_type) : 0;
	return c;
}
static void ask_first(struct context *c, const char *targets)
{
	char words[96], *rest = words, traced[96];
	snprintf(words, sizeof(words), "%s", targets);
	while ((c->target = strsep(&rest, " "))) {
		snprintf(traced, sizeof(traced), "btf_trace_%s", c->target);
		c->id = strcmp(c->attach_type, "BPF_TRACE_RAW_TP") ? find_type(FUNC, c->target) : find_type(TYPEDEF, traced);
		if (!c->id || (rest && load_program(c, NULL, 0))) continue;
		answer(c);
		return;
	}
}
static void ask_each(struct context *c, const char *prefix, size_t size)
{
	EACH_TYPE(b, id) {
		char word[96];
		c->target = name_of(b, id, FUNC);
		snprintf(word, sizeof(word), " %s ", c->target);
		if (strncmp(c->target, prefix, size) || (few && c->attach_type[4] == 'L' && !strstr(sample, word))) continue;
		c->btf = b;
		c->id = id;
		answer(c);
	}
}
static void ask_struct_ops(void)
{
	struct context c = begin("STRUCT_OPS", "");
	EACH_TYPE(b, id) { /* struct bpf_struct_ops_NAME { …; struct NAME data; } */
		const uint32_t *t = type_at(b, id), members = length_of(t);
		const char *name = name_of(b, id, STRUCT);
		if (strncmp(name, "bpf_struct_ops_", 15) || !members || strcmp(name_of(b, t[3 * members + 1], STRUCT), name + 15)) continue;
		const uint32_t *ops = type_at(b, c.id = t[3 * members + 1]);
		c.btf = b;
		c.struct_ops = name + 15;
		for (c.attach = 0; c.attach < length_of(ops); c.attach++) {
			const uint32_t *pointer = type_at(b, ops[3 + 3 * c.attach + 1]);
			c.member = text_at(b, ops[3 + 3 * c.attach]);
			if (kind_of(pointer) == PTR && kind_of(type_at(b, pointer[2])) == FUNC_PROTO) answer(&c);
		}
	}
}
static void ask_everything(void)
{
	for (const char *(*row)[3] = contexts; row < contexts + sizeof(contexts) / sizeof(*contexts); row++) {
		struct context c = begin((*row)[0], (*row)[1]);
		const char *targets = (*row)[2], *star = strchr(targets, '*');
		if (c.type < 0 || c.attach < 0) continue;
		if (star) ask_each(&c, targets, star - targets);
		else if (*targets) ask_first(&c, targets);
		else answer(&c);
	}
	ask_struct_ops();
}

/* ---- the document ---- */
static const char *find_build_id(void)
{
	static char text[41];
	uint32_t size = 0;
	uint8_t *notes = read_whole("/sys/kernel/notes", &size);
	/* Elf64_Nhdr: sizes of name and descriptor (4 and 20), type NT_GNU_BUILD_ID, "GNU" */
	uint8_t *note = notes ? memmem(notes, size, "\4\0\0\0\24\0\0\0\3\0\0\0GNU", 16) : NULL;
	for (int i = 0; note && i < 20 && note + 16 + i < notes + size; i++) sprintf(text + 2 * i, "%02x", note[16 + i]);
	return text;
}
static const char *find_hash(void) /* of the BTF that these answers belong to, by the host's sha256sum; "" where there is none */
{
	static char text[65];
	FILE *file = popen("sha256sum /sys/kernel/btf/vmlinux 2>/dev/null", "r");
	if (!file || fscanf(file, "%64[0-9a-f]", text) != 1) text[0] = 0;
	if (file) pclose(file);
	return text;
}
static void print_map(const char *title, int of_reasons) /* the modules of kfuncs, or why a kfunc has "?" */
{
	print_json(",\n%:{", title);
	for (int i = 0, many = 0; i < kfunc_count; i++) {
		const char *text = of_reasons ? kfuncs[i].reason : kfuncs[i].btf->name;
		if (*text) print_json(many++ ? ",%:%" : "%:%", kfuncs[i].name, text);
	}
	print_json("}");
}
static void print_document(void)
{
	struct utsname host;
	uname(&host);
	print_json("{'format':'kfmap-evidence','version':1,'kernel':%,'build':%,'machine':%,'build_id':%,'btf_sha256':%,'hooks_asked':%",
		host.release, host.version, host.machine, find_build_id(), find_hash(), few ? "sample" : "all");
	for (int i = 0; i < kfunc_count; i++) print_json(i ? ",%" : ",\n'kfuncs':[%", kfuncs[i].name);
	print_json("]");
	print_map("modules", 0);
	print_json(",\n'contexts':[");
	ask_everything();
	print_json("]");
	print_map("undetermined", 1);
	print_json(",'complete':true}\n");
}
int main(int argc, char **argv)
{
	uint32_t size;
	const char *list = NULL;
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--few")) few = 1;
		else if (!strcmp(argv[i], "--names") && i + 1 < argc) list = argv[++i];
		else errx(2, "usage: kfmap-probe [--few] [--names FILE] > evidence.json");
	char *listed = list ? (char *)read_whole(list, &size) : NULL;
	if (list && !listed) err(2, "%s", list);
	objects->data = read_whole("/sys/kernel/btf/vmlinux", &objects->size);
	if (index_types(objects)) errx(2, "/sys/kernel/btf/vmlinux cannot be read: this kernel was built without CONFIG_DEBUG_INFO_BTF");
	read_modules();
	find_kfuncs(listed);
	if (!kfunc_count) errx(2, "this kernel has no kfunc that BTF marks, and none of those named: give their names with --names");
	struct context simple = {.type = 1, .btf = objects};
	if (load_program(&simple, NULL, 0)) err(2, "the kernel does not let this process load BPF programs, run it as root");
	print_document();
	return 0;
}
