"""What a bundled kernel's new facts change in the map: the diff that a person reads."""

from __future__ import annotations

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.matrix import fill_matrix
from kfmap.reports.comparison_report import build_comparison_report
from kfmap.reports.kernel_data import KernelData
from kfmap.reports.markdown import render_markdown

_OLD, _NEW = "the bundle", "what was built now"


def describe_changes(old: KernelFacts, new: KernelFacts) -> str:
    """Return names and cells that differ, as Markdown; "" for the same facts.

    Facts that differ without one, such as in their lines, say that no cell changed.
    """
    if old == new:
        return ""
    text = render_markdown(build_comparison_report(_data(_OLD, old), _data(_NEW, new)))
    return text.partition("\n## Provenance")[0]


def _data(name: str, facts: KernelFacts) -> KernelData:
    decider = Decider(facts)
    matrix = fill_matrix(decider, build_contexts(facts))
    return KernelData(name, facts, "", matrix, decider)
