"""What a loader does goes into the object's file, or into its options."""

from __future__ import annotations

from pathlib import Path

from verifier.engine.judging.attached import find_targets
from verifier.engine.judging.choices import LoaderChoices
from verifier.engine.object.read import read_object
from verifier.opinions.files import AskedObject, prepare, render_files

OBJECTS = Path(__file__).parents[2] / "objects"


def test_a_constant_is_set_in_the_file() -> None:
    data = (OBJECTS / "scheduler.bpf.o").read_bytes()
    obj = read_object(data)
    constant = next(v for v in obj.variables if obj.data[v.section].frozen and v.size <= 8)
    asked = prepare(data, obj, LoaderChoices(values={constant.name: 77}))
    again = read_object(asked.data)
    at = next(v for v in again.variables if v.name == constant.name)
    value = again.data[at.section].data[at.offset : at.offset + at.size]
    assert int.from_bytes(value, "little") == 77
    assert len(asked.data) == len(data)


def test_without_choices_the_file_is_untouched() -> None:
    data = (OBJECTS / "scheduler.bpf.o").read_bytes()
    assert prepare(data, read_object(data)) == AskedObject(data)


def test_what_else_a_loader_does_becomes_options() -> None:
    data = (OBJECTS / "scheduler.bpf.o").read_bytes()
    choices = LoaderChoices(
        cleared=("toy.cgroup_move",), types={"mine": "xdp"}, targets={"trace": "do_exit"}
    )
    asked = prepare(data, read_object(data), choices)
    assert asked.options == "cleared toy.cgroup_move\ntype mine xdp\ntarget trace do_exit\n"


def test_a_name_cannot_begin_another_line_of_options() -> None:
    data = (OBJECTS / "scheduler.bpf.o").read_bytes()
    asked = prepare(data, read_object(data), LoaderChoices(types={"a b\ncleared x": "xdp"}))
    assert asked.options == ""


def test_objects_keep_their_numbers_in_the_guest() -> None:
    files = render_files([(3, AskedObject(b"x", "cleared y\n")), (12, AskedObject(b"z"))])
    assert files == {
        "objects/003.o": b"x",
        "objects/003.options": b"cleared y\n",
        "objects/012.o": b"z",
    }


def test_programs_of_other_objects_go_with_the_one_that_attaches_to_them() -> None:
    data, other = ((OBJECTS / name).read_bytes() for name in ("replacing.bpf.o", "replaced.bpf.o"))
    words = {"parse_ok": "replaced.bpf.o:entry", "bare": "replaced.bpf.o:alone:alone"}
    found = find_targets(words, lambda name: other if name == "replaced.bpf.o" else None)
    asked = prepare(data, read_object(data), LoaderChoices(targets=words, attached=found))
    assert asked.options == "on parse_ok 0 entry\non bare 0 alone alone\n"
    assert render_files([(7, asked)])["objects/007.on.0"] == other
