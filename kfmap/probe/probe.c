/*
 * kfmap probe: asks the running kernel which kernel functions (kfuncs) each kind of BPF program may call.
 *
 * From every context it loads (never attaches, never runs) the program "call kfunc; r0 = 0; exit" and
 * writes what the kernel's verifier answered as one JSON document to standard output. It needs root (or
 * CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN), /sys/kernel/btf/vmlinux, and nothing else:
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
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { PROG_LOAD = 5, GET_INFO_BY_FD = 15, GET_FD_BY_ID = 19, BTF_GET_NEXT_ID = 23, SLEEPABLE = 1 << 4 }; /* linux/bpf.h */
enum { PTR = 2, STRUCT = 4, ENUM = 6, TYPEDEF = 8, FUNC = 12, FUNC_PROTO = 13, DECL_TAG = 17 };           /* linux/btf.h */
enum { MOST_OBJECTS = 512, MOST_KFUNCS = 8192, MOST_BYTES = 64 << 20 };

struct btf { /* the BTF of vmlinux or of a module, whose ids and names go on where vmlinux ends */
	char name[64];
	int fd;
	uint8_t *data;
	const char *strings;
	uint32_t size, string_size, string_base, first, count, *offset;
};
struct kfunc { const char *name; uint32_t id; struct btf *btf; char reason[96]; };
struct context {
	const char *program_type, *attach_type, *target, *struct_ops, *member;
	long type, attach;
	struct btf *btf; /* of the target */
	uint32_t id;
	int flags;
};
static struct btf objects[MOST_OBJECTS]; /* vmlinux is the first */
static struct kfunc kfuncs[MOST_KFUNCS];
static int object_count = 1, kfunc_count, context_count, few;
static char log_text[1 << 16];
#define EACH_TYPE(b, id) \
	for (struct btf *b = objects; b < objects + object_count; b++) \
		for (uint32_t id = b->first; id < b->first + b->count; id++)

static void stop(const char *said, int error)
{
	fprintf(stderr, "kfmap-probe: %s%s%s\n", said, error ? ": " : "", error ? strerror(error) : "");
	exit(2);
}
static void *reserve(size_t size)
{
	void *made = calloc(1, size + 1);
	if (!made) stop("out of memory", 0);
	return made;
}
static uint8_t *read_whole(const char *path, uint32_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = file ? reserve(MOST_BYTES) : NULL; /* pages that nobody touches cost nothing */
	if (file) { *size = fread(data, 1, MOST_BYTES, file); fclose(file); }
	return data;
}

/* ---- types: Documentation/bpf/btf.rst ---- */
static const uint32_t *type_at(const struct btf *b, uint32_t id)
{
	if (id < b->first) b = objects;
	return id - b->first < b->count ? (const uint32_t *)(b->data + b->offset[id - b->first]) : NULL;
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
	static const uint8_t more[32] = {[1] = 4, [3] = 12, [14] = 4, [DECL_TAG] = 4}; /* bytes after the three words of btf_type */
	static const uint8_t each[32] = {[STRUCT] = 12, [5] = 12, [ENUM] = 8, [FUNC_PROTO] = 8, [15] = 12, [19] = 12}; /* per member */
	const uint32_t *head = (const uint32_t *)b->data; /* magic+version, hdr_len, type_off, type_len, str_off, str_len */
	if (b->size < 24 || (head[0] & 0xffff) != 0xeb9f || (uint64_t)head[1] + head[4] + head[5] > b->size ||
	    (uint64_t)head[1] + head[2] + head[3] > b->size)
		return -1;
	b->strings = (const char *)b->data + head[1] + head[4];
	b->string_size = head[5];
	b->first = b == objects ? 1 : objects->first + objects->count;
	b->string_base = b == objects ? 0 : objects->string_size;
	b->offset = reserve((head[3] / 12 + 1) * sizeof(*b->offset));
	for (uint32_t at = head[1] + head[2], end = at + head[3]; at + 12 <= end;) {
		const uint32_t *t = (const uint32_t *)(b->data + at);
		b->offset[b->count++] = at;
		at += 12 + more[kind_of(t)] + each[kind_of(t)] * length_of(t);
	}
	return 0;
}
static uint32_t find_type(int kind, const char *name)
{
	for (uint32_t id = 1; id <= objects->count; id++)
		if (!strcmp(name_of(objects, id, kind), name)) return id;
	return 0;
}
static long enumerator(const char *prefix, const char *name) /* -1: this kernel does not have it */
{
	size_t size = strlen(prefix);
	for (uint32_t id = 1; id <= objects->count; id++) {
		const uint32_t *t = type_at(objects, id);
		for (uint32_t i = 0; kind_of(t) == ENUM && i < length_of(t); i++) {
			const char *text = text_at(objects, t[3 + 2 * i]);
			if (!strncmp(text, prefix, size) && !strcmp(text + size, name)) return t[4 + 2 * i];
		}
	}
	return -1;
}
static long bpf(int command, void *attr, unsigned size) { return syscall(SYS_bpf, command, attr, size); }
static void read_modules(void) /* the BTF of those that are loaded, by their ids */
{
	struct { uint32_t id, next, flags, pad; } walk = {0};
	for (; object_count < MOST_OBJECTS && !bpf(BTF_GET_NEXT_ID, &walk, sizeof(walk)); walk.id = walk.next) {
		struct btf *b = &objects[object_count];
		struct { uint64_t btf; uint32_t size, id; uint64_t name; uint32_t name_len, kernel; } info = {0};
		struct { uint32_t id, next, flags, pad; } open = {walk.next, 0, 0, 0};
		int fd = bpf(GET_FD_BY_ID, &open, sizeof(open));
		struct { uint32_t fd, len; uint64_t info; } ask = {fd, sizeof(info), (uintptr_t)&info};
		*b = (struct btf){.fd = fd};
		info.name = (uintptr_t)b->name;
		info.name_len = sizeof(b->name);
		if (fd < 0 || bpf(GET_INFO_BY_FD, &ask, sizeof(ask)) || !info.kernel || !strcmp(b->name, "vmlinux")) { close(fd); continue; }
		b->data = reserve(b->size = info.size);
		memset(&info, 0, sizeof(info));
		info.btf = (uintptr_t)b->data;
		info.size = b->size;
		if (bpf(GET_INFO_BY_FD, &ask, sizeof(ask)) || index_types(b)) { close(fd); continue; }
		object_count++;
	}
}

/* ---- kfuncs: the functions tagged "bpf_kfunc" (resolve_btfids, pahole), and those that the reader names ---- */
static void add_kfunc(struct btf *b, uint32_t id)
{
	for (int i = 0; i < kfunc_count; i++)
		if (kfuncs[i].id == id && kfuncs[i].btf == b) return;
	if (kfunc_count < MOST_KFUNCS) kfuncs[kfunc_count++] = (struct kfunc){name_of(b, id, FUNC), id, b, ""};
}
static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }
static int by_name(const void *a, const void *b)
{
	const struct kfunc *x = a, *y = b;
	int order = strcmp(x->name, y->name);
	return order ? order : (x->btf > y->btf) - (x->btf < y->btf);
}
static void find_kfuncs(char *text) /* text: names between white space, or NULL */
{
	char **names = reserve((text ? strlen(text) / 2 + 1 : 1) * sizeof(*names));
	int count = 0;
	for (char *name = text ? strtok(text, " \r\n\t") : NULL; name; name = strtok(NULL, " \r\n\t")) names[count++] = name;
	qsort(names, count, sizeof(*names), by_text);
	EACH_TYPE(b, id) {
		const uint32_t *t = type_at(b, id);
		const char *name = name_of(b, id, FUNC);
		if (*name && count && bsearch(&name, names, count, sizeof(*names), by_text)) add_kfunc(b, id);
		if (!strcmp(name_of(b, id, DECL_TAG), "bpf_kfunc") && t[3] == (uint32_t)-1 && kind_of(type_at(b, t[2])) == FUNC) add_kfunc(b, t[2]);
	}
	qsort(kfuncs, kfunc_count, sizeof(*kfuncs), by_name);
}

/* ---- one program ---- */
static long load_program(const struct context *c, const struct kfunc *k, int flags) /* 0 or a negative errno */
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
		uint32_t kern_version, prog_flags, name[4], ifindex, attach_type, prog_btf_fd, func_info_rec_size;
		uint64_t func_info;
		uint32_t func_info_cnt, line_info_rec_size;
		uint64_t line_info;
		uint32_t line_info_cnt, attach_btf_id, attach_btf_obj_fd, core_relo_cnt;
		uint64_t fd_array;
	} attr = {.prog_type = c->type, .insn_cnt = k ? 3 : 2, .insns = (uintptr_t)(k ? code : code + 1), .license = (uintptr_t)"GPL",
		.log_level = 1, .log_size = sizeof(log_text), .log_buf = (uintptr_t)log_text, .prog_flags = flags, .attach_type = c->attach,
		.attach_btf_id = c->id, .attach_btf_obj_fd = c->btf ? c->btf->fd : 0, .fd_array = (uintptr_t)fds};
	log_text[0] = 0;
	long fd = bpf(PROG_LOAD, &attr, sizeof(attr)), result = fd < 0 ? -errno : 0;
	if (fd >= 0) close(fd);
	return result;
}
static void say_why(char *room, size_t size, long failed) /* the last line of the log that is not the verifier's statistics */
{
	const char *last = failed ? strerror(-failed) : "";
	for (char *line = failed ? strtok(log_text, "\n") : NULL; line; line = strtok(NULL, "\n"))
		if (strncmp(line, "processed ", 10) && strncmp(line, "verification time", 17) && strncmp(line, "stack depth", 11)) last = line;
	snprintf(room, size, "%s", last);
}
static char judge(const struct context *c, struct kfunc *k)
{
	long failed = load_program(c, k, c->flags);
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
static void print_field(const char *name, const char *prefix, const char *text) /* null for nothing */
{
	char whole[256];
	snprintf(whole, sizeof(whole), "%s%s", prefix, text);
	print_text(name);
	putchar(':');
	if (*text) print_text(whole); else printf("null");
	putchar(',');
}
static void answer(struct context *c)
{
	char message[160], sleep_message[160];
	long plain = load_program(c, NULL, 0);
	say_why(message, sizeof(message), plain);
	long asleep = load_program(c, NULL, SLEEPABLE);
	say_why(sleep_message, sizeof(sleep_message), asleep);
	if (plain && asleep && (!strcmp(c->attach_type, "TRACE_ITER") || !strncmp(c->attach_type, "LSM_", 4))) return; /* no hook */
	c->flags = plain && !asleep ? SLEEPABLE : 0;
	printf("%s\n{", context_count++ ? "," : "");
	print_field("program_type", "BPF_PROG_TYPE_", c->program_type);
	print_field("attach_type", "BPF_", c->attach_type);
	print_field("target", "", c->target);
	print_field("struct_ops", "", c->struct_ops);
	print_field("member", "", c->member);
	print_field("message", "", c->flags ? "" : message);
	print_field("sleepable_message", "", sleep_message);
	printf("\"sleepable\":%s,\"may_sleep\":%s,\"loads\":%s,\"verdicts\":\"", c->flags ? "true" : "false", asleep ? "false" : "true",
	       plain && asleep ? "false" : "true");
	for (int i = 0; i < kfunc_count; i++) putchar(plain && asleep ? '?' : judge(c, &kfuncs[i]));
	printf("\"}");
}

/* ---- contexts ---- */
static const char *plain_contexts[][2] = {
	{"SOCKET_FILTER", ""}, {"KPROBE", ""}, {"KPROBE", "TRACE_KPROBE_MULTI"}, {"KPROBE", "TRACE_KPROBE_SESSION"},
	{"KPROBE", "TRACE_UPROBE_MULTI"}, {"KPROBE", "TRACE_UPROBE_SESSION"}, {"SCHED_CLS", ""}, {"SCHED_ACT", ""}, {"TRACEPOINT", ""},
	{"XDP", ""}, {"PERF_EVENT", ""}, {"CGROUP_SKB", "CGROUP_INET_INGRESS"}, {"CGROUP_SOCK", "CGROUP_INET_SOCK_CREATE"}, {"LWT_IN", ""},
	{"LWT_OUT", ""}, {"LWT_XMIT", ""}, {"SOCK_OPS", "CGROUP_SOCK_OPS"}, {"SK_SKB", ""}, {"CGROUP_DEVICE", "CGROUP_DEVICE"},
	{"SK_MSG", "SK_MSG_VERDICT"}, {"RAW_TRACEPOINT", ""}, {"CGROUP_SOCK_ADDR", "CGROUP_INET4_BIND"}, {"LWT_SEG6LOCAL", ""},
	{"LIRC_MODE2", ""}, {"SK_REUSEPORT", ""}, {"FLOW_DISSECTOR", ""}, {"CGROUP_SYSCTL", "CGROUP_SYSCTL"},
	{"RAW_TRACEPOINT_WRITABLE", ""}, {"CGROUP_SOCKOPT", "CGROUP_GETSOCKOPT"}, {"SK_LOOKUP", "SK_LOOKUP"}, {"SYSCALL", ""},
	{"NETFILTER", "NETFILTER"}, {NULL, NULL}};
static const char *traced[] = {"bpf_fentry_test1", "tcp_connect", "vfs_open", "do_exit", NULL};
static const char *modified[] = {"bpf_modify_return_test", "security_file_open", NULL};
static const char *sample[] = {"bpf_lsm_file_open", "bpf_lsm_inode_setxattr", "bpf_lsm_inode_getxattr", "bpf_lsm_socket_sendmsg",
	"bpf_lsm_task_free", "bpf_lsm_bprm_check_security", "bpf_lsm_inode_permission", "bpf_lsm_socket_connect", NULL};

static struct context begin(const char *type, const char *attach, const char *target, struct btf *b, uint32_t id)
{
	return (struct context){.program_type = type, .attach_type = attach, .target = target, .struct_ops = "", .member = "", .btf = b,
		.id = id, .type = enumerator("BPF_PROG_TYPE_", type), .attach = *attach ? enumerator("BPF_", attach) : 0};
}
static void ask(const char *type, const char *attach, const char *target, struct btf *b, uint32_t id)
{
	struct context c = begin(type, attach, target, b, id);
	if (c.type >= 0 && c.attach >= 0) answer(&c);
}
static void ask_traced(const char *attach, const char **targets) /* the first target that takes a program, else the last */
{
	for (; *targets; targets++) {
		uint32_t id = find_type(FUNC, *targets);
		struct context c = begin("TRACING", attach, *targets, NULL, id);
		if (!id || c.attach < 0 || (load_program(&c, NULL, 0) && targets[1])) continue;
		answer(&c);
		return;
	}
}
static int is_asked(const char *name)
{
	int found = !few || strncmp(name, "bpf_lsm_", 8);
	for (const char **at = sample; *at; at++) found |= !strcmp(*at, name);
	return found;
}
static void ask_functions(const char *prefix, const char *type, const char *attach)
{
	EACH_TYPE(b, id) {
		const char *name = name_of(b, id, FUNC);
		if (!strncmp(name, prefix, strlen(prefix)) && is_asked(name)) ask(type, attach, name, b, id);
	}
}
static void ask_struct_ops(void)
{
	EACH_TYPE(b, id) { /* struct bpf_struct_ops_NAME { …; struct NAME data; } */
		const uint32_t *t = type_at(b, id), members = length_of(t);
		const char *name = name_of(b, id, STRUCT);
		if (strncmp(name, "bpf_struct_ops_", 15) || !members || strcmp(name_of(b, t[3 * members + 1], STRUCT), name + 15)) continue;
		const uint32_t *ops = type_at(b, t[3 * members + 1]);
		for (uint32_t m = 0; m < length_of(ops); m++) {
			const uint32_t *pointer = type_at(b, ops[3 + 3 * m + 1]);
			if (kind_of(pointer) != PTR || kind_of(type_at(b, pointer[2])) != FUNC_PROTO) continue;
			struct context c = begin("STRUCT_OPS", "", "", b, t[3 * members + 1]);
			c.attach = m;
			c.struct_ops = name + 15;
			c.member = text_at(b, ops[3 + 3 * m]);
			answer(&c);
		}
	}
}
static void ask_everything(void)
{
	for (const char *(*at)[2] = plain_contexts; (*at)[0]; at++) ask((*at)[0], (*at)[1], "", NULL, 0);
	ask_traced("TRACE_FENTRY", traced);
	ask_traced("TRACE_FEXIT", traced);
	ask_traced("TRACE_FSESSION", traced);
	ask_traced("MODIFY_RETURN", modified);
	ask("TRACING", "TRACE_RAW_TP", "sched_switch", NULL, find_type(TYPEDEF, "btf_trace_sched_switch"));
	ask_functions("bpf_iter_", "TRACING", "TRACE_ITER");
	ask_functions("bpf_lsm_", "LSM", "LSM_MAC");
	ask("LSM", "LSM_CGROUP", "bpf_lsm_socket_connect", NULL, find_type(FUNC, "bpf_lsm_socket_connect"));
	ask_struct_ops();
}

/* ---- the document ---- */
static uint32_t turn(uint32_t x, int by) { return x >> by | x << (32 - by); }
static void print_hash(const uint8_t *data, uint64_t size) /* FIPS 180-4: SHA-256, which names the BTF that these answers belong to */
{
	uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}, k[64], w[64], s[8];
	for (int n = 0, p = 2, d = 2; n < 64; p++, d = 2) { /* k: the first 32 bits of the cube roots of the primes */
		while (p % d) d++;
		uint64_t root = 0; /* in 32.32 fixed point */
		for (uint64_t bit = 1ULL << 34; bit; bit >>= 1)
			if ((unsigned __int128)(root | bit) * (root | bit) * (root | bit) <= (unsigned __int128)p << 96) root |= bit;
		if (d == p) k[n++] = root;
	}
	for (uint64_t at = 0, end = (size + 72) / 64 * 64; at < end; at += 64) {
		for (int i = 0; i < 64; i++) { /* the message, 0x80, zeros, and its length in bits */
			uint64_t b = at + i;
			uint8_t byte = b < size ? data[b] : b == size ? 0x80 : b < end - 8 ? 0 : size * 8 >> 8 * (end - 1 - b);
			w[i / 4] = w[i / 4] << 8 | byte;
		}
		for (int i = 16; i < 64; i++)
			w[i] = w[i - 16] + (turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
				(turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10);
		memcpy(s, h, sizeof(s));
		for (int i = 0; i < 64; i++) {
			uint32_t a = s[7] + (turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i];
			uint32_t b = (turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
			memmove(s + 1, s, 7 * sizeof(*s));
			s[4] += a;
			s[0] = a + b;
		}
		for (int i = 0; i < 8; i++) h[i] += s[i];
	}
	for (int i = 0; i < 8; i++) printf("%08x", h[i]);
}
static void print_build_id(void)
{
	uint32_t size = 0;
	uint8_t *notes = read_whole("/sys/kernel/notes", &size);
	/* Elf64_Nhdr: sizes of name and descriptor (4 and 20), type NT_GNU_BUILD_ID, "GNU" */
	uint8_t *note = notes ? memmem(notes, size, "\4\0\0\0\24\0\0\0\3\0\0\0GNU", 16) : NULL;
	for (int i = 16; note && i < 36 && note + i < notes + size; i++) printf("%02x", note[i]);
}
static void print_kfuncs(const char *title, int reasons) /* those of modules with their module, or those with a reason for "?" */
{
	printf(",\n\"%s\":{", title);
	for (int i = 0, many = 0; i < kfunc_count; i++) {
		const char *text = reasons ? kfuncs[i].reason : kfuncs[i].btf == objects ? "" : kfuncs[i].btf->name;
		if (!*text) continue;
		if (many++) putchar(',');
		print_text(kfuncs[i].name);
		putchar(':');
		print_text(text);
	}
	putchar('}');
}
static void print_document(void)
{
	struct utsname host;
	uname(&host);
	printf("{\"format\":\"kfmap-evidence\",\"version\":1,");
	print_field("kernel", "", host.release);
	print_field("build", "", host.version);
	print_field("machine", "", host.machine);
	printf("\"build_id\":\"");
	print_build_id();
	printf("\",\"btf_sha256\":\"");
	print_hash(objects->data, objects->size);
	printf("\",\"hooks_asked\":\"%s\",\n\"kfuncs\":[", few ? "sample" : "all");
	for (int i = 0; i < kfunc_count; i++) { if (i) putchar(','); print_text(kfuncs[i].name); }
	putchar(']');
	print_kfuncs("modules", 0);
	printf(",\n\"contexts\":[");
	ask_everything();
	putchar(']');
	print_kfuncs("undetermined", 1);
	printf(",\"complete\":true}\n");
}
int main(int argc, char **argv)
{
	uint32_t size;
	const char *list = NULL;
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--few")) few = 1;
		else if (!strcmp(argv[i], "--names") && i + 1 < argc) list = argv[++i];
		else stop("usage: kfmap-probe [--few] [--names FILE] > evidence.json", 0);
	char *text = list ? (char *)read_whole(list, &size) : NULL;
	if (list && !text) stop("the file of --names cannot be read", errno);
	objects->data = read_whole("/sys/kernel/btf/vmlinux", &objects->size);
	if (!objects->data || index_types(objects))
		stop("/sys/kernel/btf/vmlinux cannot be read: this kernel was built without CONFIG_DEBUG_INFO_BTF", 0);
	read_modules();
	find_kfuncs(text);
	struct context simple = {.type = 1};
	if (load_program(&simple, NULL, 0)) stop("the kernel does not let this process load BPF programs, run it as root", errno);
	print_document();
	return 0;
}
