"""A whole kernel tree, as Debian packages it, imported and compared with what ships.

Wants linux-source-6.12 (150 MB) and linux-config-6.12 of the machine's own Debian. They are fetched
in CI, and elsewhere when KFMAP_TEST_TREE names a folder to keep them in.
"""

from __future__ import annotations

import lzma
import os
import platform
import re
from pathlib import Path

import pytest

from kfmap.catalogue.bundling.archive import Archive
from kfmap.catalogue.bundling.recipes import Package
from kfmap.catalogue.bundling.unpack import read_member, unpack_tree
from kfmap.decoder.messages import message_index
from kfmap.decoder.reading import complains
from kfmap.kernel.extract import extract_kernel
from kfmap.kernel.facts import KernelFacts
from kfmap.permission.matrix import build_matrix
from tests.agree.truth import count_letters, read_bundled, read_truth
from tests.decoder.wording import SOURCES, list_messages

pytestmark = pytest.mark.tree

KERNEL = "6.12"
_CONFIG = re.compile(r"\./usr/src/linux-config-[^/]+/config\.amd64_none_amd64\.xz")


# Complaints in the text of a tree that no message of the decoder knows, at most: most are told
# to whoever builds a kernel, some are parts of a longer line.
_UNKNOWN_AT_MOST = {"verifier": 24, "sched_ext": 1, "libbpf": 47}
_PREFIX = {"libbpf": "libbpf: "}


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """Return the tree of the newest 6.12 of this machine's Debian, and its configuration."""
    kept = os.environ.get("KFMAP_TEST_TREE")
    if not kept and os.environ.get("CI") != "true":
        pytest.skip("set KFMAP_TEST_TREE to a folder with 2 GB for linux-source-6.12")
    work = Path(kept) if kept else tmp_path_factory.mktemp("tree")
    codename = platform.freedesktop_os_release()["VERSION_CODENAME"]
    archive = Archive(work, (codename, f"{codename}-security"))
    source = archive.fetch(Package(f"linux-source-{KERNEL}", ""))
    config = read_member(archive.fetch(Package(f"linux-config-{KERNEL}", "")), _CONFIG)
    tree = work / "tree" / source.stem
    if not tree.exists():
        unpack_tree(source, tree)
    return tree, lzma.decompress(config)


@pytest.fixture(scope="module")
def imported(fetched: tuple[Path, bytes]) -> KernelFacts:
    """Import the tree."""
    tree, config = fetched
    return extract_kernel(tree, config=config, btf=None, name=KERNEL, label="")


@pytest.mark.parametrize("kind", SOURCES)
def test_complaints_of_a_tree_are_known(kind: str, fetched: tuple[Path, bytes]) -> None:
    index = message_index()
    unknown = set()
    for literal, messages in list_messages(fetched[0], kind):
        lines = [_PREFIX.get(kind, "") + message for message in messages]
        if any(map(complains, lines)) and not any(map(index.find, lines)):
            unknown.add(literal)
    assert len(unknown) <= _UNKNOWN_AT_MOST[kind], sorted(unknown)


def test_a_real_tree_decides_as_the_booted_kernel_did(imported: KernelFacts) -> None:
    count, wrong = count_letters(read_truth(KERNEL), imported)
    assert (count, wrong[:20]) == (9_100, [])


def test_a_real_tree_is_understood_whole(imported: KernelFacts) -> None:
    assert imported.not_understood == ()


def test_a_later_point_release_decides_as_the_bundled_one(imported: KernelFacts) -> None:
    contexts = tuple(answers.context for answers in read_truth(KERNEL).answers)
    ours = build_matrix(imported, contexts)
    bundled = build_matrix(read_bundled(KERNEL), contexts)
    shared = set(ours.kfuncs) & set(bundled.kfuncs)
    assert len(shared) >= len(bundled.kfuncs) - 3
    differing = [
        (kfunc, context)
        for at, context in enumerate(contexts)
        for kfunc in shared
        if ours.verdict(at, ours.kfuncs.index(kfunc))
        != bundled.verdict(at, bundled.kfuncs.index(kfunc))
    ]
    assert differing == []
