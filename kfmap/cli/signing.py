"""Sign a file with an SSH key or one of minisign's, by the program that goes with the key."""

from __future__ import annotations

import subprocess
from pathlib import Path
from shutil import which

from kfmap.cli.commands import CommandFailedError
from kfmap.quick_dataclass import dataclass
from kfmap.safe_text.printable import printable

_SIGN_SECONDS = 60
_MINISIGN_KEY = b"untrusted comment:"


@dataclass(frozen=True, slots=True)
class _Tool:
    """A program that signs, what it is told, and what it adds to the name of the file."""

    program: str
    arguments: tuple[str, ...]
    suffix: str


# "-n kfmap" is the namespace: a signature of the same bytes for another purpose does not count.
_SSH_ARGUMENTS = ("-Y", "sign", "-q", "-n", "kfmap", "-f", "{key}", "{file}")
_SSH = _Tool("ssh-keygen", _SSH_ARGUMENTS, ".sig")
_MINISIGN = _Tool("minisign", ("-S", "-s", "{key}", "-m", "{file}"), ".minisig")


def sign_file(path: Path, key: str) -> None:
    """Put a detached signature beside a file: FILE.sig by an SSH key, FILE.minisig by minisign's.

    Raises CommandFailedError where the program that signs is not there or does not sign.
    """
    tool = _MINISIGN if _is_minisign_key(Path(key)) else _SSH
    program = which(tool.program)
    if program is None:
        raise CommandFailedError(f"{tool.program}, which signs with this key, is not installed.")
    signature = path.with_name(f"{path.name}{tool.suffix}")
    signature.unlink(missing_ok=True)  # ssh-keygen asks before it writes over one
    command = [program, *(part.format(key=key, file=path) for part in tool.arguments)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_SIGN_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        told = f"{tool.program} did not sign within {_SIGN_SECONDS} s."
        raise CommandFailedError(told) from error
    if done.returncode or not signature.exists():
        said = [*done.stderr.split("\n"), *done.stdout.split("\n")]
        why = next((line.strip() for line in reversed(said) if line.strip()), "no reason given")
        raise CommandFailedError(f"{path} is written, but not signed: {printable(why)}")


def _is_minisign_key(key: Path) -> bool:
    """Return whether the key is minisign's, which begins with a comment, and not OpenSSH's."""
    try:
        with key.open("rb") as file:
            return file.read(len(_MINISIGN_KEY)) == _MINISIGN_KEY
    except OSError as error:
        raise CommandFailedError(f"The key {key} cannot be read: {error.strerror}.") from error
