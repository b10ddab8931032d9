"""The picture of the mechanisms: one table, a block of columns for each, in words and addresses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

from kfmap.permission.context import Context
from kfmap.permission.context_words import render_context
from kfmap.permission.mechanisms.blocks import LATE, TOO_LITTLE, TOO_MUCH, Block, Picture
from kfmap.permission.mechanisms.compare import Cell

MAX_BLOCKS = 300  # a mechanism; more cannot be told apart
_MEANT = "What the kernel means"
_NAMED = 3  # kfuncs that a row names; more are counted
_WORDS = {
    TOO_MUCH: "lets pass too much",
    TOO_LITTLE: "refuses too much",
    LATE: "refuses late",
}


@dataclass(frozen=True, slots=True)
class Square:
    """One block: its kind, in words, and where its example is asked of every mechanism."""

    kind: str
    words: str
    whole: bool
    url: str
    first: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A class of kfuncs, named as far as there is room."""

    kfuncs: tuple[str, ...]
    more: int
    squares: tuple[Square, ...]


@dataclass(frozen=True, slots=True)
class PicturePage:
    """The table: titles over as many columns as there are classes of contexts."""

    titles: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    rows: tuple[Row, ...]


def lay_out_picture(
    picture: Picture, titles: Sequence[str], locate: Callable[[Cell], str]
) -> PicturePage | None:
    """Lay a picture out, None for one with more blocks than can be told apart.

    `titles`: of its mechanisms; `locate` gives the address where a cell is asked.
    """
    if len(picture.kfuncs) * len(picture.contexts) > MAX_BLOCKS:
        return None
    panels = (picture.meant, *picture.mechanisms)
    return PicturePage(
        titles=(_MEANT, *titles),
        columns=_name_contexts(picture.contexts),
        rows=tuple(
            Row(
                kfuncs[:_NAMED],
                len(kfuncs[_NAMED:]),
                tuple(chain.from_iterable(_squares(panel[at], locate) for panel in panels)),
            )
            for at, kfuncs in enumerate(picture.kfuncs)
        ),
    )


def _name_contexts(classes: Sequence[Sequence[Context]]) -> tuple[tuple[str, ...], ...]:
    """Name contexts, callbacks of one ops structure by their member alone."""
    types = {context.struct_ops for context in chain.from_iterable(classes)}
    alone = len(types) == 1
    return tuple(
        tuple((alone and context.member) or render_context(context) for context in group)
        for group in classes
    )


def _squares(blocks: Sequence[Block], locate: Callable[[Cell], str]) -> list[Square]:
    return [
        Square(
            kind=block.kind.replace("_", "-"),
            words=_describe(block),
            whole=block.counted == block.cells,
            url=locate(block.example) if block.kind in _WORDS else "",
            first=place == 0,
        )
        for place, block in enumerate(blocks)
    ]


def _describe(block: Block) -> str:
    words = _WORDS.get(block.kind, block.kind)
    return (
        words
        if block.counted == block.cells
        else f"{words}: {block.counted} of {block.cells} cells"
    )
