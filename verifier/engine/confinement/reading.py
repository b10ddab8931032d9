"""Lock in a process that reads a source tree: it sees what it was given, and writes in one folder.

It has to open thousands of files and may start git, so that fewer calls are refused than to one
that checks an object; the files of the machine and the network are closed to it all the same.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from verifier.engine.confinement import seccomp
from verifier.engine.confinement.confine import give_up_privileges
from verifier.engine.confinement.landlock import close_files

_PACKAGES = ("kfmap", "verifier")
_OF_PYTHON = ("stdlib", "platstdlib", "purelib", "platlib")
_PROGRAMS = (Path("/usr"), Path("/bin"), Path("/lib"), Path("/lib64"))
_READ_BY_PROGRAMS = (Path("/etc/ld.so.cache"), Path("/etc/ld.so.conf"), Path("/dev/urandom"))


def confine_reading(given: Iterable[Path], scratch: Path) -> list[str]:
    """Leave this process what was given to read and a folder to write in; return what failed.

    The code of kfmap and Python can still be read, and programs of the system started.
    """
    give_up_privileges()
    root = Path(__file__).resolve().parents[3]
    code = {Path(sysconfig.get_path(name)) for name in _OF_PYTHON}
    code |= {Path(sys.prefix), Path(sys.base_prefix), *(root / name for name in _PACKAGES)}
    no_files = close_files(
        reading=[*given, *_READ_BY_PROGRAMS],
        running=[*code, *_PROGRAMS],
        writing=[scratch, Path("/dev/null")],
    )
    few_calls = seccomp.refuse_what_reading_a_tree_needs_not()
    held = {
        "It can read and delete files": no_files,
        "It can use the network": few_calls,
    }
    return [f"{gap}." for gap, is_closed in held.items() if not is_closed]
