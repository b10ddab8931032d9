"""Which kernel of the map a new one is compared with."""

from __future__ import annotations

from pathlib import Path

from kfmap.given.nearest import find_like
from kfmap.kernel.facts import KernelFacts
from kfmap.quick_dataclass import replace
from tests.kernel.small_kernel import INCLUDES, SET_C, extract, id_set


def _kernel(root: Path, name: str, kfuncs: str, config: str = "") -> KernelFacts:
    facts = extract(root / name, {SET_C: INCLUDES + id_set(kfuncs)})
    return replace(facts, name=name, origin=replace(facts.origin, config_sha256=config))


def test_the_kernel_with_most_kfuncs_in_common_comes_first(tmp_path: Path) -> None:
    others = [_kernel(tmp_path, "9.1", "one"), _kernel(tmp_path, "9.2-rt", "one two")]
    assert find_like(_kernel(tmp_path, "mine", "one two"), others) == "9.2-rt"


def test_of_equals_the_same_configuration_the_release_and_the_plain_one_come_first(
    tmp_path: Path,
) -> None:
    mine = _kernel(tmp_path, "mine", "one", "abc")
    rt, plain = _kernel(tmp_path, "9.1-rt", "one"), _kernel(tmp_path, "9.1", "one")
    same = replace(rt, name="9.1-cloud", origin=mine.origin)
    older = replace(plain, name="9", version="9.0.0")
    assert find_like(mine, [rt, older, plain, same]) == "9.1-cloud"
    assert find_like(mine, [rt, older, plain]) == "9.1"
    assert find_like(mine, []) == ""


def test_a_kernel_that_was_asked_is_like_the_plain_one_of_its_release(tmp_path: Path) -> None:
    plain = _kernel(tmp_path, "9.1", "one two")
    flavour = replace(plain, name="9.1-arm64")
    asked = replace(plain, name="asked", kfuncs=(), observed_kfuncs=("one", "two"))
    assert find_like(asked, [flavour, plain]) == "9.1"
