"""struct_ops types: members, which a program may implement, which may sleep, and member tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.kernel.facts import UNREAD_OPS, KernelFacts, Member
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from tests.kernel.small_kernel import INCLUDES, SET_C, extract, id_set

OPS = """\
#define NAME_LEN 16

struct the_ops {
    int (*start)(struct task_struct *p, u64 flags);
    void (*stop)(struct task_struct *p);
    void (*nap)(void);
    u32 flags;
    char name[NAME_LEN];
    struct module *owner;
    void (*late)(const struct mask *mask__arena);
};

"""
CHECK = """\
static int check_member(const struct btf_type *t, const struct btf_member *member,
            const struct bpf_prog *prog)
{
    u32 moff = __btf_member_bit_offset(t, member) / 8;

    switch (moff) {
    case offsetof(struct the_ops, nap):
        if (!prog->sleepable)
            return -EINVAL;
        break;
    case offsetof(struct the_ops, start):
        break;
    default:
        if (prog->sleepable)
            return -EINVAL;
    }
    if (moff == offsetof(struct the_ops, stop))
        prog->aux->priv_stack_requested = true;
    return 0;
}

"""
STUBS = """\
static int the_ops__start(struct task_struct *p, u64 flags) { return 0; }
static void the_ops__stop(struct task_struct *p) {}
static void the_ops__nap(void) {}

static struct the_ops the_stubs = {
    .start = the_ops__start,
    .stop  = the_ops__stop,
    .nap   = the_ops__nap,
};

"""
REGISTER = """\
static struct bpf_struct_ops bpf_the_ops = {
    .check_member = check_member,
    .cfi_stubs = &the_stubs,
    .name = "the_ops",
};

static int __init ops_init(void)
{
    return register_bpf_struct_ops(&bpf_the_ops, the_ops);
}
late_initcall(ops_init);
"""
MAY_SLEEP = """\
static bool can_be_sleepable(struct bpf_prog *prog)
{
    return prog->type == BPF_PROG_TYPE_LSM || prog->type == BPF_PROG_TYPE_STRUCT_OPS;
}
"""
ASKS_STUBS = """\
int bpf_struct_ops_supported(const struct bpf_struct_ops *st_ops, u32 moff)
{
    return 0;
}
"""


def test_members_have_the_offsets_of_the_struct(tmp_path: Path) -> None:
    members = _members(_extract(tmp_path))
    assert {name: m.offset for name, m in members.items()} == {
        "start": 0,
        "stop": 8,
        "nap": 16,
        "flags": 24,
        "name": 28,
        "owner": 48,
        "late": 56,
    }
    assert [name for name, m in members.items() if m.callback] == ["start", "stop", "nap", "late"]
    assert members["stop"].prototype == "void (*stop)(struct task_struct *p)"


def test_supported_members_are_those_of_the_stubs(tmp_path: Path) -> None:
    members = _members(_extract(tmp_path))
    supported = {name: m.supported for name, m in members.items() if m.callback}
    assert supported == {"start": True, "stop": True, "nap": True, "late": False}
    place = members["stop"].supported_place
    assert place is not None
    assert (tmp_path / place.file).read_text().splitlines()[place.line - 1].startswith("    .stop")


def test_a_loader_that_asks_no_stubs_supports_what_check_member_lets_pass(tmp_path: Path) -> None:
    files = {"kernel/bpf/bpf_struct_ops.c": "int x;\n"}
    members = _members(_extract(tmp_path, files=files))
    assert all(m.supported for m in members.values() if m.callback)


def test_members_in_a_table_of_unsupported_ones_are_not_supported(tmp_path: Path) -> None:
    check = """\
static u32 unsupported[] = {
    offsetof(struct the_ops, stop),
};

static bool is_unsupported(u32 offset)
{
    int i;

    for (i = 0; i < ARRAY_SIZE(unsupported); i++)
        if (offset == unsupported[i])
            return true;
    return false;
}

static int check_member(const struct btf_type *t, const struct btf_member *member)
{
    if (is_unsupported(__btf_member_bit_offset(t, member) / 8))
        return -ENOTSUPP;
    return 0;
}

"""
    files = {"kernel/bpf/bpf_struct_ops.c": "int x;\n", "include/linux/errno.h": _ERRNO}
    members = _members(_extract(tmp_path, check=check, files=files))
    supported = {name: m.supported for name, m in members.items() if m.callback}
    assert supported == {"start": True, "stop": False, "nap": True, "late": True}


def test_sleeping_is_what_check_member_says(tmp_path: Path) -> None:
    members = _members(_extract(tmp_path))
    sleepable = {name: m.sleepable for name, m in members.items() if m.callback}
    assert sleepable == {"start": "may", "stop": "never", "nap": "must", "late": "never"}


def test_no_member_sleeps_where_struct_ops_programs_never_do(tmp_path: Path) -> None:
    verifier = MAY_SLEEP.replace(" || prog->type == BPF_PROG_TYPE_STRUCT_OPS", "")
    members = _members(_extract(tmp_path, files={"kernel/bpf/verifier.c": verifier}))
    assert {m.sleepable for m in members.values()} == {"never"}


def test_an_answer_of_check_member_that_is_not_known_stays_unknown(tmp_path: Path) -> None:
    check = CHECK.replace("    return 0;", "    return ask(prog);")
    members = _members(_extract(tmp_path, check=check))
    assert (members["start"].supported, members["start"].sleepable) == (None, "unknown")


def test_what_a_program_must_bring_is_noted(tmp_path: Path) -> None:
    members = _members(_extract(tmp_path))
    needs = {name: m.needs for name, m in members.items() if m.needs}
    assert needs == {"stop": ("private stack",), "late": ("arena",)}


def test_types_in_the_header_of_older_trees_are_found(tmp_path: Path) -> None:
    files = {
        "kernel/bpf/bpf_struct_ops_types.h": (
            "#ifdef CONFIG_NET\nBPF_STRUCT_OPS_TYPE(the_ops)\n#endif\n"
            "#ifdef CONFIG_OFF\nBPF_STRUCT_OPS_TYPE(other_ops)\n#endif\n"
        )
    }
    register = REGISTER[: REGISTER.index("static int __init")]
    (found,) = _extract(tmp_path, register=register, files=files).struct_ops
    assert (found.name, found.variable) == ("the_ops", "bpf_the_ops")
    assert str(found.place) == "kernel/bpf/bpf_struct_ops_types.h:2"


def test_a_struct_nobody_defines_is_named(tmp_path: Path) -> None:
    facts = _extract(tmp_path, register=REGISTER.replace(", the_ops)", ", lost_ops)"))
    assert facts.struct_ops == ()
    assert (UNREAD_OPS, "lost_ops") in [(p.construct, p.text) for p in facts.not_understood]


def test_members_after_one_of_unknown_size_are_named(tmp_path: Path) -> None:
    ops = OPS.replace("u32 flags", "nobody_knows_t flags")
    facts = _extract(tmp_path, ops=ops)
    assert set(_members(facts)) == {"start", "stop", "nap", "flags"}
    lost = {p.text for p in facts.not_understood if p.construct == "offset of a member"}
    assert lost == {"name", "owner", "late"}


_TABLE = """\
#define OP_IDX(op) (offsetof(struct the_ops, op) / sizeof(void (*)(void)))
#define MOFF_IDX(moff) ((moff) / sizeof(void (*)(void)))

enum { ALLOW_A = 1 << 0, ALLOW_B = 1 << 1 };

static const u32 allowed[] = {
    [OP_IDX(start)] = ALLOW_A | ALLOW_B,
#ifdef CONFIG_MORE
    [OP_IDX(stop)] = ALLOW_A,
#endif
    [OP_IDX(nap)] = ALLOW_B,
};

static int the_filter(const struct bpf_prog *prog, u32 kfunc_id)
{
    u32 moff, flags;

    if (prog->type != BPF_PROG_TYPE_STRUCT_OPS || !prog->aux->st_ops)
        return 0;
    if (prog->aux->st_ops != &bpf_the_ops)
        return -EACCES;
    moff = prog->aux->attach_st_ops_member_off;
    flags = allowed[MOFF_IDX(moff)];
    if (flags & ALLOW_A)
        return 0;
    return moff == offsetof(struct the_ops, nap) ? -EACCES : -EINVAL;
}

"""


@pytest.mark.parametrize(
    ("config", "verdicts"),
    [
        (b"CONFIG_NET=y\n", {"start": "allowed", "stop": "refused", "nap": "refused"}),
        (
            b"CONFIG_NET=y\nCONFIG_MORE=y\n",
            {"start": "allowed", "stop": "allowed", "nap": "refused"},
        ),
    ],
)
def test_a_table_of_members_decides(
    tmp_path: Path, config: bytes, verdicts: dict[str, str]
) -> None:
    facts = _with_table(tmp_path, config)
    decider = Decider(facts)
    kind = "BPF_PROG_TYPE_STRUCT_OPS"
    contexts = {m: Context(kind, struct_ops="the_ops", member=m) for m in verdicts}
    assert {m: decider.decide(c, "one").verdict for m, c in contexts.items()} == verdicts


def test_rows_of_a_table_have_members_flags_and_lines(tmp_path: Path) -> None:
    (table,) = _with_table(tmp_path, b"CONFIG_NET=y\n").tables
    assert (table.name, table.unit, table.length) == ("allowed", 8, 3)
    assert [(row.index, row.member, row.value, row.names) for row in table.rows] == [
        (0, "start", 3, ("ALLOW_A", "ALLOW_B")),
        (2, "nap", 2, ("ALLOW_B",)),
    ]
    lines = (tmp_path / table.file).read_text().splitlines()
    assert "[OP_IDX(nap)]" in lines[table.rows[1].line - 1]


def test_members_past_the_end_of_a_table_are_unknown(tmp_path: Path) -> None:
    decider = Decider(_with_table(tmp_path, b"CONFIG_NET=y\n"))
    context = Context("BPF_PROG_TYPE_STRUCT_OPS", struct_ops="the_ops", member="late")
    assert decider.decide(context, "one").verdict == "unknown"


_ERRNO = "#define EACCES 13\n#define EINVAL 22\n#define ENOTSUPP 524\n"


def _with_table(root: Path, config: bytes) -> KernelFacts:
    sets = id_set("one", filter_="the_filter", types="STRUCT_OPS")
    text = INCLUDES + OPS + CHECK + STUBS + REGISTER + _TABLE + sets
    return extract(root, {SET_C: text, **_LOADER}, config)


_LOADER = {"kernel/bpf/bpf_struct_ops.c": ASKS_STUBS, "kernel/bpf/verifier.c": MAY_SLEEP}


def _extract(
    root: Path,
    *,
    ops: str = OPS,
    check: str = CHECK,
    register: str = REGISTER,
    files: dict[str, str] | None = None,
) -> KernelFacts:
    text = INCLUDES + ops + check + STUBS + register
    return extract(root, {SET_C: text, **_LOADER, **(files or {})})


def _members(facts: KernelFacts) -> dict[str, Member]:
    (found,) = facts.struct_ops
    return {member.name: member for member in found.members}
