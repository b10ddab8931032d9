"""Opinions for a terminal: a paragraph per object and kernel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kfmap.safe_text.printable import printable
from verifier.engine.result import WORDS as VERDICTS
from verifier.opinions.agreement import AGREEMENT_WORDS, Agreement, ComparedProgram, count
from verifier.opinions.opinion import WORDS, KernelOpinion

_ORDER = (
    Agreement.DIFFERS,
    Agreement.NOT_JUDGED,
    Agreement.UNKNOWN,
    Agreement.NOT_COMPARED,
    Agreement.AGREES,
)
_COUNTED = {
    Agreement.AGREES: ("program agrees", "programs agree"),
    Agreement.NOT_JUDGED: 2 * ("refused for something kfmap does not judge",),
    Agreement.DIFFERS: ("differs", "differ"),
    Agreement.UNKNOWN: 2 * ("that kfmap does not know",),
    Agreement.NOT_COMPARED: 2 * ("not compared",),
}
Paragraph = tuple[str, KernelOpinion, Sequence[ComparedProgram]]


def render_opinions(items: Iterable[Paragraph], everything: bool = False) -> str:
    """Return every object on every kernel: the counts first, then the programs that matter most.

    Programs about which kfmap and the kernel agree are only counted, unless `everything` is wanted.
    """
    lines = (line for item in items for line in opinion_lines(*item, everything))
    return "".join(f"{printable(line)}\n" for line in lines)


def opinion_lines(
    name: str, opinion: KernelOpinion, compared: Sequence[ComparedProgram], everything: bool
) -> Iterator[str]:
    """Return the lines about an object on a kernel."""
    loaded_by = f"loaded by libbpf {opinion.libbpf.removeprefix('v')}"
    yield f"{name} on {opinion.kernel} ({opinion.release}, {loaded_by})"
    if opinion.problem:
        yield f"  not everything could be asked: {opinion.problem}"
    yield f"  {say_counts(compared)}"
    shown = [item for item in compared if everything or item.agreement != Agreement.AGREES]
    for item in sorted(shown, key=lambda item: _ORDER.index(item.agreement)):
        yield f"  {item.program}: {_both(item)}: {AGREEMENT_WORDS[item.agreement]}"
        if item.agreement != Agreement.AGREES or item.complaint:
            place = f", {item.source}" if item.source else ""
            yield f"    {item.complaint or item.sentence}{place}"
        if item.opinion.instructions is not None:
            yield (
                f"    {item.opinion.instructions:,} instructions verified, "
                f"{item.opinion.peak_states or 0:,} states at most"
            )
    if len(shown) < len(compared):
        yield "  Programs that agree are not listed: --all lists them."


def say_counts(compared: Iterable[ComparedProgram]) -> str:
    """Return how many programs agree, differ and so on, in one line."""
    counts = count(compared)
    return ", ".join(_say(counts[word], word) for word in reversed(_ORDER) if counts.get(word))


def _say(number: int, word: Agreement) -> str:
    one, many = _COUNTED[word]
    return f"{number} {one if number == 1 else many}"


def _both(item: ComparedProgram) -> str:
    ours = VERDICTS[item.verdict] if item.verdict else "no verdict"
    return f"kfmap {ours}, the kernel {WORDS[item.opinion.word]}"
