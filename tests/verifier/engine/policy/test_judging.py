"""Objects under policies: which rule decides, on which kernels, and what is not known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.permission.decide import Decider
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.checked import create_checked, create_unread
from verifier.engine.policy.judging import judge
from verifier.engine.policy.kfunc_facts import KfuncFacts
from verifier.engine.policy.model import Effect, Judged
from verifier.engine.policy.reading import read_policy
from verifier.engine.reports.model import CheckedObject

QUIET = "version: 1\nname: x\nverdicts: {refused: allow, unknown: allow}\n"
FACTS = KfuncFacts(lambda: Decider(create_toy_kernel()))


def held(rest: str, obj: CheckedObject | None = None, head: str = QUIET) -> Judged:
    """Hold an object, by default one whose program calls toy_move on 6.18 and 7.2, to a policy."""
    kernels = dict.fromkeys(("6.18", "7.2", "7.3"), FACTS)
    return judge(read_policy(head + rest), obj or create_checked(), kernels)


def rule(match: str, effect: str = "deny") -> str:
    """Return a policy's rules: one."""
    return f"rules:\n- {{effect: {effect}, id: one, match: {match}}}\n"


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ("{kfunc: toy_move}", True),
        ("{kfunc: [other, toy_m*]}", True),
        ("{kfunc: TOY_MOVE}", False),
        ("{callback: toy_ops.running}", True),
        ("{callback: struct_ops/*}", True),
        ("{callback: toy_ops.stop}", False),
        ("{set: toy_any}", False),
        ("{flag: KF_DESTRUCTIVE}", False),
        ("{kernel: '7.2'}", True),
        ("{kernel: '7.1'}", False),
        ("{kfunc: toy_move, kernel: '7.1'}", False),
        ("{foreign: true}", False),
        ("{foreign: false}", True),
    ],
)
def test_rule_fits_when_every_part_does(match: str, fits: bool) -> None:
    judged = held(rule(match))
    assert (judged.effect == Effect.DENY) == fits


def test_sets_flags_and_folders_are_those_of_the_kernel() -> None:
    facts = create_toy_kernel()
    for kfunc_set in facts.sets:
        for entry in kfunc_set.entries:
            assert kfunc_set.name in FACTS.values("set", entry.kfunc)
            assert set(entry.flags) <= FACTS.values("flag", entry.kfunc)
    (folder,) = FACTS.values("subsystem", "toy_move")
    assert held(rule(f"{{subsystem: {folder}}}")).effect == Effect.DENY
    assert held(rule(f"{{subsystem: {folder.partition('/')[0]}}}")).effect == Effect.DENY
    assert held(rule(f"{{subsystem: {folder[:-1]}}}")).effect == Effect.ALLOW
    assert not FACTS.values("flag", "no_such_kfunc")


def test_first_rule_that_fits_decides() -> None:
    rules = "rules:\n- {effect: allow, match: {kfunc: toy_move}}\n- {effect: deny}\n"
    assert held(rules).effect == Effect.ALLOW
    assert held("default: warn\n").effect == Effect.WARN


def test_finding_names_rule_program_kfunc_line_and_kernels() -> None:
    (found,) = held(rule("{kfunc: toy_move}")).findings
    assert (found.rule, found.program, found.kfunc) == ("one", "toy_running", "toy_move")
    assert (found.kernels, found.line) == (("6.18", "7.2"), 5)


def test_policy_looks_only_at_its_kernels() -> None:
    (found,) = held(rule("{kfunc: toy_move}") + "kernels: ['6.18']\n").findings
    assert found.kernels == ("6.18",)


def test_verdict_counts_for_what_the_policy_says() -> None:
    head = "version: 1\nname: x\n"
    found = {item.rule: item for item in held("", head=head).findings}
    assert found["verdict"].effect == Effect.DENY
    assert found["verdict"].kernels == ("7.2",)
    assert held("verdicts: {refused: warn, unknown: allow}\n", head=head).effect == Effect.WARN


def test_kernel_that_could_not_be_asked_is_not_known_and_never_fine() -> None:
    head = "version: 1\nname: x\nverdicts: {refused: allow, unknown: deny}\n"
    (found,) = held("", head=head).findings
    assert (found.rule, found.kernels) == ("not checked", ("7.3",))
    (found,) = held("kernels: ['9.9']\n", head=head).findings
    assert found.reason == "no kernel 9.9 was asked"


def test_object_that_could_not_be_read_is_denied() -> None:
    assert held("", create_unread()).effect == Effect.DENY


def test_foreign_kfunc_is_that_of_another_type() -> None:
    facts = create_toy_kernel()
    (ops,) = [item for item in facts.struct_ops if item.name == "toy_ops"]
    place = replace(ops.place, file="net/other/other.c")
    other = replace(ops, name="other_ops", variable="other", place=place)
    changed = Decider(replace(facts, struct_ops=(*facts.struct_ops, other)))
    looked = KfuncFacts(lambda: changed)
    own = [name for name in Decider(facts).kfuncs if not looked.is_foreign(name, "toy_ops")]
    foreign = [name for name in own if looked.is_foreign(name, "other_ops")]
    assert "toy_move" in foreign
