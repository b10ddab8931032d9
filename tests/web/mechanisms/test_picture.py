"""The picture of the mechanisms laid out: no more than can be told apart, and what it says."""

from __future__ import annotations

from django.template.loader import render_to_string

from kfmap.permission.context import Context
from kfmap.permission.mechanisms.blocks import TOO_MUCH, Block, Picture
from kfmap.permission.mechanisms.compare import Cell
from kfmap.web.mechanisms.picture import MAX_BLOCKS, lay_out_picture

CONTEXT = Context("BPF_PROG_TYPE_STRUCT_OPS", struct_ops="toy_ops", member="tick")
EXAMPLE = Cell(CONTEXT, "toy_move")


def _picture(rows: int, block: Block) -> Picture:
    panel = ((block,),) * rows
    kfuncs = tuple((f"toy_{number}", "a", "b", "c", "d") for number in range(rows))
    return Picture(kfuncs, ((CONTEXT,),), panel, (panel,))


def test_a_picture_of_more_than_can_be_told_apart_is_not_drawn() -> None:
    block = Block("allowed", 1, 1, EXAMPLE)
    assert lay_out_picture(_picture(MAX_BLOCKS, block), ["It"], str) is not None
    page = lay_out_picture(_picture(MAX_BLOCKS + 1, block), ["It"], str)
    assert page is None
    text = render_to_string("mechanisms/picture.html", {"picture": page})
    assert "more classes than a picture can show" in text
    assert "<table" not in text


def test_what_is_wrong_says_how_much_and_leads_to_an_example() -> None:
    block = Block(TOO_MUCH, 2, 5, EXAMPLE)
    page = lay_out_picture(_picture(1, block), ["It"], lambda cell: f"?kfunc={cell.kfunc}")
    assert page is not None
    [row] = page.rows
    assert row.more == 2
    meant, square = row.squares
    assert square.words == "lets pass too much: 2 of 5 cells"
    assert not square.whole
    assert square.url == meant.url == "?kfunc=toy_move"
    assert page.titles == ("What the kernel means", "It")
    assert page.columns == (("tick",),)
