"""Builders for small hand-worked kernels: a few sets, filters, one ops structure."""

from __future__ import annotations

from dataclasses import replace

from kfmap.kernel.facts import (
    VMLINUX,
    Constant,
    Decision,
    Entry,
    Filter,
    HookOf,
    KernelFacts,
    Kfunc,
    KfuncSet,
    Member,
    Observed,
    Origin,
    Place,
    Registration,
    RunTime,
    SetKind,
    StructOps,
)
from kfmap.kernel.program_facts import AttachTargets, SleepRule, Target
from kfmap.kernel.rule_form import (
    All,
    AnyOf,
    Branch,
    Condition,
    Decide,
    InSet,
    MemberTable,
    Node,
    Not,
    StructOpsIs,
    TableHas,
    TableRow,
    TypeIs,
)

HOOK = "BTF_KFUNC_HOOK_"
TYPE = "BPF_PROG_TYPE_"
PROGRAM_TYPES = (
    "UNSPEC",
    "SOCKET_FILTER",
    "KPROBE",
    "SCHED_CLS",
    "TRACEPOINT",
    "XDP",
    "TRACING",
    "STRUCT_OPS",
    "EXT",
    "LSM",
    "SYSCALL",
    "SK_LOOKUP",
)
HOOKS = ("COMMON", "XDP", "TC", "STRUCT_OPS", "TRACING", "SYSCALL", "FMODRET", "KPROBE")
HOOK_OF = {
    "UNSPEC": "COMMON",
    "XDP": "XDP",
    "SCHED_CLS": "TC",
    "STRUCT_OPS": "STRUCT_OPS",
    "TRACING": "TRACING",
    "TRACEPOINT": "TRACING",
    "LSM": "TRACING",
    "SYSCALL": "SYSCALL",
    "KPROBE": "KPROBE",
}
ATTACH_TYPES = (
    "BPF_CGROUP_INET_INGRESS",
    "BPF_TRACE_RAW_TP",
    "BPF_TRACE_FENTRY",
    "BPF_TRACE_FEXIT",
    "BPF_MODIFY_RETURN",
    "BPF_LSM_MAC",
    "BPF_TRACE_ITER",
    "BPF_TRACE_KPROBE_MULTI",
    "BPF_TRACE_KPROBE_SESSION",
)
MEMBERS = ("select_cpu", "enqueue", "dispatch", "running", "init")


def create_set(
    name: str,
    *kfuncs: str,
    flags: tuple[str, ...] = (),
    kind: SetKind = SetKind.KFUNCS,
    owner: str = VMLINUX,
    line: int = 10,
) -> KfuncSet:
    """Make a set whose entries stand on the lines after it, all with the same flags."""
    entries = tuple(
        Entry(kfunc, flags, Place("kernel/sets.c", line + number))
        for number, kfunc in enumerate(kfuncs, 1)
    )
    return KfuncSet(name, name, kind, owner, Place("kernel/sets.c", line), entries)


def create_registration(
    program_type: str, set_id: str, filter_: str = "", owner: str = VMLINUX, hook: str = ""
) -> Registration:
    """Register a set for a program type (without BPF_PROG_TYPE_)."""
    return Registration(
        TYPE + program_type,
        hook or HOOK + HOOK_OF[program_type],
        set_id,
        filter_,
        owner,
        f"{set_id}_kset",
        Place("kernel/sets.c", 200),
        Place("kernel/sets.c", 190),
    )


def create_filter(name: str, rule: Node, line: int = 50) -> Filter:
    """Make a filter."""
    return Filter(name, name, Place("kernel/filter.c", line), rule)


def refuse(line: int = 60) -> Decide:
    """Return non-zero."""
    return Decide(True, "kernel/filter.c", line)


def let_pass(line: int = 61) -> Decide:
    """Return 0."""
    return Decide(False, "kernel/filter.c", line)


def branch(condition: Condition, then: Node, otherwise: Node, line: int = 55) -> Branch:
    """Branch on a condition."""
    return Branch(condition, "kernel/filter.c", line, then, otherwise)


def create_member(name: str, offset: int, **changes: object) -> Member:
    """Make a supported callback that may never sleep."""
    values: dict[str, object] = {
        "callback": True,
        "prototype": f"void {name}(void)",
        "supported": True,
        "sleepable": "never",
        "place": Place("include/ops.h", 10 + offset // 8),
        "supported_place": Place("kernel/ops.c", 20),
        "sleepable_place": Place("kernel/ops.c", 30),
    }
    return Member(name=name, offset=offset, **(values | changes))  # type: ignore[arg-type]


def create_struct_ops(name: str = "toy_ops", members: tuple[str, ...] = MEMBERS) -> StructOps:
    """Make an ops structure of callbacks, 8 bytes each; `init` may sleep."""
    return StructOps(
        name,
        f"bpf_{name}",
        VMLINUX,
        Place("kernel/ops.c", 10),
        tuple(
            create_member(member, 8 * number, sleepable="may" if member == "init" else "never")
            for number, member in enumerate(members)
        ),
    )


def create_sleep_rules() -> tuple[SleepRule, ...]:
    """Make the rules of the newest kernels: who may sleep, who never, for whom the target says."""
    place = Place("kernel/bpf/verifier.c", 500)
    answers = {"KPROBE": "may", "SYSCALL": "must", "STRUCT_OPS": "target", "LSM": "target"}
    rules = [
        SleepRule(TYPE + name, None, answers.get(name, "never"), place) for name in PROGRAM_TYPES
    ]
    for attach_type in ("BPF_TRACE_FENTRY", "BPF_TRACE_FEXIT", "BPF_MODIFY_RETURN"):
        rules.append(SleepRule(f"{TYPE}TRACING", attach_type, "target", place))
    rules.append(SleepRule(f"{TYPE}TRACING", "BPF_TRACE_RAW_TP", "target", place))
    rules.append(SleepRule(f"{TYPE}TRACING", "BPF_TRACE_ITER", "may", place))
    return tuple(rules)


def create_targets() -> AttachTargets:
    """Make the lists of targets: one or two in each."""
    place = Place("kernel/bpf/lists.c", 20)

    def listed(why: str, *names: str) -> tuple[Target, ...]:
        return tuple(Target(name, place, why) for name in names)

    return AttachTargets(
        sleepable=(Target("__x64_", place, "syscalls", prefix=True),),
        modifiable=(Target("security_", place, "hooks", prefix=True),),
        denied=listed("btf_id_deny", "migrate_disable"),
        no_return=listed("noreturn_deny", "do_exit"),
        no_return_attach_types=("BPF_TRACE_FEXIT",),
        sleepable_hooks=listed("sleepable_lsm_hooks", "bpf_lsm_file_open"),
        disabled_hooks=listed("bpf_lsm_disabled_hooks", "bpf_lsm_socket_connect"),
        faultable_tracepoints=listed("syscalls", "sys_enter"),
    )


def create_kernel(
    sets: tuple[KfuncSet, ...] = (),
    registrations: tuple[Registration, ...] = (),
    filters: tuple[Filter, ...] = (),
    *,
    tables: tuple[MemberTable, ...] = (),
    kfuncs: tuple[Kfunc, ...] | None = None,
    struct_ops: tuple[StructOps, ...] | None = None,
    run_time: RunTime | None = None,
    common: bool = True,
    set_limit: int = 256,
    filter_limit: int = 16,
) -> KernelFacts:
    """Make a kernel of the given parts; kfuncs are those of the registered sets if not given."""
    registered = {item.set_id for item in registrations}
    names = {
        entry.kfunc: item.owner for item in sets if item.id in registered for entry in item.entries
    }
    if kfuncs is None:
        kfuncs = tuple(
            Kfunc(name, names[name], f"void {name}(void)", None, None, None)
            for name in sorted(names)
        )
    place = Place("kernel/bpf/btf.c", 100)
    return KernelFacts(
        name="small",
        version="1.0",
        origin=Origin("1.0", "", "", "as configured", "small"),
        program_types=tuple(Constant(TYPE + name, n) for n, name in enumerate(PROGRAM_TYPES)),
        attach_types=tuple(Constant(name, n) for n, name in enumerate(ATTACH_TYPES)),
        kfunc_flags=(Constant("KF_SLEEPABLE", 32), Constant("KF_DESTRUCTIVE", 64)),
        hooks=tuple(HOOK + name for name in HOOKS),
        hook_of=tuple(
            HookOf(TYPE + name, HOOK + HOOK_OF[name] if name in HOOK_OF else None, place)
            for name in PROGRAM_TYPES
        ),
        decision=Decision(common, True, True, set_limit, filter_limit, (place,)),
        sets=sets,
        registrations=registrations,
        filters=filters,
        tables=tables,
        kfuncs=kfuncs,
        struct_ops=(create_struct_ops(),) if struct_ops is None else struct_ops,
        run_time=run_time,
        lsm_hooks=("bpf_lsm_file_open", "bpf_lsm_socket_connect", "bpf_lsm_task_free"),
        iterators=("bpf_iter_task", "bpf_iter_tcp"),
        not_understood=(),
        sleeping=create_sleep_rules(),
        targets=create_targets(),
    )


# A toy of the sched_ext kind: one filter over three sets, deciding by member.
ALLOW_ENQUEUE, ALLOW_DISPATCH = 1, 2


def create_toy_table() -> MemberTable:
    """Make the toy's member table: enqueue and dispatch have rows, running has none."""
    return MemberTable(
        "toy_allow",
        "kernel/filter.c",
        40,
        8,
        len(MEMBERS),
        (
            TableRow(1, "enqueue", ALLOW_ENQUEUE, ("ALLOW_ENQUEUE",), 41),
            TableRow(
                2,
                "dispatch",
                ALLOW_ENQUEUE | ALLOW_DISPATCH,
                ("ALLOW_ENQUEUE", "ALLOW_DISPATCH"),
                42,
            ),
        ),
    )


def create_toy_filter() -> Filter:
    """Let pass what is not the toy's; refuse outside its ops; then go by the table."""
    ours = AnyOf((InSet("toy_any"), InSet("toy_enqueue"), InSet("toy_dispatch")))
    by_table = branch(
        All((TableHas("toy_allow", ALLOW_ENQUEUE, ("ALLOW_ENQUEUE",)), InSet("toy_enqueue"))),
        let_pass(70),
        branch(
            All(
                (TableHas("toy_allow", ALLOW_DISPATCH, ("ALLOW_DISPATCH",)), InSet("toy_dispatch"))
            ),
            let_pass(72),
            refuse(74),
            71,
        ),
        69,
    )
    inside = branch(InSet("toy_any"), let_pass(68), by_table, 67)
    in_ops = branch(Not(StructOpsIs("toy_ops")), refuse(66), inside, 65)
    typed = branch(Not(TypeIs("BPF_PROG_TYPE_STRUCT_OPS")), refuse(64), in_ops, 63)
    return create_filter("toy_filter", branch(Not(ours), let_pass(62), typed, 61))


def create_asked_kernel() -> KernelFacts:
    """Make a kernel that was booted and asked: xdp may call one kfunc, not the other."""
    return replace(
        create_kernel(),
        struct_ops=(),
        hook_of=(),
        hooks=(),
        observed_kfuncs=("bpf_a", "bpf_b"),
        observed=(Observed("BPF_PROG_TYPE_XDP", None, None, None, None, False, "AD"),),
    )


def create_toy_kernel(**changes: object) -> KernelFacts:
    """Make a kernel with the toy, a second ops structure, common, tracing and XDP kfuncs."""
    sets = (
        create_set("common_ids", "bpf_common", line=1),
        create_set("toy_any", "toy_now", "toy_both", line=20),
        create_set("toy_dispatch", "toy_move", "toy_both", line=30),
        create_set("toy_enqueue", "toy_insert", line=40),
        create_set("trace_ids", "bpf_trace_it", flags=("KF_SLEEPABLE",), line=50),
        create_set("xdp_ids", "bpf_xdp_it", line=60),
    )
    registrations = (
        create_registration("STRUCT_OPS", "toy_any", "toy_filter"),
        create_registration("STRUCT_OPS", "toy_dispatch", "toy_filter"),
        create_registration("STRUCT_OPS", "toy_enqueue"),
        create_registration("TRACING", "trace_ids"),
        create_registration("UNSPEC", "common_ids"),
        create_registration("XDP", "xdp_ids"),
    )
    values: dict[str, object] = {
        "tables": (create_toy_table(),),
        "struct_ops": (create_struct_ops(), create_struct_ops("other_ops", ("start", "stop"))),
    }
    return create_kernel(sets, registrations, (create_toy_filter(),), **(values | changes))  # type: ignore[arg-type]
