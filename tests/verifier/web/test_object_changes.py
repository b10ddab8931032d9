"""What the page of an object says across kernels, of rows that were never saved."""

from __future__ import annotations

from kfmap.catalogue.models import Kernel
from verifier.engine.result import PASSES, REFUSED, UNKNOWN, ProgramVerdict
from verifier.records.store import Checked
from verifier.web.object_changes import AcrossKernels, build_across


def _across(
    *said: tuple[str, str], asked_only: tuple[str, ...] = (), pair: tuple[str, str] = ("", "")
) -> AcrossKernels:
    kernels = [
        Kernel(name=name, facts_hash=name, has_rules=name not in asked_only) for name, _ in said
    ]
    checks = {name: Checked("", (ProgramVerdict("one", word, (), (), ()),)) for name, word in said}
    return build_across(kernels, checks, *pair)


def test_the_newest_two_that_are_compared_are_two_releases() -> None:
    """Not two builds of one: between 7.3-arm64 and 7.3 little changes for a scheduler."""
    across = _across(("7.3", PASSES), ("7.3-rt", PASSES), ("7.3-arm64", PASSES), ("7.2", REFUSED))
    assert across.before
    assert across.after
    assert (across.before.name, across.after.name) == ("7.2", "7.3")
    assert len(across.changes) == 1


def test_two_builds_are_compared_where_there_is_one_release() -> None:
    across = _across(("7.3", PASSES), ("7.3-rt", REFUSED))
    assert across.before
    assert (across.before.name, len(across.changes)) == ("7.3-rt", 1)


def test_a_kernel_that_was_only_asked_is_not_known_in_the_span() -> None:
    """As the report of the command line says it: 7.0 was never known to load the object."""
    across = _across(("7.1", PASSES), ("7.0", UNKNOWN), ("6.19", PASSES), asked_only=("7.0",))
    assert across.span.words == "nothing is refused from 6.19 to 7.1; it is not known of 7.0"


def test_one_kernel_that_is_asked_for_is_compared_with_one_of_the_newest_two() -> None:
    said = (("7.3", PASSES), ("7.2", REFUSED), ("7.1", PASSES))
    across = _across(*said, pair=("7.1", ""))
    assert across.before
    assert across.after
    assert (across.before.name, across.after.name) == ("7.1", "7.3")


def test_a_kernel_that_the_object_is_not_checked_on_is_compared_with_none() -> None:
    """The page had compared the newest two releases and not said that these are others."""
    across = _across(("7.3", PASSES), ("7.2", REFUSED), pair=("7.1", "7.3"))
    assert (across.before, across.changes, across.not_checked) == (None, [], ["7.1"])
