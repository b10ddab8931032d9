"""Kernels of 5.13 to 5.17: bpf_verifier_ops.check_kfunc_call decides; those before have none."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.unread import UNREAD_RULE
from kfmap.permission.verdict import ALLOWED, REFUSED, UNKNOWN
from tests.kernel.small_kernel import CONFIG, INCLUDES, SET_C, UAPI_H, extract

BPF = CONFIG + b"CONFIG_BPF_SYSCALL=y\nCONFIG_BPF_JIT=y\nCONFIG_DEBUG_INFO_BTF=y\n"
MODULES = BPF + b"CONFIG_DEBUG_INFO_BTF_MODULES=y\n"
VERIFIER_C = """\
static int check_kfunc_call(struct bpf_verifier_env *env, struct bpf_insn *insn)
{
    if (!env->ops->check_kfunc_call || !env->ops->check_kfunc_call(insn->imm))
        return -EACCES;
    return 0;
}
"""
TYPES_H = """\
BPF_PROG_TYPE(BPF_PROG_TYPE_SCHED_CLS, tc_cls_act, struct __sk_buff, struct sk_buff)
BPF_PROG_TYPE(BPF_PROG_TYPE_XDP, xdp, struct xdp_md, struct xdp_buff)
BPF_PROG_TYPE(BPF_PROG_TYPE_STRUCT_OPS, bpf_struct_ops, void *, void *)
"""
OPERATIONS = """\
const struct bpf_verifier_ops tc_cls_act_verifier_ops = {
    .get_func_proto = tc_proto,
    .check_kfunc_call = the_check,
};
const struct bpf_verifier_ops xdp_verifier_ops = {
    .get_func_proto = xdp_proto,
};
"""
SETS = "".join(
    f"BTF_SET_START({name})\nBTF_ID(func, {kfunc})\nBTF_SET_END({name})\n"
    for name, kfunc in (("ids", "one"), ("other_ids", "two"))
)
CHECK = "bool the_check(u32 id)\n{\n    return btf_id_set_contains(&ids, id);\n}\n"
OLD = {
    "kernel/bpf/btf.c": "#include <linux/btf.h>\n#include <uapi/linux/bpf.h>\n",
    "kernel/bpf/verifier.c": VERIFIER_C,
    "include/linux/bpf_types.h": TYPES_H,
    "net/Makefile": "obj-y += set.o filter.o ca.o\nobj-$(CONFIG_MORE) += more.o\n",
    "net/filter.c": INCLUDES + OPERATIONS,
    SET_C: INCLUDES + SETS + CHECK,
}
LISTS_H = """\
#ifdef CONFIG_DEBUG_INFO_BTF_MODULES
void register_kfunc_btf_id_set(struct kfunc_btf_id_list *l, struct kfunc_btf_id_set *s);
bool bpf_check_mod_kfunc_call(struct kfunc_btf_id_list *l, u32 id, struct module *owner);
#else
static inline void register_kfunc_btf_id_set(struct kfunc_btf_id_list *l,
                                             struct kfunc_btf_id_set *s)
{
}
static inline bool bpf_check_mod_kfunc_call(struct kfunc_btf_id_list *l, u32 id,
                                            struct module *owner)
{
    return false;
}
#endif
"""
LISTS_C = """\
#include <linux/btf.h>
#include <uapi/linux/bpf.h>
#ifdef CONFIG_DEBUG_INFO_BTF_MODULES
void register_kfunc_btf_id_set(struct kfunc_btf_id_list *l, struct kfunc_btf_id_set *s)
{
    list_add(&s->list, &l->list);
}
bool bpf_check_mod_kfunc_call(struct kfunc_btf_id_list *l, u32 id, struct module *owner)
{
    struct kfunc_btf_id_set *s;
    list_for_each_entry(s, &l->list, list)
        if (s->owner == owner && btf_id_set_contains(s->set, id))
            return true;
    return false;
}
#endif
"""
LISTED_CHECK = """\
bool the_check(u32 id, struct module *owner)
{
    if (btf_id_set_contains(&ids, id))
        return true;
    return bpf_check_mod_kfunc_call(&the_list, id, owner);
}
"""
MORE_C = """\
BTF_SET_START(more_ids)
BTF_ID(func, three)
BTF_SET_END(more_ids)
static DEFINE_KFUNC_BTF_ID_SET(&more_ids, more_set);
static int __init more_init(void)
{
    register_kfunc_btf_id_set(&the_list, &more_set);
    return 0;
}
static void __exit more_exit(void)
{
    unregister_kfunc_btf_id_set(&the_list, &more_set);
}
"""
LISTED = {
    "include/linux/btf.h": LISTS_H,
    "kernel/bpf/btf.c": LISTS_C,
    SET_C: INCLUDES + SETS + LISTED_CHECK,
    "net/more.c": INCLUDES + MORE_C,
}
STRUCT_OPS = {
    "kernel/bpf/bpf_struct_ops_types.h": "".join(
        f"BPF_STRUCT_OPS_TYPE({name})\n" for name in ("ca_ops", "no_ops")
    ),
    "net/ca.c": INCLUDES
    + """\
struct ca_ops {
    void (*start)(void);
};
struct no_ops {
    void (*start)(void);
};
BTF_SET_START(ca_ids)
BTF_ID(func, two)
BTF_SET_END(ca_ids)
static bool ca_check(u32 id)
{
    return btf_id_set_contains(&ca_ids, id);
}
static const struct bpf_verifier_ops ca_verifier_ops = {
    .check_kfunc_call = ca_check,
};
static const struct bpf_verifier_ops no_verifier_ops = {
    .get_func_proto = no_proto,
};
struct bpf_struct_ops bpf_ca_ops = {
    .verifier_ops = &ca_verifier_ops,
    .name = "ca_ops",
};
struct bpf_struct_ops bpf_no_ops = {
    .verifier_ops = &no_verifier_ops,
    .name = "no_ops",
};
""",
}
TC = Context("BPF_PROG_TYPE_SCHED_CLS")
XDP = Context("BPF_PROG_TYPE_XDP")


def verdict(facts: KernelFacts, context: Context, kfunc: str) -> str:
    return Decider(facts).decide(context, kfunc).verdict


def implementing(struct_ops: str) -> Context:
    return Context("BPF_PROG_TYPE_STRUCT_OPS", struct_ops=struct_ops, member="start")


def test_the_operations_of_a_program_type_decide(tmp_path: Path) -> None:
    facts = extract(tmp_path, OLD, BPF)
    assert (verdict(facts, TC, "one"), verdict(facts, XDP, "one")) == (ALLOWED, REFUSED)
    assert verdict(facts, TC, "two") == REFUSED
    assert not facts.unread
    places = [str(reason.where) for reason in Decider(facts).decide(TC, "one").reasons]
    assert "net/filter.c:6" in places


@pytest.mark.parametrize(
    "body",
    [
        "return btf_id_set_contains(&ids, id) || btf_id_set_contains(&other_ids, id);",
        "if (btf_id_set_contains(&ids, id))\n return true;\n"
        "return btf_id_set_contains(&other_ids, id);",
        "bool found = btf_id_set_contains(&ids, id);\n"
        "return found ? true : btf_id_set_contains(&other_ids, id);",
    ],
)
def test_a_check_may_ask_several_sets(tmp_path: Path, body: str) -> None:
    check = f"bool the_check(u32 id)\n{{\n{body}\n}}\n"
    facts = extract(tmp_path, {**OLD, SET_C: INCLUDES + SETS + check}, BPF)
    assert [verdict(facts, TC, name) for name in ("one", "two")] == [ALLOWED, ALLOWED]
    assert verdict(facts, XDP, "two") == REFUSED


def test_a_check_may_leave_out_a_set(tmp_path: Path) -> None:
    both = "BTF_SET_START(both)\nBTF_ID(func, one)\nBTF_ID(func, two)\nBTF_SET_END(both)\n"
    check = (
        "bool the_check(u32 id)\n{\n    if (btf_id_set_contains(&other_ids, id))\n"
        "        return false;\n    return btf_id_set_contains(&both, id);\n}\n"
    )
    facts = extract(tmp_path, {**OLD, SET_C: INCLUDES + SETS + both + check}, BPF)
    assert [verdict(facts, TC, name) for name in ("one", "two")] == [ALLOWED, REFUSED]


@pytest.mark.parametrize(
    "check",
    [
        "bool the_check(u32 id)\n{\n    return look_elsewhere(id);\n}\n",
        "bool the_check(u32 id)\n{\n    return *table[id];\n}\n",
        "",
    ],
)
def test_a_check_that_is_not_understood_is_unknown_with_its_line(
    tmp_path: Path, check: str
) -> None:
    facts = extract(tmp_path, {**OLD, SET_C: INCLUDES + SETS + check}, BPF)
    found = Decider(facts).decide(TC, "one")
    assert found.verdict == UNKNOWN
    assert [r.file for r in found.reasons if r.rule == UNREAD_RULE and r.line]
    assert verdict(facts, XDP, "one") == REFUSED
    assert facts.unread


def test_a_struct_ops_type_has_operations_of_its_own(tmp_path: Path) -> None:
    facts = extract(tmp_path, {**OLD, **STRUCT_OPS}, BPF)
    assert verdict(facts, implementing("ca_ops"), "two") == ALLOWED
    assert verdict(facts, implementing("ca_ops"), "one") == REFUSED
    assert verdict(facts, implementing("no_ops"), "two") == REFUSED
    assert verdict(facts, TC, "two") == REFUSED


@pytest.mark.parametrize(("more", "owner"), [(b"y", "vmlinux"), (b"m", "more")])
def test_modules_add_their_sets_to_a_list(tmp_path: Path, more: bytes, owner: str) -> None:
    config = MODULES + b"CONFIG_MORE=" + more + b"\n"
    facts = extract(tmp_path, {**OLD, **LISTED}, config)
    assert [verdict(facts, TC, name) for name in ("one", "three")] == [ALLOWED, ALLOWED]
    assert verdict(facts, XDP, "three") == REFUSED
    assert {r.owner for r in facts.registrations if r.set_id == "more_ids"} == {owner}


def test_lists_hold_nothing_where_modules_have_no_btf(tmp_path: Path) -> None:
    facts = extract(tmp_path, {**OLD, **LISTED}, BPF + b"CONFIG_MORE=y\n")
    assert [verdict(facts, TC, name) for name in ("one", "three")] == [ALLOWED, REFUSED]


def test_lists_of_the_first_kind_do_not_find_what_is_built_in(tmp_path: Path) -> None:
    body = "    struct kfunc_btf_id_set *s;\n    list"
    early = LISTS_C.replace(body, f"    if (!owner)\n        return false;\n{body}")
    assert early != LISTS_C
    files = {**OLD, **LISTED, "kernel/bpf/btf.c": early}
    facts = extract(tmp_path / "built-in", files, MODULES + b"CONFIG_MORE=y\n")
    assert verdict(facts, TC, "three") == REFUSED
    facts = extract(tmp_path / "module", files, MODULES + b"CONFIG_MORE=m\n")
    assert verdict(facts, TC, "three") == ALLOWED


def test_a_kernel_before_kfuncs_says_that_it_has_none(tmp_path: Path) -> None:
    files = {
        "kernel/bpf/btf.c": OLD["kernel/bpf/btf.c"],
        "kernel/bpf/verifier.c": "static int check_func_call(void)\n{\n    return 0;\n}\n",
        "include/uapi/linux/bpf.h": UAPI_H,
    }
    facts = extract(tmp_path, files, BPF)
    found = Decider(facts).decide(XDP, "one")
    assert found.verdict == REFUSED
    assert "no calls of kernel functions: they came with 5.13" in found.reasons[0].text
    assert not facts.unread
