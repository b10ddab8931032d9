"""`manage.py import_kernel`: a source tree, its .config and BTF become a kernel of the map."""

from __future__ import annotations

import re
import zlib
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import DataError

from kfmap.btf.function_pack import pack_functions
from kfmap.btf.read import BtfError, read_btf
from kfmap.btf.vmlinux import extract_btf
from kfmap.catalogue.checks_tag import SETTINGS_CHECKS
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import KernelExistsError, save_kernel
from kfmap.kernel.extract import TreeError, extract_kernel
from kfmap.kernel.facts import KernelFacts

_MAX_BTF_FILE = 1 << 30

_GZIP = b"\x1f\x8b"  # /proc/config.gz
_MOST_CONFIG = 8 << 20
_OPTION = re.compile(rb"^(?:# )?CONFIG_\w", re.M)
_NO_KFUNC = (
    "No kfunc was found in {tree}, and every kernel with BPF registers some: give a whole tree, "
    "with the Makefile and Kbuild files of all folders, and a .config with CONFIG_BPF_SYSCALL. "
    "Kernels before 6.1 register kfuncs in ways that are not read. --anyway saves the empty map."
)


class Command(BaseCommand):
    """Import one kernel."""

    help = "Read who may call which kfunc from a kernel's source tree and put it into the map."
    requires_system_checks = (SETTINGS_CHECKS,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the tree and what goes with it."""
        parser.add_argument("tree", type=Path, metavar="TREE", help="a kernel source tree")
        parser.add_argument("--config", type=Path, help="its .config; default: every option is on")
        parser.add_argument("--btf", type=Path, help="vmlinux, vmlinuz or raw BTF of that kernel")
        parser.add_argument("--name", default="", help="a short name; default: from its version")
        parser.add_argument(
            "--label", default="", help="where it comes from, for people; default: as it was"
        )
        parser.add_argument(
            "--replace", action="store_true", help="replace the kernel of this name"
        )
        parser.add_argument(
            "--anyway", action="store_true", help="save a kernel in which no kfunc was found"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Read first, then write: whatever goes wrong leaves the map as it was."""
        types = None if options["btf"] is None else _read_types(options["btf"])
        config = None if options["config"] is None else _read_config(options["config"])
        try:
            facts = extract_kernel(
                options["tree"],
                config=config,
                btf=types,
                name=options["name"],
                label=options["label"],
            )
            if not facts.kfuncs and not options["anyway"]:
                raise CommandError(_NO_KFUNC.format(tree=options["tree"]))
            facts = _keep_label(facts)
            functions = None if types is None else pack_functions(read_btf(types))
            saved = save_kernel(
                facts, types, config=config, functions=functions, replace=options["replace"]
            )
        except (TreeError, KernelExistsError) as error:
            raise CommandError(str(error)) from error
        except DataError as error:
            raise CommandError(f"A name in the tree is too long for the map: {error}") from error
        except ValidationError as error:
            raise CommandError(f"{options['name']}: {error.messages[0]}") from error
        kernel = saved.kernel
        self.stdout.write(
            f"{kernel.name} ({kernel.version}): {kernel.kfunc_count} kfuncs in {kernel.set_count} "
            f"sets, {kernel.struct_ops_count} ops structures; {kernel.not_understood_count} "
            f"constructs not understood; {'saved' if saved.changed else 'the map had it already'}."
        )


def _keep_label(facts: KernelFacts) -> KernelFacts:
    """Return facts without a label that of the kernel of their name, which they may be again."""
    if facts.origin.label:
        return facts
    labels = Kernel.objects.listed().filter(name=facts.name).values_list("label", flat=True)
    return replace(facts, origin=replace(facts.origin, label=labels.first() or ""))


def _read_types(path: Path) -> bytes:
    try:
        types = extract_btf(_read_file(path))
        read_btf(types)
    except BtfError as error:
        raise CommandError(f"{path}: {error}.") from error
    return types


def _read_config(path: Path) -> bytes:
    """Return the text of a .config. Raises CommandError where it sets no option."""
    data = _read_file(path)
    if data[:2] == _GZIP:
        try:
            data = zlib.decompressobj(wbits=31).decompress(data, _MOST_CONFIG)
        except zlib.error as error:
            raise CommandError(f"{path} is damaged: it cannot be unpacked.") from error
    if not _OPTION.search(data):
        raise CommandError(f"{path} is no .config: it has no line that begins with CONFIG_.")
    return data


def _read_file(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise CommandError(f"{path} is not a file that can be read to its end.")
        if path.stat().st_size > _MAX_BTF_FILE:
            raise CommandError(f"{path} is larger than {_MAX_BTF_FILE >> 20} MB: not a kernel's.")
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
