"""Which maps programs may not use, as small verifiers say."""

from __future__ import annotations

from pathlib import Path

from kfmap.kernel.facts import KernelFacts, Place
from kfmap.kernel.program_facts import MapRefusal
from tests.kernel.small_kernel import extract
from tests.kernel.verifier_tree import HEAD, VERIFIER_C, write_verifier

MAPS_H = """\
enum bpf_map_type {
    BPF_MAP_TYPE_UNSPEC,
    BPF_MAP_TYPE_HASH,
    BPF_MAP_TYPE_ARRAY,
    BPF_MAP_TYPE_STRUCT_OPS,
    BPF_MAP_TYPE_SOCKMAP,
    __MAX_BPF_MAP_TYPE
};
enum btf_field_type {
    BPF_SPIN_LOCK = (1 << 0),
    BPF_TIMER = (1 << 1),
    BPF_LIST_HEAD = (1 << 2),
};
"""
TRACING = """\
static bool is_tracing_prog_type(enum bpf_prog_type type)
{
    switch (type) {
    case BPF_PROG_TYPE_KPROBE:
        return true;
    default:
        return false;
    }
}
"""
CHECK = """\
static int check_map_prog_compatibility(struct bpf_verifier_env *env, struct bpf_map *map,
                                        struct bpf_prog *prog)
{
    enum bpf_prog_type prog_type = resolve_prog_type(prog);

    if (map->excl_prog_sha && memcmp(map->excl_prog_sha, prog->digest, 32)) {
        verbose(env, "not this program\\n");
        return -EACCES;
    }
    if (btf_record_has_field(map->record, BPF_SPIN_LOCK | BPF_TIMER)) {
        if (prog_type == BPF_PROG_TYPE_XDP) {
            verbose(env, "no xdp "
                    "yet\\n");
            return -EINVAL;
        }
        if (is_tracing_prog_type(prog_type)) {
            verbose(env, "no tracing yet\\n");
            return -EINVAL;
        }
        if (prog->sleepable) {
            verbose(env, "nobody asleep\\n");
            return -EINVAL;
        }
    }
    if (map->map_type == BPF_MAP_TYPE_STRUCT_OPS) {
        verbose(env, "no map for programs\\n");
        return -EINVAL;
    }
    if (prog->sleepable)
        switch (map->map_type) {
        case BPF_MAP_TYPE_HASH:
        case BPF_MAP_TYPE_ARRAY:
            break;
        default:
            verbose(env, "only array and hash\\n");
            return -EINVAL;
        }
    return 0;
}
"""
OLDER = CHECK.replace(
    "btf_record_has_field(map->record, BPF_SPIN_LOCK | BPF_TIMER)", "map_value_has_timer(map)"
)


def _extract(root: Path, check: str = CHECK, older: str = "") -> KernelFacts:
    files = write_verifier()
    files[VERIFIER_C] = f"{HEAD}#include <linux/maps.h>\n{TRACING}{check}{older}" + files[
        VERIFIER_C
    ].removeprefix(HEAD)
    return extract(root, files | {"include/linux/maps.h": MAPS_H})


def _rows(facts: KernelFacts) -> set[tuple[str, str, tuple[str, ...], bool, str]]:
    assert facts.map_refusals is not None
    return {
        (r.field, r.map_type, tuple(n[14:] for n in r.program_types), r.sleepable, r.message)
        for r in facts.map_refusals
    }


def test_fields_are_refused_to_the_types_that_the_check_names(tmp_path: Path) -> None:
    assert _rows(_extract(tmp_path)) == {
        ("BPF_SPIN_LOCK", "", ("XDP",), False, "no xdp yet"),
        ("BPF_SPIN_LOCK", "", ("KPROBE",), False, "no tracing yet"),
        ("BPF_SPIN_LOCK", "", (), True, "nobody asleep"),
        ("BPF_TIMER", "", ("XDP",), False, "no xdp yet"),
        ("BPF_TIMER", "", ("KPROBE",), False, "no tracing yet"),
        ("BPF_TIMER", "", (), True, "nobody asleep"),
        ("", "BPF_MAP_TYPE_STRUCT_OPS", (), False, "no map for programs"),
        ("", "BPF_MAP_TYPE_SOCKMAP", (), True, "only array and hash"),
    }


def test_a_refusal_names_its_line(tmp_path: Path) -> None:
    facts = _extract(tmp_path)
    text = (tmp_path / VERIFIER_C).read_text().split("\n")
    line = next(at for at, found in enumerate(text, 1) if "no map for programs" in found) + 1
    refusal = MapRefusal(
        "", "BPF_MAP_TYPE_STRUCT_OPS", (), False, "no map for programs", Place(VERIFIER_C, line)
    )
    assert refusal in (facts.map_refusals or ())


def test_older_trees_have_a_function_for_each_field(tmp_path: Path) -> None:
    fields = {row[0] for row in _rows(_extract(tmp_path, OLDER))}
    assert fields == {"BPF_TIMER", ""}


def test_a_tree_without_the_check_says_nothing(tmp_path: Path) -> None:
    assert extract(tmp_path, write_verifier()).map_refusals is None


def test_what_the_check_tests_of_other_things_refuses_nothing(tmp_path: Path) -> None:
    check = CHECK.replace(
        "    return 0;\n}", "    if (env->odd)\n        return -EPERM;\n    return 0;\n}"
    )
    assert _rows(_extract(tmp_path, check)) == _rows(_extract(tmp_path / "other"))
