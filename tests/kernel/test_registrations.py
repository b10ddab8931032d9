"""Registrations: each way in which the kernel writes the calls, and which of them are reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.verdict import ALLOWED, REFUSED
from tests.kernel.small_kernel import INCLUDES, SET_C, extract, extract_set, id_set

_SETS = """\
BTF_KFUNCS_START(the_set)
BTF_ID_FLAGS(func, one)
BTF_KFUNCS_END(the_set)

static const struct btf_kfunc_id_set the_id_set = {
    .owner = THIS_MODULE,
    .set   = &the_set,
};
"""


@pytest.mark.parametrize(
    "body",
    [
        "return REG(XDP, &the_id_set) ?: REG(SYSCALL, &the_id_set);",
        "int ret;\n ret = REG(XDP, &the_id_set);\n return ret ?: REG(SYSCALL, &the_id_set);",
        "int ret, err = 0;\n"
        " if ((ret = REG(XDP, &the_id_set)) ||\n     (ret = REG(SYSCALL, &the_id_set)))\n"
        "  return ret;\n return err;",
        'if (REG(XDP, &the_id_set))\n  pr_err("no");\n return REG(SYSCALL, &the_id_set);',
        "mutex_lock(&m);\n REG(XDP, &the_id_set);\n REG(SYSCALL, &the_id_set);\n mutex_unlock(&m);",
        'int ret = REG(XDP, &the_id_set);\n if (ret) {\n  pr_warn("no");\n  return 0;\n }\n'
        " ret = REG(SYSCALL, &the_id_set);\n if (ret)\n  goto out;\nout:\n return ret;",
        's32 id = find_type("x");\n if (id < 0)\n  return -EINVAL;\n'
        " REG(XDP, &the_id_set);\n return REG(SYSCALL, &the_id_set);",
    ],
)
def test_registrations_are_found_however_their_results_are_used(tmp_path: Path, body: str) -> None:
    facts = _register(tmp_path, body)
    assert sorted(r.program_type for r in facts.registrations) == [
        "BPF_PROG_TYPE_SYSCALL",
        "BPF_PROG_TYPE_XDP",
    ]


def test_a_registration_behind_an_option_that_is_off_is_not_reached(tmp_path: Path) -> None:
    body = (
        "int ret = REG(XDP, &the_id_set);\n if (ret || !IS_ENABLED(CONFIG_MORE))\n  return ret;\n"
    )
    body += " return REG(SYSCALL, &the_id_set);"
    assert len(_register(tmp_path / "off", body).registrations) == 1
    on = _register(tmp_path / "on", body, b"CONFIG_NET=y\nCONFIG_MORE=m\n")
    assert len(on.registrations) == 2


def test_a_function_that_nothing_names_registers_nothing(tmp_path: Path) -> None:
    text = _SETS + "static int the_init(void)\n{\n    return REG(XDP, &the_id_set);\n}\n"
    assert extract_set(tmp_path, _spell(text)).registrations == ()


def test_a_registration_has_its_hook_set_and_lines(tmp_path: Path) -> None:
    facts = extract_set(tmp_path, id_set("one two", types="LSM"))
    (registration,) = facts.registrations
    assert (registration.hook, registration.set_id) == ("BTF_KFUNC_HOOK_TRACING", "the_set")
    lines = (tmp_path / SET_C).read_text().splitlines()
    assert "register_btf_kfunc_id_set" in lines[registration.place.line - 1]
    assert "btf_kfunc_id_set the_id_set" in lines[registration.set_place.line - 1]


def test_fmodret_sets_have_a_hook_of_their_own(tmp_path: Path) -> None:
    text = _SETS + "static int the_init(void)\n{\n"
    text += "    return register_btf_fmodret_id_set(&the_id_set);\n}\nlate_initcall(the_init);\n"
    (registration,) = extract_set(tmp_path, text).registrations
    assert registration.hook == "BTF_KFUNC_HOOK_FMODRET"


def test_sets_of_one_name_in_two_files_stay_apart(tmp_path: Path) -> None:
    facts = extract(
        tmp_path,
        {
            "net/Makefile": "obj-y += set.o other.o\n",
            SET_C: INCLUDES + id_set("one"),
            "net/other.c": INCLUDES + id_set("two", types="SYSCALL"),
        },
    )
    assert {(r.set_id, r.hook) for r in facts.registrations} == {
        ("the_set@net/set.c", "BTF_KFUNC_HOOK_XDP"),
        ("the_set@net/other.c", "BTF_KFUNC_HOOK_SYSCALL"),
    }
    names = {s.id: [e.kfunc for e in s.entries] for s in facts.sets}
    assert names == {"the_set@net/set.c": ["one"], "the_set@net/other.c": ["two"]}


def test_filters_of_one_name_in_two_files_stay_apart(tmp_path: Path) -> None:
    head = "static int the_filter(const struct bpf_prog *prog, u32 kfunc_id)\n"
    lets_pass, refuses = head + "{\n    return 0;\n}\n", head + "{\n    return -1;\n}\n"
    facts = extract(
        tmp_path,
        {
            "net/Makefile": "obj-y += set.o other.o\n",
            SET_C: INCLUDES + lets_pass + id_set("one", filter_="the_filter"),
            "net/other.c": INCLUDES
            + refuses
            + id_set("two", types="SYSCALL", filter_="the_filter"),
        },
    )
    assert {f.id: (f.name, f.place.file) for f in facts.filters} == {
        "the_filter": ("the_filter", "net/other.c"),
        "the_filter@net/set.c": ("the_filter", SET_C),
    }
    decide = Decider(facts).decide
    assert decide(Context("BPF_PROG_TYPE_XDP"), "one").verdict == ALLOWED
    assert decide(Context("BPF_PROG_TYPE_SYSCALL"), "two").verdict == REFUSED


def test_a_set_in_a_file_that_is_included_belongs_to_the_unit(tmp_path: Path) -> None:
    files = {
        "net/Makefile": "obj-y += all.o\n",
        "net/all.c": '#ifdef CONFIG_SET\n#include "set.c"\n#endif\n',
        SET_C: INCLUDES + id_set("one"),
    }
    on = extract(tmp_path / "on", files, b"CONFIG_NET=y\nCONFIG_SET=y\n")
    assert [r.owner for r in on.registrations] == ["vmlinux"]
    assert extract(tmp_path / "off", files).registrations == ()


def test_a_set_nobody_knows_is_named(tmp_path: Path) -> None:
    text = (
        "static int the_init(void)\n{\n    return REG(XDP, &lost);\n}\nlate_initcall(the_init);\n"
    )
    facts = extract_set(tmp_path, _spell(_SETS + text))
    assert {(p.construct, p.text) for p in facts.not_understood} == {
        ("registration", "lost"),
        ("set that nothing registers", "the_set"),
    }


def _register(root: Path, body: str, config: bytes = b"CONFIG_NET=y\n") -> KernelFacts:
    text = _SETS + f"static int the_init(void)\n{{\n {body}\n}}\nlate_initcall(the_init);\n"
    return extract_set(root, _spell(text), config)


def _spell(text: str) -> str:
    return text.replace("REG(", "register_btf_kfunc_id_set(BPF_PROG_TYPE_")
