"""`manage.py compare_mechanisms`: the ways of deciding kfunc calls, side by side on one kernel."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kfmap.catalogue.commands import kernel_with_rules_or_error
from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.mechanisms.capabilities import CapabilitiesInSets
from kfmap.permission.mechanisms.compare import compare_mechanisms, compare_one
from kfmap.permission.mechanisms.handover import compare_handover, describe_handover
from kfmap.permission.mechanisms.render import render_comparison_json, render_comparison_text
from kfmap.permission.mechanisms.scope import EVERYTHING, MEMBERS, list_contexts
from kfmap.permission.mechanisms.table import CapabilityTable
from kfmap.permission.mechanisms.table_json import TableError, read_table


class Command(BaseCommand):
    """Print what each mechanism gets wrong, when that is noticed, and what it costs."""

    help = "Compare the mechanisms on a kernel, or on one struct_ops type of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the kernel, a struct_ops type, and the format."""
        parser.add_argument("kernel", metavar="KERNEL", help="a kernel's short name, such as 7.2")
        parser.add_argument(
            "scope",
            nargs="?",
            default=EVERYTHING,
            help=f"a struct_ops type, several as a+b, or {MEMBERS} for all; default: all contexts",
        )
        parser.add_argument("--format", choices=("text", "json"), default="text")
        parser.add_argument(
            "--capabilities",
            metavar="FILE",
            type=Path,
            help="compare capability masks chosen by hand too: the JSON that a what-if exports",
        )
        parser.add_argument(
            "--against",
            metavar="NEWER",
            help="compare run-time masks of KERNEL with the load-time verdicts of NEWER",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the comparison."""
        kernel = kernel_with_rules_or_error(options["kernel"])
        scope: str = options["scope"]
        if options["against"]:
            newer = kernel_with_rules_or_error(options["against"])
            name = "sched_ext_ops" if scope == EVERYTHING else scope
            handover = compare_handover(kernel.decider, newer.decider, name)
            self.stdout.write(describe_handover(handover), ending="")
            return
        contexts = list_contexts(kernel.decider, scope)
        if not contexts:
            known = ", ".join(sorted(ops.name for ops in kernel.facts.struct_ops)) or "none"
            raise CommandError(
                f"{kernel.name} has no struct_ops type {scope}; it has {known}.", returncode=2
            )
        rows = compare_mechanisms(kernel.decider, contexts)
        if options["capabilities"]:
            table = _read_table(options["capabilities"], kernel)
            by_hand = CapabilitiesInSets(kernel.decider, contexts, table=table)
            rows.append(compare_one(by_hand, contexts))
        if options["format"] == "json":
            text = render_comparison_json(kernel.name, scope, rows)
        else:
            text = render_comparison_text(rows)
        self.stdout.write(text, ending="")


def _read_table(path: Path, kernel: LoadedKernel) -> CapabilityTable:
    try:
        return read_table(json.loads(path.read_bytes()), kernel.facts)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}.", returncode=2) from error
    except (ValueError, RecursionError) as error:
        words = str(error) if isinstance(error, TableError) else "not JSON"
        raise CommandError(f"{path}: {words}.", returncode=2) from error
