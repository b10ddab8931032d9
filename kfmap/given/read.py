"""Read a kernel from everything that was given of it, and say what does not fit together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kfmap.btf.function_pack import pack_functions
from kfmap.btf.read import read_btf
from kfmap.given.configuration import (
    GivenConfig,
    check_config,
    find_machine,
    read_given_config,
    sets_big_endian,
)
from kfmap.given.files import Advice, GivenError, join_doubts
from kfmap.given.patch import apply_patches
from kfmap.given.source import find_source
from kfmap.given.types import GivenTypes, is_big_endian, missing_kfuncs, read_given_types
from kfmap.given.unpacked import Source
from kfmap.kernel.extract import extract_kernel, find_origin
from kfmap.kernel.facts import VMLINUX, KernelFacts, Origin
from kfmap.kernel.patched_tree import PatchedTree
from kfmap.kernel.tree import Tree, TreeError
from kfmap.kernel.version import read_version

_SHOWN = 5
Step = Callable[[str], None]
Expect = Callable[[Origin], None]
_NO_KFUNC = (
    "no kfunc was found in {tree}, and every kernel with BPF registers some: give a whole tree, "
    "with the Makefile and Kbuild files of all folders, and a .config with CONFIG_BPF_SYSCALL"
)


class DoubtError(GivenError):
    """What was given does not fit together; it is taken anyway where that is wanted."""


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody gave: a tree in any form, and perhaps what goes with it.

    `build` is a folder that make O= wrote to, `revision` a commit of a repository. `every_option`:
    a .config that lies in the tree is not used.
    """

    tree: Path
    config: Path | None = None
    types: tuple[Path, ...] = ()
    build: Path | None = None
    revision: str = ""
    patches: tuple[Path, ...] = ()
    name: str = ""
    label: str = ""
    every_option: bool = False
    anyway: bool = False


@dataclass(frozen=True, slots=True)
class ReadKernel:
    """A kernel that was read, and how: `origin` in words, `doubts` that it was taken in spite of.

    `before` are the facts without the patches, None where there are none.
    """

    facts: KernelFacts
    types: bytes | None
    config: bytes | None
    functions: bytes | None
    source: Source
    remarks: tuple[str, ...]
    doubts: tuple[str, ...] = ()
    before: KernelFacts | None = None


@dataclass(slots=True)
class _Found:
    """What the reading came upon so far."""

    source: Source
    config: GivenConfig | None = None
    types: GivenTypes | None = None
    remarks: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def _say_nothing(step: str) -> None:
    """Take a step without telling anybody."""


def _expect_nothing(origin: Origin) -> None:
    """Read it, wherever it comes from."""


def read_given(
    given: Given, scratch: Path, say: Step = _say_nothing, expect: Expect = _expect_nothing
) -> ReadKernel:
    """Return the kernel that was given; `say` is told each step, `expect` what it comes from.

    That is before its code is read, which takes most of the time: `expect` may raise.

    Raises GivenError or TreeError where it cannot be read, DoubtError where what was given does not
    fit together and it is not wanted anyway.
    """
    say("looking at the configuration and the image")
    types = read_given_types(given.types) if given.types else None
    config = read_given_config(given.config) if given.config else None
    say("unpacking the source" if given.tree.is_file() else "looking for the source")
    source = find_source(given.tree, scratch, given.revision, given.build)
    version = read_version(Tree(source.folder))
    found = _Found(source, config, types, list(source.remarks), list(source.doubts))
    _look_around(given, found)
    _check_release(found, version)
    _refuse(found.doubts, given)
    expect(find_origin(version, *_text_and_types(found), given.label))
    say("reading the source")
    patched = _patched_tree(given, source)
    facts = _extract(patched or Tree(source.folder), given, found)
    before = _extract(Tree(source.folder), given, found) if patched else None
    _check_facts(facts, found)
    _refuse(found.doubts, given)
    say("packing types and functions")
    functions = None
    if found.types:
        functions = pack_functions(read_btf(found.types.btf), found.types.modules)
    text, btf = _text_and_types(found)
    return ReadKernel(
        facts,
        btf,
        text,
        functions,
        source,
        tuple(found.remarks),
        tuple(found.doubts),
        before,
    )


def _look_around(given: Given, found: _Found) -> None:
    """Find what was not given where the kernel was built, or in its image."""
    if given.every_option:
        return
    if found.config is None and found.source.config is not None:
        found.config = read_given_config(found.source.config)
        found.remarks.append(f"The configuration is {found.source.config}, which was found there.")
        if found.types is None and found.source.image is not None:
            found.types = read_given_types([found.source.image])
            found.remarks.append(f"The image is {found.source.image}, which was found there.")
    if found.config is None and found.types and found.types.config is not None:
        found.config = GivenConfig(found.types.config, "the image")
        found.remarks.append("The configuration is that which the image carries (IKCONFIG).")


def _check_release(found: _Found, version: str) -> None:
    if found.config:
        fit = check_config(found.config, version)
        found.doubts += fit.doubts
        found.remarks += fit.remarks
    if found.types and found.config:
        found.doubts += find_other_machine(found.types, found.config)
    release = found.types.release if found.types else ""
    if release and _series(release) != _series(version):
        found.doubts.append(f"the image is one of {release}, and the source is {version}")


def find_other_machine(types: GivenTypes, config: GivenConfig) -> Iterator[str]:
    """Return how an image, or types alone, cannot be those of a configuration."""
    own = find_machine(config.text)
    if types.machine and own and own != types.machine:
        yield f"the image is one for {types.machine}, and {config.name} for {own}"
    elif own and is_big_endian(types.btf) != sets_big_endian(config.text):
        order = f"another byte order than {own}"
        yield f"the types are of a machine with {order}, which {config.name} is for"


def _series(release: str) -> list[str]:
    return release.split(".")[:2]


def _patched_tree(given: Given, source: Source) -> PatchedTree | None:
    if not given.patches:
        return None
    changed = apply_patches(list(given.patches), Tree(source.folder).read)
    return PatchedTree(source.folder, changed)


def _extract(tree: Tree, given: Given, found: _Found) -> KernelFacts:
    config, btf = _text_and_types(found)
    return extract_kernel(tree, config=config, btf=btf, name=given.name, label=given.label)


def _text_and_types(found: _Found) -> tuple[bytes | None, bytes | None]:
    return found.config.text if found.config else None, found.types.btf if found.types else None


def _check_facts(facts: KernelFacts, found: _Found) -> None:
    """Doubt a kernel without kfuncs, and types that lack the kernel's own."""
    if not facts.kfuncs:
        found.doubts.append(_NO_KFUNC.format(tree=found.source.folder))
    if not found.types:
        return
    own = sorted(kfunc.name for kfunc in facts.kfuncs if kfunc.owner == VMLINUX)
    missing = missing_kfuncs(read_btf(found.types.btf), own)
    if missing and found.config is None:
        found.remarks.append(
            f"{len(missing)} of {len(own)} kfuncs are not in the types, for every option counts as "
            "on and the kernel was built with its own: give its .config, too."
        )
    elif missing:
        found.doubts.append(
            f"the types are those of another build: {len(missing)} of {len(own)} kfuncs that this "
            f"source registers in vmlinux are not in them ({_some(missing)})"
        )


def _some(names: Iterable[str]) -> str:
    names = list(names)
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


def _refuse(doubts: list[str], given: Given) -> None:
    if doubts and not given.anyway:
        raise DoubtError(f"{join_doubts(doubts)}.", Advice.ANYWAY)


__all__ = [
    "DoubtError",
    "Given",
    "GivenError",
    "ReadKernel",
    "TreeError",
    "find_other_machine",
    "read_given",
]
