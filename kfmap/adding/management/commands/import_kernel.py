"""`manage.py import_kernel`: source, configuration and image become a kernel of the map."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import DataError

from kfmap.adding.save import Parts, Wanted, refuse_taken, save_parts
from kfmap.catalogue.checks_tag import SETTINGS_CHECKS
from kfmap.catalogue.rows.keep import keep_rows
from kfmap.catalogue.store import KernelExistsError, Saved
from kfmap.counting import count_of
from kfmap.given.files import Advice
from kfmap.given.flips import find_flips, plain_flips, render_flips
from kfmap.given.read import Given, GivenError, ReadKernel, TreeError, read_given

_UNPACKED = "kfmap-source-"  # a tree that was unpacked has 1.4 GB
_REPLACE = "--replace puts this one in its place."
_ADVICE = {
    Advice.AS_TYPES: "Give it with --btf.",
    Advice.AS_CONFIG: "Give it with --config.",
    Advice.KERNEL_TOO: "Give the kernel's besides, /sys/kernel/btf/vmlinux or its image, with one "
    "more --btf.",
    Advice.ANYWAY: "--anyway takes it, and its page says so.",
}


class Command(BaseCommand):
    """Import one kernel."""

    help = "Read who may call which kfunc from a kernel's source and put it into the map."
    requires_system_checks = (SETTINGS_CHECKS,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the source with what goes with it, and what to do with the kernel."""
        _take_source(parser)
        _take_wishes(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Read first, then write: whatever goes wrong leaves the map as it was."""
        with _sigterm_cleans_up(), tempfile.TemporaryDirectory(prefix=_UNPACKED) as scratch:
            wanted = Wanted(options["name"], options["replace"])
            read = _read(_given(options), Path(scratch), wanted)
            if options["format"] == "text":
                for remark in read.remarks:
                    self.stdout.write(remark)
            if read.before is not None:
                self._tell_flips(read, options["format"])
                if not options["name"]:
                    return
            saved = _save(read, wanted)
        if options["format"] == "text":
            self._tell(saved, read)

    def _tell_flips(self, read: ReadKernel, chosen: str) -> None:
        assert read.before is not None
        flips = find_flips(read.before, read.facts)
        if chosen == "json":
            self.stdout.write(json.dumps(plain_flips(flips), indent=2))
        else:
            self.stdout.write(render_flips(flips), ending="")

    def _tell(self, saved: Saved, read: ReadKernel) -> None:
        kernel = saved.kernel
        for doubt in read.doubts:
            self.stdout.write(f"Taken anyway: {doubt}.")
        self.stdout.write(
            f"{kernel.name} ({kernel.version}): {count_of(kernel.kfunc_count, 'kfunc')} in "
            f"{count_of(kernel.set_count, 'set')}, "
            f"{count_of(kernel.struct_ops_count, 'ops structure')}; "
            f"{count_of(kernel.not_understood_count, 'construct')} not understood; "
            f"{'saved' if saved.changed else 'the map had it already'}."
        )
        for unread in read.facts.unread:
            self.stdout.write(
                f"{unread.place}: a {unread.construct} could not be read ({unread.text}); what it "
                "could allow is unknown."
            )


@contextmanager
def _sigterm_cleans_up() -> Iterator[None]:
    """Let SIGTERM end the command as Ctrl-C does: by an exception, after which folders go."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _given(options: dict[str, Any]) -> Given:
    return Given(
        tree=options["tree"],
        config=options["config"],
        types=tuple(options["btf"]),
        build=options["build"],
        revision=options["commit"],
        patches=tuple(options["patch"]),
        name=options["name"],
        label=options["label"],
        every_option=options["every_option"],
        anyway=options["anyway"],
    )


def _read(given: Given, scratch: Path, wanted: Wanted) -> ReadKernel:
    try:
        return read_given(given, scratch, expect=partial(refuse_taken, wanted))
    except KernelExistsError as error:
        raise CommandError(f"{error} {_REPLACE}") from error
    except GivenError as error:
        advice = f" {_ADVICE[error.advice]}" if error.advice else ""
        raise CommandError(f"{error}{advice}") from error
    except TreeError as error:
        raise CommandError(str(error)) from error
    except MemoryError as error:
        raise CommandError("There is not enough memory to read what was given.") from error


def _save(read: ReadKernel, wanted: Wanted) -> Saved:
    try:
        saved = save_parts(Parts.of(read), wanted)
    except KernelExistsError as error:
        raise CommandError(f"{error} {_REPLACE}") from error
    except DataError as error:
        raise CommandError(f"A name in the tree is too long for the map: {error}") from error
    except ValidationError as error:
        raise CommandError(f"{wanted.name}: {error.messages[0]}") from error
    keep_rows()
    return saved


def _take_source(parser: ArgumentParser) -> None:
    parser.add_argument(
        "tree",
        type=Path,
        metavar="TREE",
        help="a kernel source tree, a build folder of make O=, a git repository (bare, too), "
        "an archive (.tar.xz, .gz, .zst, .zip) or a source package (.deb, .dsc, .src.rpm)",
    )
    parser.add_argument("--config", type=Path, help="its .config, packed or not")
    parser.add_argument(
        "--btf",
        type=Path,
        action="append",
        default=[],
        help="its image, BTF or debug package; repeatable: the types of modules besides",
    )
    parser.add_argument("--build", type=Path, help="the folder that make O= wrote to")
    parser.add_argument("--commit", default="", help="the commit of a repository to read")
    parser.add_argument(
        "--every-option",
        action="store_true",
        help="count every option as on, whatever .config lies in the tree",
    )
    parser.add_argument(
        "--patch",
        type=Path,
        action="append",
        default=[],
        help="say which cells flip with this patch; saved only with --name; repeatable",
    )


def _take_wishes(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="of what --patch says"
    )
    parser.add_argument("--name", default="", help="a short name; default: from its version")
    parser.add_argument(
        "--label", default="", help="where it comes from, for people; default: as it was"
    )
    parser.add_argument("--replace", action="store_true", help="replace the kernel of this name")
    parser.add_argument(
        "--anyway",
        action="store_true",
        help="save a kernel whose parts do not fit together, or that has no kfunc",
    )
