/*
 * A scheduler that asks: from the op `want_op`, once, it calls the kfunc `want_kfunc`. What the kernel says
 * of it stands in `message` when the scheduler has ended. Everything else is the least that keeps tasks
 * running. oracle.c drives it; the numbers of ops and kfuncs are those of the two lists below.
 *
 * clang -g -O2 -target bpf -mcpu=v3 -ffile-prefix-map="$PWD"=. -c oracle.bpf.c; libbpf fits struct sched_ext_ops to that of the kernel.
 */
typedef unsigned char bool;
typedef unsigned int u32;
typedef int s32;
typedef unsigned long long u64;
typedef long long s64;

#define SEC(name) __attribute__((section(name), used))
#define __ksym __attribute__((section(".ksyms")))
#define __weak __attribute__((weak))
#define __core __attribute__((preserve_access_index))
#define inline inline __attribute__((always_inline))
#define SHARED 1
#define SLICE 5000000ULL

/* Whole structs: libbpf takes one that is only declared for another type than the kernel's. */
struct cpumask {
	unsigned long bits[1];
} __core;
struct cgroup {
	int level;
} __core;
struct task_struct {
	const struct cpumask *cpus_ptr;
} __core;
struct scx_exit_info {
	char *msg;
} __core;
struct bpf_iter_scx_dsq {
	u64 opaque[6];
} __attribute__((aligned(8)));
struct bpf_timer {
	u64 opaque[2];
} __attribute__((aligned(8)));
struct bpf_wq {
	u64 opaque[2];
} __attribute__((aligned(8)));
/* From 6.19 on, arguments beyond the fifth come in a struct. */
struct scx_bpf_dsq_insert_vtime_args {
	u64 dsq_id, slice, vtime, enq_flags;
};
struct scx_bpf_select_cpu_and_args {
	s32 prev_cpu;
	u64 wake_flags, flags;
};

static struct task_struct *(*const current_task)(void) = (void *)158;
static long (*const read_text)(void *to, u32 size, const void *from) = (void *)115;
static void *(*const lookup)(void *map, const void *key) = (void *)1;
static long (*const timer_init)(struct bpf_timer *timer, void *map, u64 flags) = (void *)169;
static long (*const timer_set_callback)(struct bpf_timer *timer, void *callback) = (void *)170;
static long (*const timer_start)(struct bpf_timer *timer, u64 nsecs, u64 flags) = (void *)171;

extern s32 scx_bpf_create_dsq(u64 dsq_id, s32 node) __ksym;
extern void scx_bpf_dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice, u64 flags) __ksym;
extern void scx_bpf_dsq_insert_vtime(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime, u64 flags) __ksym __weak;
extern u32 scx_bpf_dispatch_nr_slots(void) __ksym;
extern void scx_bpf_dispatch_cancel(void) __ksym;
extern bool scx_bpf_dsq_move_to_local(u64 dsq_id) __ksym;
extern bool scx_bpf_dsq_move(struct bpf_iter_scx_dsq *it__iter, struct task_struct *p, u64 dsq_id, u64 flags) __ksym;
extern bool scx_bpf_dsq_move_vtime(struct bpf_iter_scx_dsq *it__iter, struct task_struct *p, u64 dsq_id, u64 flags) __ksym;
extern u32 scx_bpf_reenqueue_local(void) __ksym __weak;
extern s32 scx_bpf_select_cpu_dfl(struct task_struct *p, s32 prev, u64 flags, bool *is_idle) __ksym;
extern s32 scx_bpf_select_cpu_and(struct task_struct *p, s32 prev, u64 flags, const struct cpumask *allowed, u64 more) __ksym __weak;
/* libbpf takes the last ___ and what follows off a name before it looks for it. */
extern bool scx_bpf_dsq_insert___v2___asked(struct task_struct *p, u64 dsq_id, u64 slice, u64 flags) __ksym __weak;
extern bool __scx_bpf_dsq_insert_vtime(struct task_struct *p, struct scx_bpf_dsq_insert_vtime_args *args) __ksym __weak;
extern s32 __scx_bpf_select_cpu_and(struct task_struct *p, const struct cpumask *allowed, struct scx_bpf_select_cpu_and_args *args) __ksym __weak;
extern struct cgroup *scx_bpf_task_cgroup(struct task_struct *p) __ksym __weak;
extern void bpf_cgroup_release(struct cgroup *cgroup) __ksym __weak;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern int bpf_iter_scx_dsq_new(struct bpf_iter_scx_dsq *it, u64 dsq_id, u64 flags) __ksym;
extern void bpf_iter_scx_dsq_destroy(struct bpf_iter_scx_dsq *it) __ksym;
extern int bpf_wq_init(struct bpf_wq *wq, void *map, u32 flags) __ksym;
extern int bpf_wq_set_callback_impl(struct bpf_wq *wq, int (*callback)(void *map, int *key, void *value), u32 flags, void *aux__ign) __ksym;
extern int bpf_wq_start(struct bpf_wq *wq, u32 flags) __ksym;

enum kfunc { DSQ_INSERT, DSQ_INSERT_VTIME, NR_SLOTS, CANCEL, MOVE_TO_LOCAL, MOVE, MOVE_VTIME, REENQUEUE, SELECT_DFL, SELECT_AND, TASK_CGROUP,
	DSQ_INSERT_V2, DSQ_INSERT_VTIME_ARGS, SELECT_AND_ARGS };
enum op {
	SELECT_CPU, ENQUEUE, DEQUEUE, DISPATCH, TICK, RUNNABLE, RUNNING, STOPPING, QUIESCENT, YIELD, SET_WEIGHT, SET_CPUMASK, UPDATE_IDLE,
	CPU_ACQUIRE, CPU_RELEASE, INIT_TASK, EXIT_TASK, ENABLE, DISABLE, DUMP, DUMP_CPU, DUMP_TASK, CGROUP_INIT, CGROUP_EXIT, CGROUP_PREP_MOVE,
	CGROUP_MOVE, CGROUP_CANCEL_MOVE, CGROUP_SET_WEIGHT, CGROUP_SET_BANDWIDTH, CGROUP_SET_IDLE, CPU_ONLINE, CPU_OFFLINE, INIT, TIMER, WORKQUEUE,
};

struct {
	u32 want_op, want_kfunc, called, ended, absent, moves;
	char message[256];
} asked; /* as oracle.c has it */
struct slot {
	struct bpf_timer timer;
	struct bpf_wq wq;
};
struct {
	int (*type)[2]; /* BPF_MAP_TYPE_ARRAY */
	int (*max_entries)[1];
	u32 *key;
	struct slot *value;
} slots SEC(".maps");

/* Return whether this kernel has the kfunc; one that is not weak is in every kernel with sched_ext. */
static inline bool call(struct task_struct *p)
{
	struct scx_bpf_dsq_insert_vtime_args insert = {SHARED, SLICE, 0, 0};
	struct scx_bpf_select_cpu_and_args select = {0, 0, 0};
	struct bpf_iter_scx_dsq it;
	struct cgroup *cgroup;
	bool idle = 0;

#define WITH(kfunc, statement) if (!kfunc) return 0; statement; break
	switch (asked.want_kfunc) {
	case DSQ_INSERT: scx_bpf_dsq_insert(p, SHARED, SLICE, 0); break;
	case DSQ_INSERT_VTIME: WITH(scx_bpf_dsq_insert_vtime, scx_bpf_dsq_insert_vtime(p, SHARED, SLICE, 0, 0));
	case NR_SLOTS: scx_bpf_dispatch_nr_slots(); break;
	case CANCEL: scx_bpf_dispatch_cancel(); break;
	case MOVE_TO_LOCAL: scx_bpf_dsq_move_to_local(SHARED); break;
	case MOVE:
		bpf_iter_scx_dsq_new(&it, SHARED, 0);
		scx_bpf_dsq_move(&it, p, SHARED, 0);
		bpf_iter_scx_dsq_destroy(&it);
		break;
	case MOVE_VTIME:
		bpf_iter_scx_dsq_new(&it, SHARED, 0);
		scx_bpf_dsq_move_vtime(&it, p, SHARED, 0);
		bpf_iter_scx_dsq_destroy(&it);
		break;
	case REENQUEUE: WITH(scx_bpf_reenqueue_local, scx_bpf_reenqueue_local());
	case SELECT_DFL: scx_bpf_select_cpu_dfl(p, 0, 0, &idle); break;
	case SELECT_AND: WITH(scx_bpf_select_cpu_and, scx_bpf_select_cpu_and(p, 0, 0, p->cpus_ptr, 0));
	case TASK_CGROUP:
		if (!scx_bpf_task_cgroup || !bpf_cgroup_release) return 0;
		cgroup = scx_bpf_task_cgroup(p);
		if (cgroup) bpf_cgroup_release(cgroup);
		break;
	case DSQ_INSERT_V2: WITH(scx_bpf_dsq_insert___v2___asked, scx_bpf_dsq_insert___v2___asked(p, SHARED, SLICE, 0));
	case DSQ_INSERT_VTIME_ARGS: WITH(__scx_bpf_dsq_insert_vtime, __scx_bpf_dsq_insert_vtime(p, &insert));
	case SELECT_AND_ARGS: WITH(__scx_bpf_select_cpu_and, __scx_bpf_select_cpu_and(p, p->cpus_ptr, &select));
	}
	return 1;
}
static inline bool inserts(u32 kfunc)
{
	return kfunc <= DSQ_INSERT_VTIME || kfunc == DSQ_INSERT_V2 || kfunc == DSQ_INSERT_VTIME_ARGS;
}
static inline void ask(u32 op, struct task_struct *p)
{
	if (asked.want_op != op || __sync_val_compare_and_swap(&asked.called, 0, 1)) return;
	bpf_rcu_read_lock(); /* init may sleep, and iterators and masks are for those who do not */
	if (!call(p)) asked.absent = 1;
	bpf_rcu_read_unlock();
}
#define TASK ((struct task_struct *)ctx[0])
#define OP(name, number, task) SEC("struct_ops/" #name) int name(u64 *ctx) { ask(number, task); return 0; }

OP(dequeue, DEQUEUE, TASK)
OP(tick, TICK, TASK)
OP(runnable, RUNNABLE, TASK)
OP(running, RUNNING, TASK)
OP(stopping, STOPPING, TASK)
OP(quiescent, QUIESCENT, TASK)
OP(yield, YIELD, TASK)
OP(set_weight, SET_WEIGHT, TASK)
OP(set_cpumask, SET_CPUMASK, TASK)
OP(update_idle, UPDATE_IDLE, current_task())
OP(cpu_acquire, CPU_ACQUIRE, current_task())
OP(cpu_release, CPU_RELEASE, current_task())
OP(init_task, INIT_TASK, TASK)
OP(exit_task, EXIT_TASK, TASK)
OP(enable, ENABLE, TASK)
OP(disable, DISABLE, TASK)
OP(dump, DUMP, current_task())
OP(dump_cpu, DUMP_CPU, current_task())
OP(dump_task, DUMP_TASK, current_task())
OP(cgroup_init, CGROUP_INIT, current_task())
OP(cgroup_exit, CGROUP_EXIT, current_task())
OP(cgroup_move, CGROUP_MOVE, TASK)
OP(cgroup_cancel_move, CGROUP_CANCEL_MOVE, TASK)
OP(cgroup_set_weight, CGROUP_SET_WEIGHT, current_task())
OP(cgroup_set_bandwidth, CGROUP_SET_BANDWIDTH, current_task())
OP(cgroup_set_idle, CGROUP_SET_IDLE, current_task())
OP(cpu_online, CPU_ONLINE, current_task())
OP(cpu_offline, CPU_OFFLINE, current_task())

SEC("struct_ops/select_cpu")
int select_cpu(u64 *ctx)
{
	ask(SELECT_CPU, TASK);
	return (s32)ctx[1];
}
SEC("struct_ops/cgroup_prep_move")
int cgroup_prep_move(u64 *ctx)
{
	ask(CGROUP_PREP_MOVE, TASK);
	/* The second thread of a process may not go, so the move of the first is cancelled. */
	return asked.want_op == CGROUP_CANCEL_MOVE && __sync_fetch_and_add(&asked.moves, 1) % 2 ? -1 : 0;
}
SEC("struct_ops/enqueue")
int enqueue(u64 *ctx)
{
	if (asked.want_op == DEQUEUE && !asked.called) return 0; /* dequeue is for tasks that the scheduler holds */
	if (asked.want_op == ENQUEUE && !asked.called) {
		ask(ENQUEUE, TASK);
		if (inserts(asked.want_kfunc)) return 0; /* it was the insertion of this task */
	}
	scx_bpf_dsq_insert(TASK, SHARED, SLICE, ctx[1]);
	return 0;
}
SEC("struct_ops/dispatch")
int dispatch(u64 *ctx)
{
	ask(DISPATCH, current_task());
	scx_bpf_dsq_move_to_local(SHARED);
	return 0;
}
static int fire(void *map, u32 *key, struct slot *slot)
{
	ask(TIMER, current_task());
	return 0;
}
static int work(void *map, int *key, void *value)
{
	ask(WORKQUEUE, current_task());
	return 0;
}
SEC("struct_ops.s/init")
int init(u64 *ctx)
{
	u32 key = 0;
	struct slot *slot = lookup(&slots, &key);

	s32 error = scx_bpf_create_dsq(SHARED, -1);
	if (error) return error;
	ask(INIT, current_task());
	if (asked.want_op == TIMER && slot) {
		timer_init(&slot->timer, &slots, 1);
		timer_set_callback(&slot->timer, fire);
		timer_start(&slot->timer, 50000000, 0);
	}
	if (asked.want_op == WORKQUEUE && slot) {
		bpf_wq_init(&slot->wq, &slots, 0);
		bpf_wq_set_callback_impl(&slot->wq, work, 0, 0);
		bpf_wq_start(&slot->wq, 0);
	}
	return 0;
}
SEC("struct_ops/exit")
int finish(u64 *ctx)
{
	struct scx_exit_info *info = (struct scx_exit_info *)ctx[0];

	read_text(asked.message, sizeof(asked.message), info->msg);
	asked.ended = 1;
	return 0;
}

struct sched_ext_ops {
	int (*select_cpu)(void), (*enqueue)(void), (*dequeue)(void), (*dispatch)(void), (*tick)(void), (*runnable)(void), (*running)(void),
		(*stopping)(void), (*quiescent)(void), (*yield)(void), (*set_weight)(void), (*set_cpumask)(void), (*update_idle)(void),
		(*cpu_acquire)(void), (*cpu_release)(void), (*init_task)(void), (*exit_task)(void), (*enable)(void), (*disable)(void), (*dump)(void),
		(*dump_cpu)(void), (*dump_task)(void), (*cgroup_init)(void), (*cgroup_exit)(void), (*cgroup_prep_move)(void), (*cgroup_move)(void),
		(*cgroup_cancel_move)(void), (*cgroup_set_weight)(void), (*cgroup_set_bandwidth)(void), (*cgroup_set_idle)(void), (*cpu_online)(void), (*cpu_offline)(void), (*init)(void), (*exit)(void);
	u64 flags;
	u32 timeout_ms;
	char name[128];
};
#define P(name) .name = (void *)name
SEC(".struct_ops.link")
struct sched_ext_ops oracle = {
	P(select_cpu), P(enqueue), P(dequeue), P(dispatch), P(tick), P(runnable), P(running), P(stopping), P(quiescent), P(yield), P(set_weight),
	P(set_cpumask), P(update_idle), P(cpu_acquire), P(cpu_release), P(init_task), P(exit_task), P(enable), P(disable), P(dump), P(dump_cpu),
	P(dump_task), P(cgroup_init), P(cgroup_exit), P(cgroup_prep_move), P(cgroup_move), P(cgroup_cancel_move), P(cgroup_set_weight),
	P(cgroup_set_bandwidth), P(cgroup_set_idle), P(cpu_online), P(cpu_offline), P(init), .exit = (void *)finish,
	.flags = 1 | 8, /* SCX_OPS_KEEP_BUILTIN_IDLE, SCX_OPS_SWITCH_PARTIAL: only tasks of SCHED_EXT are ours */
	.timeout_ms = 5000, .name = "kfmap_oracle",
};
char _license[] SEC("license") = "GPL";
