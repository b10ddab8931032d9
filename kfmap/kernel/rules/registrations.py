"""Registrations: the calls of register_btf_kfunc_id_set() that the functions of a kernel reach.

A function that registers what its caller gives it is run from its callers. What cannot be resolved
is given as such, with what is known of it. A function that nothing mentions is not reached.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator

from kfmap.kernel.code import Code
from kfmap.kernel.facts import (
    UNREAD_DOUBT,
    UNREAD_FUNCTION,
    UNREAD_HOOK,
    UNREAD_SET,
    UNREAD_USE,
    Place,
)
from kfmap.kernel.items import Item
from kfmap.kernel.place import KERNELS_OWN
from kfmap.kernel.rules.function_doubts import (
    find_branch_in_doubt,
    find_branches_in,
    is_weak,
)
from kfmap.kernel.rules.hooks import BTF_C, find_enum
from kfmap.kernel.rules.kfunc_id_sets import KfuncIdSet, make_kfunc_id_set
from kfmap.kernel.rules.kfunc_memory import Block, Memory
from kfmap.kernel.rules.register_machine import RegisterMachine
from kfmap.kernel.rules.register_world import REGISTER, REGISTER_FMODRET, Met, Site, World
from kfmap.kernel.rules.usage import Usage
from kfmap.kernel.scan import find_definitions
from kfmap.kernel.statements import TooLongError
from kfmap.kernel.syntax import Function, called_name, parse_function, walk
from kfmap.kernel.tree import TreeError
from kfmap.quick_dataclass import dataclass, replace

_REGISTERS = re.compile(rf"\b(?:{REGISTER}|{REGISTER_FMODRET})\b")
_CALLS = re.compile(rf"\b(?:{REGISTER}|{REGISTER_FMODRET})\s*\(")
_UNPARSED = re.compile(r"\bgoto\s*\*|\b(?:__)?typeof(?:__)?\s*\(")  # what the parser does not know
_LEADS_OUT = re.compile(r"\b(?:return|goto|break|continue)\b")
_START = "register_btf_"  # of both: most files have neither, and that is quickly seen
_MAX_FUNCTIONS = 100  # that register, in one file
_MAX_ROUNDS = 6  # from functions that register to their callers


@dataclass(frozen=True, slots=True)
class RegisterCall:
    """A registration that is reached.

    `program_type` is "" for FMODRET, None where it is not known. The kfunc id set is `name` as seen
    in `file`, or `made` where the code makes one as it runs. `unread` is the construct that was not
    understood, "" for none: then the rest says what is known of the call.
    """

    program_type: str | None
    name: str
    file: str
    made: KfuncIdSet | None
    place: Place
    unread: str = ""
    text: str = ""
    executed: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Run:
    """What one function registers when it is run, and whether its callers decide that."""

    item: Item
    calls: list[RegisterCall]
    is_for_callers: bool


class RegisterReader:
    """Reads the registrations of the files of one kernel."""

    def __init__(self, code: Code, files: Iterable[str], is_built: Callable[[str], bool]) -> None:
        self._code = code
        self._files = tuple(files)
        types = find_enum(code, "bpf_prog_type", BTF_C)
        self._type_names = {item.value: item.name for item in types}
        self._type_values = {item.name: item.value for item in types}
        self._parsed: dict[tuple[str, str], Function] = {}
        self._usage = Usage(code, self._files, is_built)
        self._open: dict[str, Item] = {}

    def read(self) -> dict[str, list[RegisterCall]]:
        """Return what the functions of each file register.

        Raises TreeError where a file has more such functions than any of a kernel.
        """
        self._open = {item.function: item for item in self._find_in_headers()}
        runs: dict[tuple[str, str], _Run] = {}
        waiting = [(file, item) for file in self._files for item in self._find_direct(file)]
        waiting += self._find_callers(self._open.values())
        for _ in range(_MAX_ROUNDS):
            for file, item in waiting:
                runs[file, item.function] = self._run(file, item)
            opened = [
                run.item
                for run in runs.values()
                if run.is_for_callers and run.item.function not in self._open
            ]
            self._open |= {item.function: item for item in opened}
            waiting = list(self._find_callers(opened))
            if not waiting:
                break
        found: dict[str, list[RegisterCall]] = {file: [] for file in self._files}
        entered = {
            name
            for run in runs.values()
            for call in run.calls
            for name in call.executed - {run.item.function}
        }
        for (file, name), run in runs.items():
            calls = run.calls
            if name in self._open and not self._is_run_unseen(run.item):
                calls = [] if name in entered else [_in_doubt(c, f"{name}()") for c in calls]
            for call in calls:
                found[file if file in found else call.place.file].append(call)
        return {
            file: [*_without_doubles(found[file]), *self._find_other_uses(file)] for file in found
        }

    @property
    def followed(self) -> Collection[str]:
        """Return the functions that are entered where they are called."""
        return self._open.keys()

    # Which functions

    def _find_direct(self, file: str) -> Iterator[Item]:
        count = 0
        for item in self._code.items(file):
            if _START not in item.text or not item.function or not _CALLS.search(item.text):
                continue
            count += 1
            if count > _MAX_FUNCTIONS:
                raise TreeError(f"{file} has more than {_MAX_FUNCTIONS} functions that register")
            if not item.function.endswith((REGISTER, REGISTER_FMODRET)):
                yield item

    def _find_in_headers(self) -> Iterator[Item]:
        seen = set(self._files)
        for file in self._files:
            source = self._code.source(file)
            for header in self._code.closure(file):
                if header in seen or (source and header in source.written_out):
                    continue
                seen.add(header)
                text = self._code.tree.read(header) or ""
                if _START in text and header not in KERNELS_OWN and _REGISTERS.search(text):
                    yield from self._find_direct(header)

    def _find_callers(self, functions: Iterable[Item]) -> Iterator[tuple[str, Item]]:
        for callee in functions:
            yield from self._usage.find_uses(callee).callers

    def _is_run_unseen(self, item: Item) -> bool:
        """Return whether something but a call that is run leads to a function of a .c file."""
        uses = self._usage.find_uses(item)
        return (uses.is_named or not uses.callers) and not item.file.endswith(".h")

    # Running one

    def _run(self, file: str, item: Item) -> _Run:
        if not self._usage.is_used(item):
            return _Run(item, [], is_for_callers=False)
        met = Met()
        world = World(
            self._code,
            Memory(self._code, file),
            met,
            self._enter,
            self._type_values,
            tuple(self._open),
        )
        function = self._parse(item)
        calls: list[RegisterCall] = []
        if _is_cut(item, function):
            calls.append(_unread(Place(file, item.function_line), UNREAD_FUNCTION, "syntax"))
        try:
            RegisterMachine(world, function, {}).execute()
        except TooLongError as error:
            place = Place(file, item.function_line)
            calls.append(_unread(place, UNREAD_FUNCTION, str(error)))
        resolved = [self._resolve(world, site) for site in met.sites]
        executed = frozenset(met.functions)
        calls += [replace(call, executed=executed) for call in dict.fromkeys(resolved)]
        entered = (self._open[name] for name in sorted(executed) if name in self._open)
        doubt = self._find_doubt(item) or next(
            filter(None, map(self._find_text_doubt, entered)), ""
        )
        calls = [_in_doubt(call, doubt) for call in calls] if doubt else self._doubt_in(item, calls)
        is_known = file in self._files or file.endswith(".h")
        return _Run(item, calls, bool(calls) and is_known and not self._is_run_unseen(item))

    def _find_doubt(self, item: Item) -> str:
        """Return why a function may not be run as it stands, "" where it is."""
        if item.file not in self._files:  # the caller of one that is in them, and has callers
            return ""
        uses = self._usage.find_uses(item)
        if not (uses.is_named or uses.callers):
            who = "only a boot parameter" if uses.is_of_a_parameter else "nothing"
            return f"{who} calls {item.function}()"
        return self._find_text_doubt(item)

    def _doubt_in(self, item: Item, calls: list[RegisterCall]) -> list[RegisterCall]:
        """Return the calls of a function, with those in doubt that stand in an open branch."""
        doubt = find_branch_in_doubt(self._code, item)
        if doubt is None:
            return calls
        return [
            _in_doubt(call, f"#if {doubt.expression}")
            if call.place.file == item.file and doubt.start < call.place.line < doubt.end
            else call
            for call in calls
        ]

    def _find_text_doubt(self, item: Item) -> str:
        """Return why the text of a function may not be what runs, "" where it is.

        An #if in it that encloses no way out decides no more than what it encloses.
        """
        doubt = find_branch_in_doubt(self._code, item)
        if doubt is not None and doubt.start > item.function_line:
            lines = self._code.tree.lines(item.file)[doubt.start : doubt.end - 1]
            is_alone = next(find_branches_in(self._code, item, doubt), None) is None
            if is_alone and not _LEADS_OUT.search("\n".join(lines)):
                doubt = None
        return f"#if {doubt.expression}" if doubt else self._find_twin(item)

    def _find_twin(self, item: Item) -> str:
        """Return what may stand in the place of a weak function, "" for nothing."""
        if is_weak(item):
            arch = self._code.architecture.folder
            for other in find_definitions(self._code.tree, arch, [item.function]):
                if other != item.file:
                    return f"{other} has another {item.function}()"
        return ""

    def _enter(self, name: str) -> Function | None:
        item = self._open.get(name)
        return None if item is None else self._parse(item)

    def _parse(self, item: Item) -> Function:
        key = (item.file, item.function)
        if key not in self._parsed:
            self._parsed[key] = parse_function(item)
        return self._parsed[key]

    def _resolve(self, world: World, site: Site) -> RegisterCall:
        """Return what a call registers, or what is not understood of it."""
        program_type = self._program_type(site)
        found = world.memory.find(site.address)
        name, file = site.kfunc_id_set.lstrip("&").strip(), ""
        made = None
        unread, text = "", ""
        if found is None:
            unread, text = UNREAD_SET, name
            name = ""
        else:
            block, index = found
            name = f"{block.name}[{index}]" if index else block.name
            file = block.file or site.place.file
            if block.is_written or not block.file:
                made = _make(world.memory, block, index, site.place)
        if program_type is None and not unread:
            unread, text = UNREAD_HOOK, site.program_type
        if not unread and site.doubt is not None:
            unread, text = UNREAD_DOUBT, f"{name}, at {site.doubt}"
        return RegisterCall(program_type, name, file, made, site.place, unread, text)

    def _program_type(self, site: Site) -> str | None:
        if not site.program_type:
            return ""
        value = site.type_value
        if value is None:
            return None
        if self._type_values.get(site.program_type) == value:
            return site.program_type  # of several names for one number, the one that is written
        return self._type_names.get(value)

    # What is no call

    def _find_other_uses(self, file: str) -> Iterator[RegisterCall]:
        """Return where a register function is named and not called by a function that is run."""
        if file == BTF_C:
            return
        for item in self._code.items(file):
            for match in _REGISTERS.finditer(item.text) if _START in item.text else ():
                is_call = _CALLS.match(item.text, match.start())
                if item.function and is_call and match.start() > item.brace:
                    continue
                if not item.function and item.brace < 0 and is_call:
                    continue  # a declaration
                place = Place(file, item.line_at(match.start()))
                yield _unread(place, UNREAD_USE, match[0])


def _is_cut(item: Item, function: Function) -> bool:
    """Return whether the parser lost its way, and calls that register with it."""
    if not function.body.has_error:
        return False
    if _UNPARSED.search(item.text, item.brace):
        return True
    calls = (called_name(n) for n in walk(function.body) if n.type == "call_expression")
    read = sum(name in (REGISTER, REGISTER_FMODRET) for name in calls)
    return read < len(_CALLS.findall(item.text, item.brace))


def _in_doubt(call: RegisterCall, why: str) -> RegisterCall:
    return replace(call, unread=call.unread or UNREAD_DOUBT, text=why)


def _without_doubles(calls: Iterable[RegisterCall]) -> Iterator[RegisterCall]:
    """Return each call once, however many functions lead to it; one without doubt is enough."""
    found: dict[tuple[str | None, str, str, Place], list[RegisterCall]] = {}
    for call in calls:
        key = call.program_type, call.name, call.file, call.place
        found.setdefault(key, []).append(call)
    for same in found.values():
        sure = [call for call in same if call.unread != UNREAD_DOUBT]
        yield from {(call.unread, call.text, call.made): call for call in sure or same}.values()


def _unread(place: Place, construct: str, text: str) -> RegisterCall:
    return RegisterCall(None, "", "", None, place, construct, text)


def _make(memory: Memory, block: Block, index: int, place: Place) -> KfuncIdSet | None:
    """Return the kfunc id set that the code has made in memory, as far as names are known."""
    fields = memory.fields(block.address + index)
    if fields is None:
        return None
    names: dict[str, str] = {}
    file = block.file or place.file
    for name, value in fields.items():
        if value == 0 or name == "owner":
            continue
        found = memory.find(value)
        if found is None:
            return None
        names[name] = found[0].name
        file = found[0].file or file
    return make_kfunc_id_set(block.name, names, Place(file, place.line))
