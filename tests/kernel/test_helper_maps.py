"""Which types of maps helpers take, as small trees say."""

from __future__ import annotations

from pathlib import Path

from kfmap.kernel.facts import KernelFacts, Place
from kfmap.kernel.helper_form import HelperMaps
from kfmap.kernel.helper_json import read_helpers
from tests.kernel.helper_tree import FILTER, FILTER_C, HELPERS, HELPERS_C, write_helpers_tree
from tests.kernel.small_kernel import extract
from tests.kernel.verifier_tree import VERIFIER_C

MAP_TYPES = """\
enum bpf_map_type {
    BPF_MAP_TYPE_UNSPEC,
    BPF_MAP_TYPE_HASH,
    BPF_MAP_TYPE_RINGBUF,
    BPF_MAP_TYPE_SOCKMAP,
    BPF_MAP_TYPE_OLD_DEPRECATED,
    __MAX_BPF_MAP_TYPE
};
"""
CHECK = """\
static bool may_update_sockmap(struct bpf_verifier_env *env, int func_id)
{
    enum bpf_attach_type eatype = env->prog->expected_attach_type;
    enum bpf_prog_type type = resolve_prog_type(env->prog);

    if (func_id != BPF_FUNC_map_lookup_elem)
        return false;
    switch (type) {
    case BPF_PROG_TYPE_TRACING:
        if (eatype == BPF_TRACE_ITER)
            return true;
        break;
    case BPF_PROG_TYPE_XDP:
        return true;
    default:
        break;
    }
    verbose(env, "not here\\n");
    return false;
}
static int check_map_func_compatibility(struct bpf_verifier_env *env,
                                        struct bpf_map *map, int func_id)
{
    if (!map)
        return 0;
    switch (map->map_type) {
    case BPF_MAP_TYPE_RINGBUF:
        if (func_id != BPF_FUNC_redirect)
            goto error;
        break;
    case BPF_MAP_TYPE_SOCKMAP:
        if (func_id != BPF_FUNC_redirect &&
            !may_update_sockmap(env, func_id))
            goto error;
        break;
    default:
        break;
    }
    switch (func_id) {
    case BPF_FUNC_redirect:
        if (map->map_type != BPF_MAP_TYPE_RINGBUF)
            goto error;
        if (env->subprog_cnt > 1 && !may_mix(env))
            return -EINVAL;
        break;
    default:
        break;
    }
    return 0;
error:
    verbose(env, "cannot pass map_type %d into func %s#%d\\n", map->map_type, name, func_id);
    return -EINVAL;
}
"""
_HASH, _RINGBUF, _OLD = (f"BPF_MAP_TYPE_{word}" for word in ("HASH", "RINGBUF", "OLD_DEPRECATED"))


def _extract(root: Path, check: str = CHECK, redirect: str = ".arg2_type") -> KernelFacts:
    files = write_helpers_tree()
    files["include/linux/maps.h"] = MAP_TYPES
    files[VERIFIER_C] += f"#include <linux/maps.h>\n{check}"
    files[HELPERS_C] = HELPERS.replace(
        ".func = map_lookup,", ".func = map_lookup, .arg1_type = ARG_CONST_MAP_PTR,"
    )
    files[FILTER_C] = FILTER.replace(
        "redirect_proto = {", f"redirect_proto = {{ {redirect} = ARG_CONST_MAP_PTR,"
    )
    return extract(root, files)


def _maps(facts: KernelFacts) -> dict[str, HelperMaps]:
    helpers = read_helpers(facts.helpers)
    assert helpers is not None
    return {item.helper: item for item in helpers.maps}


def _line(root: Path, text: str, nth: int = 0) -> int:
    lines = (root / VERIFIER_C).read_text().split("\n")
    return [number for number, line in enumerate(lines, 1) if text in line][nth]


def test_helpers_with_a_map_argument_are_asked_about(tmp_path: Path) -> None:
    facts = _extract(tmp_path)
    assert facts.not_understood == ()
    assert set(_maps(facts)) == {"map_lookup_elem", "probe_read", "redirect"}  # two share a proto


def test_what_a_helper_takes_and_the_line_that_refuses_the_rest(tmp_path: Path) -> None:
    place = Place(VERIFIER_C, 0)
    maps = _maps(_extract(tmp_path))["redirect"]
    place = Place(VERIFIER_C, _line(tmp_path, "map->map_type != BPF_MAP_TYPE_RINGBUF") + 1)
    assert maps == HelperMaps("redirect", 2, (_RINGBUF,), (), place)


def test_a_map_that_only_some_programs_may_give(tmp_path: Path) -> None:
    maps = _maps(_extract(tmp_path))["map_lookup_elem"]
    assert maps.types == (_HASH, _OLD)
    assert maps.programs == (
        "BPF_MAP_TYPE_SOCKMAP BPF_PROG_TYPE_XDP",
        "BPF_MAP_TYPE_SOCKMAP BPF_PROG_TYPE_TRACING BPF_TRACE_ITER",
    )
    assert maps.place == Place(VERIFIER_C, _line(tmp_path, "check_map_func_compatibility"))


def test_a_helper_that_the_check_does_not_name_is_as_any_other(tmp_path: Path) -> None:
    maps = _maps(_extract(tmp_path))["probe_read"]
    assert (maps.types, maps.programs) == ((_HASH, _OLD), ())


def test_prototypes_without_a_map_say_nothing(tmp_path: Path) -> None:
    maps = _maps(_extract(tmp_path, redirect=".arg2_other"))
    assert set(maps) == {"map_lookup_elem", "probe_read"}


def test_a_check_that_is_not_understood_is_named(tmp_path: Path) -> None:
    check = CHECK.replace("return 0;\nerror:", "return other_check(env);\nerror:")
    facts = _extract(tmp_path, check)
    assert _maps(facts) == {}
    assert {item.construct for item in facts.not_understood} == {"maps of helpers"}


def test_a_tree_without_the_check_says_nothing(tmp_path: Path) -> None:
    assert _maps(_extract(tmp_path, "")) == {}
