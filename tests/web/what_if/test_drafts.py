"""A draft is drawn up once, and what edits before made of a kernel is not made again."""

from __future__ import annotations

import pytest

from kfmap.catalogue.store import LoadedKernel, load_kernel, save_kernel
from kfmap.kernel.facts import KernelFacts
from kfmap.permission.decide import Decider
from kfmap.permission.what_if.apply import apply_edit, apply_edits
from kfmap.permission.what_if.edits import ChangeRow, Edit, EditError, MoveKfunc
from kfmap.permission.what_if.flips import find_flips
from kfmap.web.what_if import drafts
from tests.permission.small_kernel import create_toy_kernel

pytestmark = pytest.mark.django_db
WIDER = ChangeRow("toy_allow", "running", ("ALLOW_DISPATCH",))
MOVED = MoveKfunc("toy_insert", "toy_enqueue", "toy_dispatch")


@pytest.fixture
def kernel() -> LoadedKernel:
    drafts._drafts.clear()
    drafts._facts.clear()
    return load_kernel(save_kernel(create_toy_kernel(), None).kernel.name)


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> list[Edit]:
    """Return the edits that are carried out from now on."""
    seen: list[Edit] = []

    def carry_out(facts: KernelFacts, edit: Edit) -> KernelFacts:
        seen.append(edit)
        return apply_edit(facts, edit)

    monkeypatch.setattr(drafts, "apply_edit", carry_out)
    return seen


def test_a_draft_is_what_its_edits_make(kernel: LoadedKernel) -> None:
    for edits in ((), (WIDER,), (WIDER, MOVED)):
        facts = apply_edits(kernel.facts, edits, "draft")
        draft = drafts.draw_up(kernel, edits)
        assert draft.facts == facts
        assert draft.flips == find_flips(Decider(kernel.facts), Decider(facts))


def test_a_draft_that_is_opened_again_is_not_drawn_up_again(
    kernel: LoadedKernel, applied: list[Edit]
) -> None:
    assert drafts.draw_up(kernel, (WIDER,)) is drafts.draw_up(kernel, (WIDER,))
    assert applied == [WIDER]


def test_a_further_edit_is_carried_out_alone(kernel: LoadedKernel, applied: list[Edit]) -> None:
    drafts.draw_up(kernel, (WIDER,))
    drafts.draw_up(kernel, (WIDER, MOVED))
    drafts.draw_up(kernel, (MOVED,))
    assert applied == [WIDER, MOVED, MOVED]


def test_an_edit_that_does_not_fit_is_said_each_time(kernel: LoadedKernel) -> None:
    for _ in range(2):
        with pytest.raises(EditError, match="no kfunc id set nowhere"):
            drafts.draw_up(kernel, (WIDER, MoveKfunc("toy_insert", "nowhere", "")))
