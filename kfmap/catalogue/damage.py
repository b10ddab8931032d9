"""Files that came with kfmap, or that it keeps to be faster, may be cut off: what is said then."""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class DamagedBundleError(RuntimeError):
    """A file that came with kfmap cannot be read; the message names it and says what to do."""


@contextmanager
def whole(path: Path) -> Iterator[None]:
    """Have what cannot be read in the block be one sentence: DamagedBundleError."""
    try:
        yield
    except (OSError, EOFError, ValueError, KeyError, lzma.LZMAError) as error:
        raise DamagedBundleError(
            f"{path.name}, which came with kfmap, is damaged: install kfmap again ({path})."
        ) from error
