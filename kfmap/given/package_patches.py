"""Apply the patches of a source package to the tree in it: a quilt series, or those of a .spec.

What a package applies and this does not is a doubt: answers would be those of another kernel.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kfmap.given.files import GivenError, read_file
from kfmap.given.patch import apply_patches
from kfmap.given.spec import read_spec
from kfmap.given.unpacked import LEFT_OUT, Source

_MOST_SPEC = 16 << 20
_SHOWN = 3


def apply_series(source: Source, folder: Path) -> None:
    """Apply a quilt series to the unpacked tree. Raises GivenError where a patch does not fit."""
    series = folder / "series"
    if not series.is_file():
        return
    names = [line.split("#")[0].split() for line in series.read_text(errors="replace").splitlines()]
    listed = [name[0].lstrip("/") for name in names if name]
    _apply(source, folder, [name for name in listed if ".." not in name.split("/")])


def apply_package_patches(source: Source, scratch: Path) -> None:
    """Apply what the .spec of an unpacked source package applies; nothing where there is none.

    Raises GivenError where a patch does not fit.
    """
    specs = sorted(scratch.glob("*.spec"))
    if not specs:
        return
    if len(specs) > 1:
        source.doubts.append("the package has several .spec files, so its patches are not known")
        return
    spec = read_spec(read_file(specs[0], _MOST_SPEC).decode(errors="replace"))
    _apply(source, scratch, spec.patches)
    if (scratch / "series.conf").is_file():
        source.doubts.append("the package applies the patches of series.conf, which are not read")
    if spec.unread:
        source.doubts.append(
            f"it is not known which patches {specs[0].name} applies: {_some(spec.unread)}"
        )


def _apply(source: Source, folder: Path, names: list[str]) -> None:
    """Apply patches in order; those that are not there are a doubt."""
    there = [folder / name for name in names if (folder / name).is_file()]
    missing = [name for name in names if not (folder / name).is_file()]

    def read(file: str) -> str | None:
        path = source.folder / file
        return path.read_text(errors="replace") if path.is_file() else None

    changed = apply_patches([path for path in there if path.stat().st_size], read, passes=_passes)
    for file, text in changed.items():
        _write(source.folder, file, text)
    if names:
        source.what += f" with {len(there)} patch{'es' if len(there) != 1 else ''}"
    if missing:
        source.doubts.append(
            f"{len(missing)} of the {len(names)} patches that the package applies are not in it: "
            f"{_some(missing)}"
        )


def _write(root: Path, file: str, text: str | None) -> None:
    path = root / file
    try:
        if text is None:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except OSError as error:  # such as a file where a patch needs a folder
        raise GivenError(
            f"{file} cannot be written as a patch has it: {error.strerror}."
        ) from error


def _passes(name: str) -> bool:
    """Return whether a file is in a folder that was not unpacked."""
    return bool(LEFT_OUT.intersection(name.split("/")[:-1][:2])) or name.startswith("debian/")


def _some(names: Iterable[str]) -> str:
    names = list(names)
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
