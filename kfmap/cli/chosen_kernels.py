"""Which kernels a command asks, and which of them decide its exit code."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence

from kfmap.catalogue.kernel_names import EVERY_KERNEL, find_by_any_name, find_line, find_newest
from kfmap.cli.commands import CommandFailedError
from kfmap.cli.kernels import AskedKernel, KernelByName, load_by_name, no_such_kernel
from kfmap.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class ChosenKernels:
    """The kernels to ask, oldest first, and the names of those that decide."""

    kernels: tuple[AskedKernel, ...]
    deciding: tuple[str, ...]


def add_kernel_arguments(parser: ArgumentParser) -> None:
    """Take `--kernel`, repeatable, and `--newest`."""
    parser.add_argument(
        "--kernel",
        action="append",
        default=[],
        help="a kernel that decides, by any of its names, or `all`; repeatable. Without one, all "
        "kernels are shown and the newest decides the exit code",
    )
    parser.add_argument(
        "--newest", type=int, metavar="N", help="ask the N newest kernels; all decide"
    )


def choose_kernels(names: Sequence[str], newest: int | None) -> ChosenKernels:
    """Return the kernels of these names and the newest ones; all, the newest deciding, for none.

    Raises CommandFailedError naming the kernels there are.
    """
    known = load_by_name()
    if newest is not None and newest < 1:
        raise CommandFailedError("--newest takes a number of kernels, 1 or more.")
    wanted: set[str] = set()
    for name in names:
        wanted |= _find(known, name)
    if newest is not None:
        wanted |= {item.name for item in (find_line(known) or list(known))[-newest:]}
    if not wanted:
        latest = find_newest(known)
        deciding = (latest.name,) if latest else ()
        return ChosenKernels(tuple(item.kernel for item in known), deciding)
    chosen = [item for item in known if item.name in wanted]
    return ChosenKernels(tuple(item.kernel for item in chosen), tuple(item.name for item in chosen))


def _find(known: Sequence[KernelByName], name: str) -> set[str]:
    if name == EVERY_KERNEL:
        return {item.name for item in known}
    found = find_by_any_name(known, name)
    if found is None:
        raise no_such_kernel(name, known)
    return {found.name}
