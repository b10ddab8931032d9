"""Names of functions, packed and asked for; whether programs can attach to them."""

from __future__ import annotations

import lzma

import pytest

from kfmap.btf.function_names import HEADER, MARK, FunctionNames, Refusal
from kfmap.btf.function_pack import pack_functions, read_module_functions
from kfmap.btf.kinds import Kind
from kfmap.btf.layout import BtfError
from kfmap.btf.read import read_btf
from tests.btf.btf_writer import BtfWriter
from tests.btf.elf_writer import write_elf

NAMES = ["tcp_close", "tcp_connect", "tcp_connect_init", "vfs_open", "a"]


def _write(names: list[str], arguments: int) -> bytes:
    writer = BtfWriter()
    number = writer.integer("int")
    for name in names:
        writer.function(name, number, [(f"a{n}", number) for n in range(arguments)])
    return writer.build()


def _pack(names: list[str] = NAMES, modules: tuple[str, ...] = ()) -> FunctionNames:
    writer = BtfWriter()
    number = writer.integer("int")
    for count, name in enumerate(names):
        writer.function(name, number, [(f"a{n}", number) for n in range(count)])
    return FunctionNames(pack_functions(read_btf(writer.build()), modules))


def test_every_function_is_found_with_its_arguments() -> None:
    found = _pack()
    assert {name: found.arguments(name) for name in NAMES} == {
        name: count for count, name in enumerate(NAMES)
    }
    assert len(found) == len(NAMES)


def test_names_packed_before_words_were_counted_are_read() -> None:
    shared, codes, tails = bytes((0, 4)), bytes((2, Refusal.RETURN_TYPE)), b"open\nat\n"
    named = lzma.compress(shared + codes + tails)
    old = FunctionNames(b"kfmap functions 1\n" + HEADER.pack(len(named), 2, 0) + named)
    assert (old.arguments("open"), old.argument_words("open")) == (2, None)
    assert (old.arguments("openat"), old.refusal("openat")) == (-1, Refusal.RETURN_TYPE)


def test_every_one_of_many_names_is_found_and_nothing_between_them() -> None:
    names = [
        f"{word}_of_a_driver_{number}" for word in ("get", "put") for number in range(0, 900, 2)
    ]
    packed = pack_functions(read_btf(_write(names, arguments=3)))
    found = FunctionNames(packed)
    assert {found.arguments(name) for name in names} == {3}
    others = [f"get_of_a_driver_{number}" for number in range(1, 900, 2)]
    assert not any(found.has(name) for name in (*others, "a", "z", names[-1] + "0", names[0][:-1]))


@pytest.mark.parametrize("name", ["tcp_conn", "tcp", "", "cp_close", "a\nb", "tcp_close\n", "á"])
def test_parts_of_names_and_other_names_are_not_found(name: str) -> None:
    found = _pack()
    assert (found.has(name), found.arguments(name), found.refusal(name)) == (False, None, None)


def test_of_two_functions_with_one_name_the_first_counts() -> None:
    found = _pack(["twice", "twice", "other"])
    assert (found.arguments("twice"), len(found)) == (0, 2)


def test_functions_that_no_program_can_attach_to_say_why() -> None:
    writer = BtfWriter()
    number = writer.integer("int")
    real = writer.add(Kind.FLOAT, "float", 4)
    small = writer.struct("small", 16, [])
    large = writer.struct("large", 24, [])
    writer.function("fine", writer.pointer(large), [("a", small), ("b", number)])
    writer.function("many", number, [(f"a{n}", number) for n in range(13)])
    writer.function("print", number, [("format", writer.pointer(number)), ("", 0)])
    writer.function("gives_struct", small, [])
    writer.function("gives_float", real, [])
    writer.function("takes_large", number, [("a", large)])
    writer.function("takes_float", number, [("a", real)])
    writer.function("takes_void", number, [("a", 0), ("b", number)])
    found = FunctionNames(pack_functions(read_btf(writer.build())))
    assert (found.arguments("fine"), found.refusal("fine")) == (2, None)
    assert found.argument_words("fine") == 3  # `small` takes two
    refused = {
        "many": Refusal.TOO_MANY_ARGUMENTS,
        "print": Refusal.VARIABLE_ARGUMENTS,
        "gives_struct": Refusal.RETURN_TYPE,
        "gives_float": Refusal.RETURN_TYPE,
        "takes_large": Refusal.ARGUMENT_TYPE,
        "takes_float": Refusal.ARGUMENT_TYPE,
        "takes_void": Refusal.VOID_ARGUMENT,
    }
    assert {name: found.refusal(name) for name in refused} == refused
    assert {found.arguments(name) for name in refused} == {-1}
    assert {found.argument_words(name) for name in refused} == {None}


def test_modules_may_have_what_they_have_and_hardly_anything_else() -> None:
    modules = tuple(f"ext4_{n}" for n in range(500))
    found = _pack(modules=modules)
    assert all(found.module_may_have(name) for name in modules)
    assert sum(bool(found.module_may_have(f"none_{n}")) for n in range(1_000)) < 5


def test_without_modules_nothing_is_known_of_them() -> None:
    assert not _pack().knows_modules
    assert _pack().module_may_have("ext4_open") is None


def test_a_kernel_without_functions_has_none() -> None:
    found = _pack([])
    assert (len(found), found.has("a")) == (0, False)


@pytest.mark.parametrize("byteorder", ["little", "big"])
def test_functions_of_a_module_take_strings_of_vmlinux_too(byteorder: str) -> None:
    base = BtfWriter(byteorder)
    base.function("shared_name")
    vmlinux = read_btf(base.build())
    writer = BtfWriter(byteorder)
    writer.strings = bytearray()  # split BTF: offsets go on after those of vmlinux
    writer._offsets = {"": 0}
    own = writer.string("own_name") + vmlinux.strings_length
    shared = vmlinux.string(1)
    assert shared == "shared_name"
    prototype = writer.prototype(0)
    for offset in (own, 1):
        writer._offsets["x"] = offset
        writer.add(Kind.FUNC, "x", prototype)
    module = write_elf({".text": b"", ".BTF": writer.build()}, byteorder)
    assert list(read_module_functions(module, vmlinux)) == ["own_name", "shared_name"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"kfmap types 1\n",
        MARK,
        MARK + bytes(12),
        pack_functions(read_btf(BtfWriter().build()))[:-9],
    ],
)
def test_what_is_no_packed_names_is_refused(data: bytes) -> None:
    with pytest.raises(BtfError, match="names of functions"):
        FunctionNames(data).has("a")


def test_damaged_columns_are_refused() -> None:
    data = bytearray(pack_functions(read_btf(BtfWriter().build())))
    data[len(MARK) + 4] = 7  # seven names, of which there is none
    with pytest.raises(BtfError, match="do not fit"):
        FunctionNames(bytes(data)).has("a")
