"""Sets of kfuncs: each way in which the kernel writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.kernel.facts import Entry
from kfmap.kernel.rules.id_sets import IdSet, find_id_sets
from tests.kernel.small_kernel import SET_C, extract_set, id_set, read_code


def test_members_have_flags_and_lines(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        "BTF_KFUNCS_START(some)\n"
        "BTF_ID_FLAGS(func, plain)\n"
        "BTF_ID_FLAGS(func, zero, 0)\n"
        "BTF_ID_FLAGS(func, two, KF_ACQUIRE | KF_RELEASE)\n"
        "BTF_KFUNCS_END(some)\n",
    )
    assert found.kind == "kfuncs"
    assert found.place.line == 1
    assert [(e.kfunc, e.flags, e.place.line) for e in found.entries] == [
        ("plain", (), 2),
        ("zero", (), 3),
        ("two", ("KF_ACQUIRE", "KF_RELEASE"), 4),
    ]


@pytest.mark.parametrize(("word", "kind"), [("KFUNCS", "kfuncs"), ("SET8", "set8"), ("SET", "set")])
def test_the_kind_is_that_of_the_macro(tmp_path: Path, word: str, kind: str) -> None:
    found = _read(tmp_path, f"BTF_{word}_START(some)\nBTF_ID(func, one)\nBTF_{word}_END(some)\n")
    assert (found.kind, _names(found)) == (kind, ["one"])


def test_a_member_may_span_lines_and_end_in_a_semicolon(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        "BTF_KFUNCS_START(some)\n"
        "BTF_ID_FLAGS(func, first,\n"
        "        KF_ACQUIRE |\n"
        "        KF_RELEASE);\n"
        "BTF_ID_FLAGS(func, second);\n"
        "BTF_KFUNCS_END(some)\n",
    )
    assert [(e.kfunc, e.flags, e.place.line) for e in found.entries] == [
        ("first", ("KF_ACQUIRE", "KF_RELEASE"), 2),
        ("second", (), 5),
    ]


def test_members_under_options_are_there_when_these_are_on(tmp_path: Path) -> None:
    text = (
        "BTF_SET8_START(some)\n"
        "#ifdef CONFIG_X86\n"
        "#ifdef CONFIG_TRACE\n"
        "BTF_ID_FLAGS(func, inner)\n"
        "#endif\n"
        "#else\n"
        "BTF_ID_FLAGS(func, other)\n"
        "#endif\n"
        "#if !defined(CONFIG_S390) && IS_ENABLED(CONFIG_MODULE)\n"
        "BTF_ID_FLAGS(func, last)\n"
        "#endif\n"
        "BTF_SET8_END(some)\n"
    )
    config = b"CONFIG_X86=y\nCONFIG_TRACE=y\nCONFIG_MODULE=m\n"
    found = _read(tmp_path, text, config)
    assert [(e.kfunc, e.condition) for e in found.entries] == [
        ("inner", "CONFIG_X86 and CONFIG_TRACE"),
        ("last", "not CONFIG_S390 and CONFIG_MODULE"),
    ]
    assert _names(_read(tmp_path, text, b"")) == ["other"]


def test_ifdef_of_a_module_is_off_and_its_module_macro_on(tmp_path: Path) -> None:
    text = (
        "BTF_SET8_START(some)\n"
        "#ifdef CONFIG_A\nBTF_ID_FLAGS(func, built_in)\n#endif\n"
        "#ifdef CONFIG_A_MODULE\nBTF_ID_FLAGS(func, module)\n#endif\n"
        "BTF_SET8_END(some)\n"
    )
    assert _names(_read(tmp_path, text, b"CONFIG_A=m\n")) == ["module"]
    assert _names(_read(tmp_path, text, b"CONFIG_A=y\n")) == ["built_in"]


def test_members_from_a_list_macro_are_those_of_its_line(tmp_path: Path) -> None:
    header = "#define EACH_KFUNC EACH(A, first) \\\n    EACH(B, second)\n"
    text = (
        "#include <linux/each.h>\n"
        "#define EACH(word, name) OTHER(name)\n"
        "EACH_KFUNC\n"
        "#undef EACH\n"
        "#define EACH(word, name) BTF_ID_FLAGS(func, bpf_##name, KF_RELEASE)\n"
        "BTF_KFUNCS_START(some)\n"
        "EACH_KFUNC\n"
        "BTF_KFUNCS_END(some)\n"
        "#undef EACH\n"
    )
    code = read_code(tmp_path, {"include/linux/each.h": header, SET_C: text})
    (found,) = find_id_sets(code, SET_C)
    assert [(e.kfunc, e.flags, e.place.line) for e in found.entries] == [
        ("bpf_first", ("KF_RELEASE",), 7),
        ("bpf_second", ("KF_RELEASE",), 7),
    ]


def test_a_macro_that_names_itself_is_expanded_once(tmp_path: Path) -> None:
    text = (
        "#define MORE BTF_ID(func, one) MORE MORE\nBTF_SET_START(some)\nMORE\nBTF_SET_END(some)\n"
    )
    assert _names(_read(tmp_path, text)) == ["one"]


def test_lists_hold_their_ids(tmp_path: Path) -> None:
    code = read_code(
        tmp_path,
        {
            SET_C: "BTF_ID_LIST_SINGLE(single, func, the_hook)\n"
            "BTF_ID_LIST(two)\n"
            "BTF_ID(struct, first)\n"
            "BTF_ID(func, second)\n"
            "static int x;\n"
        },
    )
    lists = {item.name: (item.kind, _names(item)) for item in find_id_sets(code, SET_C)}
    assert lists == {"single": ("list", ["the_hook"]), "two": ("list", ["first", "second"])}


def test_comments_and_strings_hold_no_members(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        "BTF_KFUNCS_START(some)\n"
        "/* BTF_ID_FLAGS(func, commented)\n"
        " */\n"
        "// BTF_ID_FLAGS(func, other)\n"
        'const char *s = "BTF_ID_FLAGS(func, text)";\n'
        "BTF_ID_FLAGS(func, real)\n"
        "BTF_KFUNCS_END(some)\n",
    )
    assert found.entries == (Entry("real", (), found.entries[0].place),)
    assert found.entries[0].place.line == 6


def _read(root: Path, text: str, config: bytes = b"") -> IdSet:
    (found,) = find_id_sets(read_code(root, {SET_C: text}, config), SET_C)
    return found


def _names(found: IdSet) -> list[str]:
    return [entry.kfunc for entry in found.entries]


FLAGS = {
    "FL": "#define FL (KF_ACQUIRE | KF_SLEEPABLE)\n",
    "KF_ACQUIRE | FL": "#define FL KF_SLEEPABLE\n",
    "0x21": "",
    "BIT(0) | (1 << 5)": "",
    "(u32)KF_SLEEPABLE + KF_ACQUIRE": "",
    "IS_ENABLED(CONFIG_NET) ? KF_SLEEPABLE | KF_ACQUIRE : 0": "",
    "(KF_ACQUIRE | KF_SLEEPABLE | KF_RELEASE) & ~KF_RELEASE": "",
    "KF_ACQUIRE | KF_RELEASE": "#undef KF_RELEASE\n#define KF_RELEASE KF_SLEEPABLE\n",
}


@pytest.mark.parametrize("written", FLAGS)
def test_flags_are_what_their_expression_comes_to(tmp_path: Path, written: str) -> None:
    text = FLAGS[written] + id_set("one").replace("func, one", f"func, one, {written}")
    facts = extract_set(tmp_path, text)
    ((entry,),) = (found.entries for found in facts.sets)
    assert entry.flags == ("KF_ACQUIRE", "KF_SLEEPABLE")
    assert facts.not_understood == ()


def test_flags_that_are_not_known_are_noted(tmp_path: Path) -> None:
    facts = extract_set(tmp_path, id_set("one").replace("func, one", "func, one, own_flags(3)"))
    assert [(p.construct, p.text) for p in facts.not_understood] == [
        ("flags of a kfunc", "own_flags(3)")
    ]


@pytest.mark.parametrize(
    ("macro", "written"),
    [("#define ARGS func, one, KF_SLEEPABLE\n", "ARGS"), ("#define F(x) func, x\n", "F(one)")],
)
def test_one_macro_may_stand_for_all_of_an_entry(tmp_path: Path, macro: str, written: str) -> None:
    facts = extract_set(tmp_path, macro + id_set("one").replace("func, one", written))
    assert [entry.kfunc for found in facts.sets for entry in found.entries] == ["one"]
    assert facts.not_understood == ()
