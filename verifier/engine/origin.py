"""Where an object comes from, as whoever uploads it says: commit, branch, and a link to read on."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from kfmap.quick_dataclass import dataclass
from kfmap.safe_text.printable import printable

FIELDS = ("commit", "branch", "link")
MOST = {"commit": 100, "branch": 255, "link": 500}  # characters


class OriginError(ValueError):
    """What was said cannot be taken; `field` is the one, the message a sentence about it."""

    def __init__(self, field: str, sentence: str) -> None:
        """Keep the field beside the sentence."""
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True)
class Origin:
    """What tells a version from others, "" where nothing was said."""

    commit: str = ""
    branch: str = ""
    link: str = ""

    def __bool__(self) -> bool:
        """Return whether anything was said."""
        return bool(self.commit or self.branch or self.link)

    @property
    def words(self) -> str:
        """Return it in one line."""
        named = (("commit", self.commit), ("branch", self.branch), ("see", self.link))
        return ", ".join(f"{word} {text}" for word, text in named if text)


UNKNOWN_ORIGIN = Origin()


def read_origin(said: Mapping[str, str]) -> Origin:
    """Return what was said in the fields `commit`, `branch` and `link`.

    Raises OriginError for what is too long, holds spaces or hidden characters, or is no address.
    """
    texts = {name: said.get(name, "").strip() for name in FIELDS}
    for name, text in texts.items():
        if len(text) > MOST[name]:
            raise OriginError(name, f"The {name} has more than {MOST[name]} characters.")
        if any(letter.isspace() for letter in text) or printable(text) != text:
            raise OriginError(name, f"The {name} may hold no spaces and no hidden characters.")
    _check_link(texts["link"])
    return Origin(**texts)


def _check_link(link: str) -> None:
    """Take addresses of web pages alone: the link stands in pages and reports."""
    if not link:
        return
    try:
        parts = urlsplit(link)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise OriginError("link", "The link must be a web address that begins with https://.")
