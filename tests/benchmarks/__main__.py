"""Run benchmarks by name, without names all but long ones; prints figure | reference | ratio."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from tests.benchmarks import (
    btf_read,
    commands,
    decisions,
    decode_logs,
    fuzz_objects,
    growth,
    memory,
    object_check,
    object_read,
    one_call,
    requests,
    schedulers,
    start,
    tree_import,
    upload_rate,
    web_pages,
)
from tests.benchmarks.figure import Figure

BENCHMARKS: dict[str, Callable[[], Iterable[Figure]]] = {
    "btf_read": btf_read.run,
    "commands": commands.run,
    "decisions": decisions.run,
    "decode_logs": decode_logs.run,
    "fuzz_objects": fuzz_objects.run,
    "growth": growth.run,
    "object_check": object_check.run,
    "object_read": object_read.run,
    "one_call": one_call.run,
    "requests": requests.run,
    "start": start.run,
    "tree_import": tree_import.run,
    "upload_rate": upload_rate.run,
    "web_pages": web_pages.run,
}
LONG: dict[str, Callable[[], Iterable[Figure]]] = {  # by their names only
    "memory": memory.run,
    "schedulers": schedulers.run,
}


def main(names: list[str]) -> int:
    known = BENCHMARKS | LONG
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(sorted(known))}")
        return 2
    print("figure | reference | ratio")
    for name in names or sorted(BENCHMARKS):
        for figure in known[name]():
            print(render(figure), flush=True)
    return 0


def render(figure: Figure) -> str:
    value = f"{figure.name}: {figure.value:.4g} {figure.unit}"
    if figure.ratio is None or figure.reference is None:
        return f"{value} | {figure.reference_name} | -"
    limit = f" (limit {figure.limit:g})" if figure.limit else ""
    reference = f"{figure.reference_name}: {figure.reference:.4g} {figure.unit}"
    return f"{value} | {reference} | {figure.ratio:.2f}{limit}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
