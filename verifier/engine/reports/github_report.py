"""Workflow commands of GitHub Actions: an annotation per cause, beside its line of source.

The form is `::error file=F,line=N,title=T::MESSAGE`; in values %, line ends, ":" and "," are
written as percent signs and digits, as @actions/core does it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kfmap.safe_text.printable import printable
from verifier.engine.reports.answer import build_answer
from verifier.engine.reports.causes import Cause
from verifier.engine.reports.model import DEFAULT, CheckedObject, ReportOptions, estimates_of
from verifier.engine.reports.sarif_report import cause_level, cause_message, source_path

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def render_github(objects: Sequence[CheckedObject], options: ReportOptions = DEFAULT) -> str:
    """Return the annotations, and for people a line per object."""
    return "".join(f"{line}\n" for obj in objects for line in _lines(obj, options))


def _lines(obj: CheckedObject, options: ReportOptions) -> Iterator[str]:
    if obj.problem:
        yield _command("error", {"title": obj.file}, f"{obj.file}: {obj.problem}")
        return
    for item in obj.unchecked:
        said = f"{obj.file} on {item.kernel}: {item.problem}"
        yield _command("error", {"title": obj.file}, said)
    answer = build_answer(obj)
    for cause in answer.causes.shown:
        yield _annotation(obj, cause, options)
    # Not a command, whatever the name begins with.
    yield f"kfmap: {printable(obj.file)}: {printable(answer.line)}"
    for sentence in estimates_of(obj, options):
        yield f"kfmap: {printable(obj.file)}: {printable(sentence)}"


def _annotation(obj: CheckedObject, cause: Cause, options: ReportOptions) -> str:
    source = cause.example.source
    place: dict[str, str] = {}
    message = cause_message(cause, options)
    if source is not None and source.file and source.line > 0:
        path = source_path(source.file, options.source_root)
        if path.startswith("/"):  # GitHub shows an annotation beside files of the repository only
            message += f" The line is {path}:{source.line}, outside of the root of the sources."
        else:
            place = {"file": path, "line": str(source.line)}
    place["title"] = f"{obj.file}: {cause.kfunc or cause.kind}"
    return _command(_COMMANDS[cause_level(cause, options)], place, message)


def _command(command: str, values: dict[str, str], message: str) -> str:
    told = ",".join(f"{name}={_value(text)}" for name, text in values.items())
    return f"::{command} {told}::{_text(message)}"


def _text(text: str) -> str:
    return printable(text).replace("%", "%25")


def _value(text: str) -> str:
    return _text(text).replace(":", "%3A").replace(",", "%2C")
