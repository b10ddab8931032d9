"""`manage.py lint_kernel`: traps, exposure and build health of one kernel."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from kfmap.catalogue.commands import kernel_with_rules_or_error
from kfmap.catalogue.store import NoSuchKernelError, load_kernel
from kfmap.kernel.facts import KernelFacts
from kfmap.permission.findings.lint import lint_kernel, render_lint_json, render_lint_text


class Command(BaseCommand):
    """Print the findings about one kernel."""

    help = "Print what is wrong, risky or near a limit in a kernel's kfunc registrations."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the kernel and the format."""
        parser.add_argument("kernel", metavar="KERNEL", help="a kernel's short name, such as 7.2")
        parser.add_argument("--format", choices=("text", "json"), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        kernel = kernel_with_rules_or_error(options["kernel"])
        findings = lint_kernel(kernel.decider, _find_everything(kernel.name))
        if options["format"] == "json":
            text = render_lint_json(kernel.name, findings)
        else:
            text = render_lint_text(findings) or "Nothing found.\n"
        self.stdout.write(text, ending="")


def _find_everything(name: str) -> KernelFacts | None:
    """Return the facts of the same tree with every option on, where the map has them."""
    try:
        return load_kernel(f"{name}-all").facts
    except NoSuchKernelError:
        return None
