"""A walk for a question ends once it is answered: some kfuncs are lacking, and surely called."""

from __future__ import annotations

from tests.verifier.engine.flow.assembly import assemble
from tests.verifier.engine.flow.walking import PERHAPS, SURE, Walked
from verifier.engine.flow.questions import Question

# Counts on for as long as it likes, and may ask at the third turn: that is too long to be walked.
_COUNTS = """
    main: program
    r6 = 0
    again: ; call 7
    if r6 != 3 goto on
    if r0 == 5 goto ask
    on: ; r6 += 1; if r0 != 0 goto again
    exit
    ask: ; {asks}; exit
"""


def _answer(text: str, *names: str, within: bool = False, there: bool = False) -> dict[str, str]:
    """Return which of these kfuncs are called, walking for them only; the kernel lacks them unless
    they are `there`."""
    obj = assemble(text)
    walked = Walked(obj, absent=() if there else names)
    places = frozenset(
        (function, slot)
        for function, calls in enumerate(walked.code.graph.calls)
        for slot, extern in calls.kfuncs
        if obj.externs[extern].name in names
    )
    found: dict[str, str] = {}
    for call in walked.reach(question=Question(places, within)).calls:
        name = obj.externs[call.extern].name
        if (call.node.function, call.slot) in places and found.get(name) != SURE:
            found[name] = SURE if call.sure else PERHAPS
    return found


def test_a_call_in_a_loop_without_end_is_found() -> None:
    assert _answer(_COUNTS.format(asks="call f"), "f") == {"f": SURE}


def test_so_is_one_in_a_function_that_is_called_there() -> None:
    text = _COUNTS.format(asks="call g") + "g: global; call f; exit"
    assert _answer(text, "f") == {"f": SURE}


def test_and_in_a_static_one() -> None:
    text = _COUNTS.format(asks="call s") + "s: static; call f; exit"
    assert _answer(text, "f") == {"f": SURE}


def test_what_a_static_function_calls_with_other_arguments_only_is_found() -> None:
    text = """
        main: program; r6 = 0
        again: ; r1 = r6; call s; if r6 == 1 goto end; r6 = 1; goto again
        end: ; exit
        s: static; if r1 == 0 goto out; call f; out: ; exit
    """
    assert _answer(text, "f") == {"f": SURE}


def test_every_call_is_looked_for() -> None:
    text = "main: program; call 7; if r0 == 0 goto x; call f; exit; x: ; call g; exit"
    assert _answer(text, "f", "g") == {"f": SURE, "g": SURE}


def test_a_callback_that_is_handed_on_is_found_behind_what_is_sure() -> None:
    text = """
        main: program; call 7; if r0 == 0 goto x; call f; exit
        x: ; call 7; if r0 == 0 goto y; exit
        y: ; r1 = &back; call s; exit
        s: static; r2 = r1; r1 = 4; r3 = 0; r4 = 0; call 181; exit
        back: static; call g; r0 = 0; exit
    """
    assert _answer(text, "f", "g") == {"f": SURE, "g": PERHAPS}  # it may be run no time


def test_where_regions_matter_all_ways_are_walked() -> None:
    assert _answer(_COUNTS.format(asks="call f"), "f", within=True) == {"f": PERHAPS}


def test_how_a_kfunc_that_is_there_is_called_takes_all_ways_too() -> None:
    assert _answer(_COUNTS.format(asks="call f"), "f", there=True) == {"f": PERHAPS}


def test_a_dead_call_is_walked_for_and_not_found() -> None:
    text = "main: program; r6 = 1; call 7; if r6 == 2 goto x; exit; x: ; call f; exit"
    assert _answer(text, "f") == {}
