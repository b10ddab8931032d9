"""`python -m tests.engine_version [VERSION]`: renew the golden file and the version with it.

The version becomes one more than the committed one where answers changed, and stays where none
did. A VERSION that is not high enough is refused. Run it after a merge conflict in golden.json or
engine.py too: it reads neither of them, only what is committed.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import django

from tests.engine_version.golden import FILE, Golden, committed, least_version, write_golden

ENGINE = Path(__file__).parents[2] / "kfmap" / "permission" / "engine.py"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kfmap.settings")
_CONFLICT = re.compile(r"^<{7} .*?\n(.*?)^={7}\n.*?^>{7} .*?\n", re.M | re.S)
_VERSION = re.compile(r"^ENGINE_VERSION = \d+$", re.M)


def main(arguments: list[str]) -> int:
    """Renew both files; 1 where the version asked for is not high enough."""
    earlier = committed()
    _set_version(max([1, *(golden.version for golden in earlier)]))  # so that it can be imported
    from tests.engine_version.answers import hash_answers

    answers = hash_answers()
    least = least_version(answers, earlier)
    version = int(arguments[0]) if arguments else least
    if version < least:
        print(f"Answers changed since the last commit: the version must be {least} or higher.")
        return 1
    _set_version(version)
    FILE.write_text(write_golden(Golden(version, answers)))
    _write_rows()
    print(f"The engine version is {version}; {len(answers)} answers are in {FILE.name}.")
    return 0


def _write_rows() -> None:
    """Build the rows of the bundled kernels anew; they belong to one version of the engine."""
    django.setup()
    from kfmap.catalogue.bundled_kernels import find_bundled
    from kfmap.catalogue.rows.bundled import write_bundled_rows

    write_bundled_rows(find_bundled())


def _set_version(version: int) -> None:
    text = _CONFLICT.sub(r"\1", ENGINE.read_text())
    ENGINE.write_text(_VERSION.sub(f"ENGINE_VERSION = {version}", text))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
