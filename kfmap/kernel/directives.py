"""The preprocessor's directives in a C file, and the file without its comments."""

from __future__ import annotations

import re
from collections.abc import Iterator

# One from offset to offset: its first word and what follows that, comments blanked.
Directive = tuple[int, int, str, str]

# A quote that nothing closes is looked after to the end of its line, which is done once per line:
# later quotes of it stand behind a backslash, and such are stepped over.
_SKIPPED = (
    r"//(?:[^\n\\]++|\\\r?\n|\\)*+|/\*[^*]*+\*++(?:[^/*][^*]*+\*++)*+/|/\*.*\Z"
    r"|\"(?:\\.|[^\"\\\n])*+\"|'(?:\\.|[^'\\\n])++'|\\[\"']"
)
_COMMENT_OR_TEXT = re.compile(_SKIPPED, re.S)
_TO_SIGN = re.compile(rf"(?:[^/\"'\\#]++|{_SKIPPED}|[/\"'\\])*+#", re.S)
_DIRECTIVE = re.compile(r"#[ \t]*(\w+)([^\n\\]*+(?:\\\r?\n[^\n\\]*+|\\[^\n\\]*+)*+)", re.A)
_QUICK = re.compile(  # without strings, and with no comment but one at the end: nearly all
    r"#[ \t]*(\w+)([^\n\\/\"']*+(?:\\\n[^\n\\/\"']*+)*+)(/\*[^*\n\\]*+\*/)?(?:\n|\Z)", re.A
)
_NOT_PLAIN = re.compile("[/\"']")  # one of these is in all that is blanked
_COMMENT_NEXT = re.compile(r"[ \t]*/\*")


def make_plain(text: str) -> str:
    """Return a text with its comments and the contents of its strings blank."""
    return _COMMENT_OR_TEXT.sub(_blank_match, text)


def blank(text: str) -> str:
    """Return blanks of the same length, with the same ends of lines."""
    if "\n" not in text:
        return " " * len(text)
    return "\n".join([" " * len(line) for line in text.split("\n")])


def _blank_match(match: re.Match[str]) -> str:
    found = match[0]
    if found[0] == "/":
        return blank(found)
    if found[0] == "\\":
        return found
    return found[0] + blank(found[1:-1]) + found[-1]


def find_directives(text: str) -> Iterator[Directive]:
    """Return the directives of a file.

    Most of a header are comments, and few directives have any: only those are made plain. A sign
    that begins its line is one outside of comments where the last comment before it is closed; the
    text is read word by word only where that is not so.
    """
    plain = ""  # made for a comment that stands before the word of a directive, which is rare
    outside = 0  # what stands here is in no comment and no string
    sign = text.find("#")
    while sign >= 0:
        found = _QUICK.match(text, sign)
        if found and text[sign - 1 : sign] in "\n" and not _may_be_inside(text, outside, sign):
            word, rest, comment = found.groups()
            if comment:
                rest += " " * len(comment)
            outside = found.end(3 if comment else 2)
            yield sign, outside, word, rest
            sign = text.find("#", outside)
            continue
        start = text.rfind("\n", 0, sign) + 1
        before = text[start:sign]
        is_first = not before.strip(" \t")
        if not is_first and "*/" not in text[start : _end_of_line(text, sign)]:
            sign = text.find("#", _end_of_line(text, sign))
            continue
        if outside < sign and (not is_first or _may_be_inside(text, outside, start)):
            outside = sign = _find_sign(text, outside, sign)
            continue
        found = _DIRECTIVE.match(plain or text, sign)
        if found is None or before:  # nearly all have their sign in the first column
            if not is_first or _COMMENT_NEXT.match(text, sign + 1):
                plain = plain or make_plain(text)
            is_first = not (plain or text)[start:sign].strip(" \t")
            found = _DIRECTIVE.match(plain or text, sign) if is_first else None
        outside = sign + 1
        if found is None:
            sign = text.find("#", _end_of_line(text, sign))
            continue
        done = found.end()
        if not plain and _NOT_PLAIN.search(found[2]):
            found = _DIRECTIVE.match(make_plain(found[0])) or found
            done = sign + len(found[0])
        elif not plain:
            outside = done
        yield start, done, found[1], found[2]
        sign = text.find("#", done)


def _may_be_inside(text: str, outside: int, start: int) -> bool:
    """Return whether a line may start inside a comment or a string, from a place that is not."""
    opened = text.rfind("/*", outside, start)
    is_open = opened >= 0 and text.find("*/", opened + 2, start) < 0
    return is_open or _goes_on(text, start)


def _goes_on(text: str, start: int) -> bool:
    """Return whether the line before one has a backslash at its end."""
    return start > 1 and text[start - 2] == "\\" and text[start - 1] == "\n"


def _find_sign(text: str, outside: int, sign: int) -> int:
    """Return the first sign from `sign` on that is in no comment and no string, -1 for none."""
    while found := _TO_SIGN.match(text, outside):
        outside = found.end()
        if outside > sign:
            return outside - 1
    return -1


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end
