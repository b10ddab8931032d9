"""What a kernel was built without: the options of its configuration that leave something out."""

from __future__ import annotations

from kfmap.kernel.facts import KernelFacts
from kfmap.kernel.program_facts import KernelPart


def options_off(facts: KernelFacts, part: KernelPart, name: str) -> str:
    """Return " (CONFIG_A and CONFIG_B are off)", "" where no option is known to leave it out."""
    for left in facts.left_out or ():
        if (left.kind, left.name) == (part, name):
            verb = "is" if len(left.options) == 1 else "are"
            return f" ({' and '.join(left.options)} {verb} off)"
    return ""
