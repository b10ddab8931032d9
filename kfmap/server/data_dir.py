"""The folder kfmap keeps its data in: made on first use, readable by its owner only."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

_KEY_CHARACTERS = 32


class DataDirError(SystemExit):
    """The folder cannot be used: ends the program with one sentence that says what to do."""


def default_data_dir() -> Path:
    """Return the folder used when KFMAP_DATA_DIR is not set (XDG base directory specification)."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "kfmap"


def choose_data_dir(chosen: str) -> Path:
    """Return the absolute path of the folder; `chosen` is KFMAP_DATA_DIR, empty where not set."""
    return Path(chosen).expanduser().absolute() if chosen else default_data_dir()


def prepare_data_dir(chosen: str) -> Path:
    """Make the folder if it is not there and return its absolute path.

    Raises DataDirError where it cannot be made or written to.
    """
    folder = choose_data_dir(chosen)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DataDirError(_sentence(folder, error)) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DataDirError(_sentence(folder, "not writable"))
    return folder


def load_secret_key(folder: Path) -> str:
    """Return the secret key kept in the folder, making it the first time.

    One that was cut off, by a disk that was full say, is made anew: it ends all sessions, no more.
    Raises DataDirError where it can be neither read nor written.
    """
    path = folder / "secret-key"
    try:
        key = path.read_text(errors="replace").strip()
        if len(key) < _KEY_CHARACTERS:
            path.unlink()
            sys.stderr.write(f"{path} was cut off: kfmap made another key, so sign in again.\n")
            return _make_secret_key(path)
    except FileNotFoundError:
        return _make_secret_key(path)
    except OSError as error:
        raise DataDirError(_sentence(path, error)) from error
    return key


def _make_secret_key(path: Path) -> str:
    import secrets  # commands that make no key start faster without it

    draft = path.with_suffix(f".{os.getpid()}")
    try:
        with open(draft, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_urlsafe(50))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)  # whoever comes first wins; both then read the same key
        return path.read_text()
    except OSError as error:
        raise DataDirError(_sentence(path, error)) from error
    finally:
        draft.unlink(missing_ok=True)


def _sentence(path: Path, problem: object) -> str:
    return f"kfmap cannot use {path}: {problem}. Set KFMAP_DATA_DIR to a folder you may write to."
