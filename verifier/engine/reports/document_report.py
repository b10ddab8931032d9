"""Reports on objects as documents: HTML and PDF for people and for the file, XLSX for sheets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kfmap.reports.document import Entry, Report, Section, Table, made_by
from kfmap.reports.formats import FORMATS
from verifier.engine.reports.agreed import agreed_sections
from verifier.engine.reports.answer import KernelAnswer, build_answer, count, say_span
from verifier.engine.reports.cards import Card, find_cards
from verifier.engine.reports.causes import Causes
from verifier.engine.reports.csv_report import HEAD, finding_rows
from verifier.engine.reports.judged import JUDGED
from verifier.engine.reports.model import (
    DEFAULT,
    AskedKernel,
    CheckedObject,
    ReportOptions,
    headline,
    subject,
)
from verifier.engine.reports.object_graph import build_graph_of, context_of
from verifier.engine.reports.opinions import opinion_section
from verifier.engine.result import WORDS, Finding, FindingKind

_MOST_CAUSES = 200  # of an object that are told; the sheet of findings has all
_MOST_FINDINGS = 500  # of an object, where every finding is asked for
_MOST_PROGRAMS = 400  # rows of a table that people read


def render_html(objects: Sequence[CheckedObject], options: ReportOptions = DEFAULT) -> str:
    """Return one self-contained file."""
    return FORMATS["html"].render(build_report(objects, options)).decode()


def render_pdf(objects: Sequence[CheckedObject], options: ReportOptions = DEFAULT) -> bytes:
    """Return pages with contents, numbers and a block to sign."""
    return FORMATS["pdf"].render(build_report(objects, options))


def render_xlsx(objects: Sequence[CheckedObject], options: ReportOptions = DEFAULT) -> bytes:
    """Return the sheets summary, findings, calls and matrix."""
    return FORMATS["xlsx"].render(build_report(objects, options))


def build_report(objects: Sequence[CheckedObject], options: ReportOptions = DEFAULT) -> Report:
    """Return the report on one object, or on all of a submission or a space."""
    one = objects[0] if len(objects) == 1 else None
    title = options.title or (f"Report on {one.file}" if one else f"Report on {_objects(objects)}")
    sections = [] if one else [Section("Objects", tables=(_overview(objects, options),))]
    for obj in objects:
        sections += _object_sections(obj, options, "" if one else f"{obj.file}: ")
    sections += agreed_sections(options)
    rows = tuple(tuple(row) for row in finding_rows(objects, options))
    findings = Table("findings", HEAD, rows)
    return Report(
        "objects",
        title,
        (*(_lead(one, options) if one else ()), JUDGED),
        tuple(sections),
        (findings, _calls(objects), _matrix_sheet(objects)),
        tuple(_provenance(objects, options)),
        options.sign_offs,
        signable=bool(objects),
    )


def _objects(objects: Sequence[CheckedObject]) -> str:
    return count(len(objects), "object", "objects")


def _lead(obj: CheckedObject, options: ReportOptions) -> tuple[str, ...]:
    if obj.problem:
        return (f"Could not be read: {obj.problem}",)
    answer = build_answer(obj)
    span = say_span(answer, options)
    told = (span,) if span else ()
    origin = (f"Built from {obj.origin.words}.",) if obj.origin else ()
    return (answer.line, *told, *origin)


def _overview(objects: Sequence[CheckedObject], options: ReportOptions) -> Table:
    """Return one row per object with its answer, and the hash that it is known by."""
    rows = [(obj.file, _lead(obj, options)[0], obj.sha256) for obj in objects]
    return Table("Objects and their answers", ("object", "answer", "SHA-256"), tuple(rows))


def _object_sections(obj: CheckedObject, options: ReportOptions, before: str) -> Iterator[Section]:
    if obj.problem:
        yield Section(_title(before, "could not be read"), (obj.problem,))
        return
    answer = build_answer(obj)
    rows = tuple(_kernel_row(item) for item in answer.kernels)
    columns = ("kernel", "verdict", "programs that pass", "why not")
    kernels = Table("The newest kernel first", columns, rows)
    live = tuple(f"Live only {branch.words}." for branch in answer.branches)
    yield Section(_title(before, "answer per kernel"), live, tables=(kernels,))
    yield _causes_section(answer.causes, before)
    yield Section(_title(before, "verdicts"), tables=(_matrix(obj),))
    if obj.opinions:
        yield opinion_section(obj, _title(before, "what the kernels themselves say"))
    if options.everything:
        yield _findings_section(obj, before)
    yield _programs_section(obj, before)
    if obj.summary and any(program.calls for program in obj.summary.programs):
        graph = build_graph_of(obj, options)
        yield Section(_title(before, "what its programs call"), graphs=(graph,))


def _title(before: str, text: str) -> str:
    return f"{before}{text}" if before else text.capitalize()


def _kernel_row(item: KernelAnswer) -> tuple[str, str, str, str]:
    passing = f"{item.passing} of {item.loaded}" if item.loaded else ""
    return item.kernel, WORDS.get(item.verdict, item.verdict), passing, item.cause


def _causes_section(causes: Causes, before: str) -> Section:
    cards = find_cards(causes.shown)
    shown = cards[:_MOST_CAUSES]
    notes = []
    if not shown:
        notes.append("Nothing is refused, fails or is unknown on the kernels that were asked.")
    if left := len(cards) - len(shown):
        notes.append(f"{count(left, 'more cause is', 'more causes are')} in the other formats.")
    if causes.followed:
        followed = count(causes.followed, "finding follows", "findings follow")
        notes.append(f"{followed} from these.")
    return Section(
        _title(before, "causes"), tuple(notes), tuple(card_entry(card) for card in shown)
    )


def card_entry(card: Card) -> Entry:
    """Return causes alike for people: where they hold, their paths, why, and what to do."""
    finding = card.first.example
    named = count(len(card.programs), "program", "programs")
    texts = [f"On {', '.join(card.first.kernels)}: {named}."]
    if card.likewise:
        texts.append(card.likewise)
    for cause in card.causes:
        if cause.example.path:
            texts.append(subject(cause.programs[0], cause.example))
    if finding.kfunc and finding.reasons:
        texts.append(f"Because {finding.reasons[-1].full_text}")
    if finding.legal_in:
        texts.append(f"May be called in: {', '.join(finding.legal_in)}")
    if card.suggestion:
        texts.append(f"Try: {card.suggestion}")
    sources = (line for cause in card.causes for line in _source(cause.example))
    return Entry(card.headline, tuple(texts), tuple(dict.fromkeys(sources)))


def _source(finding: Finding) -> tuple[str, ...]:
    source = finding.source
    return (f"{source.file}:{source.line}: {source.text}",) if source else ()


def _findings_section(obj: CheckedObject, before: str) -> Section:
    said = [item for item in obj.findings() if item[2].kind != FindingKind.DEAD]
    entries = tuple(
        Entry(
            f"{kernel}, {row.program}: {headline(row.program, finding)}",
            tuple(reason.full_text for reason in finding.reasons),
            (*_source(finding), *finding.disassembly),
        )
        for kernel, row, finding in said[:_MOST_FINDINGS]
    )
    left = len(said) - len(entries)
    more = count(left, "more finding is", "more findings are")
    return Section(
        _title(before, "findings"), (f"{more} in the other formats.",) if left else (), entries
    )


def _programs_section(obj: CheckedObject, before: str) -> Section:
    programs = obj.summary.programs if obj.summary else ()
    rows = tuple(
        (
            program.name,
            context_of(program),
            program.sleepable,
            ", ".join(dict.fromkeys(call.kfunc for call in program.calls)),
        )
        for program in programs[:_MOST_PROGRAMS]
    )
    said = tuple(obj.summary.notes) if obj.summary else ()
    if left := len(programs) - len(rows):
        said += (f"{count(left, 'more program is', 'more programs are')} in the other formats.",)
    plain = tuple((name, where, "yes" if may else "no", calls) for name, where, may, calls in rows)
    columns = ("program", "runs in", "sleepable", "kfuncs in reach")
    return Section(_title(before, "programs"), said, tables=(Table("Programs", columns, plain),))


def _matrix(obj: CheckedObject) -> Table:
    kernels = [verdict.kernel for verdict in reversed(obj.verdicts)]
    rows = _matrix_rows(obj, kernels)[:_MOST_PROGRAMS]
    return Table("Programs by kernel", ("program", *kernels), tuple(rows))


def _matrix_rows(obj: CheckedObject, kernels: Sequence[str]) -> list[tuple[str, ...]]:
    words = {(kernel, row.program): WORDS[row.verdict] for kernel, row in obj.rows()}
    problems = {item.kernel: "could not be checked" for item in obj.unchecked}
    programs = dict.fromkeys(row.program for _, row in obj.rows())
    if obj.summary:
        programs |= dict.fromkeys(program.name for program in obj.summary.programs)
    return [
        (name, *(words.get((kernel, name)) or problems.get(kernel, "") for kernel in kernels))
        for name in programs
    ]


def _matrix_sheet(objects: Sequence[CheckedObject]) -> Table:
    """Return a row per object and program, a column per kernel that any object was asked on."""
    kernels: dict[str, None] = {}
    for obj in objects:
        kernels |= dict.fromkeys(verdict.kernel for verdict in reversed(obj.verdicts))
        kernels |= dict.fromkeys(item.kernel for item in obj.unchecked)
    rows = [(obj.file, *row) for obj in objects for row in _matrix_rows(obj, list(kernels))]
    return Table("matrix", ("file", "program", *kernels), tuple(rows))


def _calls(objects: Sequence[CheckedObject]) -> Table:
    columns = ("file", "program", "section", "kfunc", "weak", "path", "instruction", "source")
    rows = [
        (
            obj.file,
            program.name,
            program.section,
            call.kfunc,
            call.weak,
            " → ".join(step.function for step in call.path),
            call.instruction,
            f"{call.source.file}:{call.source.line}" if call.source else "",
        )
        for obj in objects
        if obj.summary
        for program in obj.summary.programs
        for call in program.calls
    ]
    return Table("calls", columns, tuple(rows))


def _provenance(
    objects: Sequence[CheckedObject], options: ReportOptions
) -> Iterator[tuple[str, str]]:
    for obj in objects:
        told = f"SHA-256 {obj.sha256}" if obj.sha256 else "no object"
        if obj.summary:
            told += f", {obj.summary.size:,} bytes, license {obj.summary.license or 'not given'}"
        yield obj.file, f"{told}, {obj.origin.words}" if obj.origin else told
    asked = {verdict.kernel for obj in objects for verdict in obj.verdicts}
    for kernel in options.kernels:
        if kernel.name in asked:
            yield f"kernel {kernel.name}", kernel_words(kernel)
    for name in sorted(asked - {kernel.name for kernel in options.kernels}):
        yield f"kernel {name}", "its facts are not known here"
    if options.deciding:
        yield "kernels that decide", ", ".join(options.deciding)
    yield from made_by()


def kernel_words(kernel: AskedKernel) -> str:
    """Return what a kernel is, for the provenance of a report."""
    told = f"release {kernel.version}"
    if kernel.facts_sha256:
        told += f", facts SHA-256 {kernel.facts_sha256}"
    if kernel.estimate:
        return f"{told}; {kernel.estimate}"
    return f"{told}; {kernel.agreement or 'not compared with a booted kernel'}"
