"""The picture of the mechanisms on the toy kernel: classes, and what each makes of them."""

from __future__ import annotations

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.contexts import build_member_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.mechanisms.blocks import LATE, TOO_MUCH, Block, Picture, draw_blocks
from kfmap.permission.mechanisms.compare import build_mechanisms, compare_one
from kfmap.permission.verdict import ALLOWED, REFUSED
from tests.permission.mechanisms.test_compare import create_masked_kernel
from tests.permission.small_kernel import create_toy_kernel


def _draw(facts: KernelFacts) -> tuple[Picture, dict[str, tuple[tuple[Block, ...], ...]]]:
    decider = Decider(facts)
    contexts = build_member_contexts(facts, "toy_ops")
    mechanisms = build_mechanisms(decider, contexts)
    picture = draw_blocks(decider, contexts, mechanisms)
    titles = [compare_one(mechanism, contexts).title for mechanism in mechanisms]
    return picture, dict(zip(titles, picture.mechanisms, strict=True))


def _kinds(panel: tuple[tuple[Block, ...], ...]) -> list[list[str]]:
    return [[block.kind for block in row] for row in panel]


def test_classes_hold_every_kfunc_and_context_once() -> None:
    facts = create_toy_kernel()
    picture, _ = _draw(facts)
    kfuncs = [name for group in picture.kfuncs for name in group]
    members = [context.member for group in picture.contexts for context in group]
    assert sorted(kfuncs) == sorted(Decider(facts).kfuncs)
    assert len(members) == len(set(members)) == len(build_member_contexts(facts, "toy_ops"))


def test_what_is_meant_is_the_same_in_a_whole_block() -> None:
    facts = create_toy_kernel()
    decider = Decider(facts)
    picture, _ = _draw(facts)
    for kfuncs, row in zip(picture.kfuncs, picture.meant, strict=True):
        for contexts, block in zip(picture.contexts, row, strict=True):
            said = {decider.decide(c, kfunc).verdict for c in contexts for kfunc in kfuncs}
            assert said == {block.kind}
            assert block.counted == block.cells == len(kfuncs) * len(contexts)


def test_blocks_add_up_to_what_the_comparison_counts() -> None:
    for facts in (create_toy_kernel(), create_masked_kernel()):
        decider = Decider(facts)
        contexts = build_member_contexts(facts, "toy_ops")
        for mechanism in build_mechanisms(decider, contexts):
            row = compare_one(mechanism, contexts)
            [panel] = draw_blocks(decider, contexts, [mechanism]).mechanisms
            blocks = [block for line in panel for block in line]
            assert sum(b.counted for b in blocks if b.kind == TOO_MUCH) == row.over_permits
            assert sum(b.counted for b in blocks if b.kind == LATE) == row.late
            assert sum(block.cells for block in blocks) == row.cells


def test_an_example_is_wrong_as_its_block_says() -> None:
    facts = create_toy_kernel()
    decider = Decider(facts)
    _, panels = _draw(facts)
    wrong = [
        block for row in panels["Program type only"] for block in row if block.kind == TOO_MUCH
    ]
    assert wrong
    for block in wrong:
        assert decider.decide(block.example.context, block.example.kfunc).verdict == REFUSED


def test_exact_mechanisms_look_as_the_kernel_means_it() -> None:
    picture, panels = _draw(create_toy_kernel())
    meant = _kinds(picture.meant)
    assert {kind for row in meant for kind in row} == {ALLOWED, REFUSED}
    assert _kinds(panels["Filter with struct_ops context"]) == meant
    over = _kinds(panels["Program type only"])
    late = [[LATE if kind == TOO_MUCH else kind for kind in row] for row in over]
    assert _kinds(panels["Run-time masks"]) == late
