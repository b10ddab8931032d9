"""The files of a tree under one configuration: what each includes, and where names are defined."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from kfmap.kernel.architecture import find_architecture
from kfmap.kernel.config import Config
from kfmap.kernel.given_macros import ANY, GivenMacros
from kfmap.kernel.include_paths import IncludePaths
from kfmap.kernel.items import Item, split_items
from kfmap.kernel.outlines import Outline, find_outline
from kfmap.kernel.place import Place
from kfmap.kernel.preprocessor import Conditions
from kfmap.kernel.source import ANY_LINE, Decide, Doubt, Macro, Source, read_source
from kfmap.kernel.tree import Tree, TreeError
from kfmap.kernel.whole_word import find_followed

_PARAMETERS = re.compile(r"\s*\([^;{}]*\)\s*\{")  # of a function that is defined
_MAX_INCLUDED = 4_000
_MAX_SETTLED = 3  # times that macros of headers lead to #ifs that ask for more of them


class Sources:
    """A tree and a configuration; every file is read once."""

    def __init__(self, tree: Tree, config: Config) -> None:
        self.tree = tree
        self.config = config
        self.architecture = find_architecture(config)
        self._sources: dict[str, Source | None] = {}
        self._expanded: dict[str, str] = {}
        self._holding: dict[str, dict[str, bool]] = {}  # name -> file -> whether it is in there
        self._outlines: dict[str, Outline] = {}  # of headers
        self._valued: dict[str, set[str]] = {}  # file -> names that may be macros or enumerators
        self._having: dict[str, set[str]] = {}  # the files of those that were asked for
        self._items: dict[str, list[Item]] = {}
        self._closures: dict[str, tuple[str, ...]] = {}
        self._units: dict[str, str] = {}
        self._includers: dict[str, str] = {}
        self._linked: tuple[str, ...] = ()
        self._conditions = Conditions(config, self.architecture)
        self._given = GivenMacros(tree, self.architecture.folder)
        self.paths = IncludePaths(tree, self.architecture.folder, self._given)
        self._of_headers: dict[str, dict[str, bool | None]] = {}
        self._included: dict[str, tuple[str, ...]] = {}
        self._seen: dict[str, tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]] = {}
        self._types: dict[tuple[str, str, str], Item | None] = {}
        self._macros: dict[tuple[str, str], Macro | None] = {}
        self._is_near: dict[tuple[str, str], bool] = {}  # macros that a file includes itself
        self._beside: dict[tuple[str, str], Item | None] = {}
        self._has: dict[tuple[str, str, str], bool] = {}

    def source(self, file: str) -> Source | None:
        """Return a file after preprocessing, None where there is none."""
        if file not in self._sources:
            text = self.tree.read(file)
            self._keep(
                file, None if text is None else read_source(file, text, self._decide_in(file))
            )
        return self._sources[file]

    def _keep(self, file: str, source: Source | None) -> None:
        self._sources[file] = source
        self._set_valued(file, source.find_valued() if source else set())

    def _set_valued(self, file: str, names: set[str]) -> None:
        self._valued[file] = names
        for name in self._having.keys() & self._valued[file]:
            self._having[name].add(file)

    def _decide_in(self, file: str) -> Decide:
        """Return what decides the #ifs of a file: not those on macros that it is given."""
        given = set(self._given.find(file).macros)
        unit = self._units.get(file)
        source = self.source(unit) if unit else None
        if source is not None:
            given |= source.defined.keys()
        known = self._of_headers.get(file, {}) | dict.fromkeys(given)
        if not known:
            return self._conditions.decide
        return lambda expression: self._conditions.decide_with(expression, known)

    def settle(self, file: str, *, is_module: bool) -> None:
        """Read a .c file again, with the macros that its #ifs ask for as its headers define them.

        At first they count as not defined, for it takes the file to know what it includes, and
        whether it is part of a module.
        """
        for _ in range(_MAX_SETTLED):
            source = self.source(file)
            known = self._of_headers.setdefault(file, {})
            asked = [(d, n) for d in source.doubts for n in d.names] if source else []
            found = {name: self._is_given(file, doubt, name) for doubt, name in asked}
            if is_module and "MODULE" in found:
                found["MODULE"] = True
            new = {name: is_given for name, is_given in found.items() if is_given is not False}
            if new.items() <= known.items():
                return
            known |= new
            for cache in (self._sources, self._items, self._included, self._closures):
                cache.pop(file, None)
            self._macros.clear()
            self._beside.clear()
            self._is_near.clear()
            self.source(file)  # those that ask for names with values count on all being read

    def _is_given(self, file: str, doubt: Doubt, name: str) -> bool | None:
        """Return whether what a file includes before an #if defines a macro; None: perhaps."""
        source = self.source(file)
        before = [i for i in source.includes if i.line < doubt.start] if source else []
        waiting = [header for include in before for header in self.paths.find(file, include)]
        seen = {file, *waiting}
        for header in waiting:  # it grows meanwhile
            more = [other for other in self.includes(header) if other not in seen]
            given = self.source(header) if name in self._valued[header] else None
            macro = given.macro_at(name, ANY_LINE) if given is not None else None
            if macro is not None:
                return None if self.find_doubt(header, macro.line, file) else True
            waiting += more
            seen.update(more)
        return None if ANY in self._given.find(file).macros else False

    def given_macros(self, file: str) -> Mapping[str, Place]:
        """Return the macros that Makefiles give a .c file, or may, with their lines."""
        return self._given.find(file).macros

    def find_definers(self, name: str) -> Iterator[tuple[str, int]]:
        """Return the files read so far that define a macro, with the line."""
        for file in sorted(self._valued):
            source = self.source(file) if self._may_define(name, file) else None
            for define in source.defined.get(name, ())[:1] if source else ():
                yield file, define.line

    def _may_define(self, name: str, file: str) -> bool:
        if file in self._outlines and file not in self._sources:
            return name in self._outlines[file].macros
        return name in self._valued[file]

    def find_option_changes(self) -> Iterator[tuple[str, str, int]]:
        """Return the options that files read so far define or take away: name, file and line."""
        named = (name for source in self._sources.values() if source for name in source.defined)
        for name in dict.fromkeys(name for name in named if name.startswith("CONFIG_")):
            for file, line in self.find_definers(name):
                yield name, file, line
        for file, source in self._sources.items():
            for name, line in source.options_gone.items() if source else ():
                yield name, file, line

    def find_doubt(self, file: str, line: int, user: str) -> Doubt | None:
        """Return the #if around a line whose branch that counts is in doubt for one who uses it."""
        source = self.source(file)
        for doubt in source.doubts if source else ():
            if doubt.start < line < doubt.end and (
                not doubt.names or any(self._has_macro(name, file, user) for name in doubt.names)
            ):
                return doubt
        return None

    def _has_macro(self, name: str, but: str, user: str) -> bool:
        """Return whether a file or what it includes defines a macro, other than `but`."""
        key = (name, but, user)
        if key not in self._has:
            found = (
                self.source(other) for other in self.files_of_value(name, user) if other != but
            )
            given = self.given_macros(user)
            self._has[key] = not given.keys().isdisjoint((name, ANY)) or any(
                source.macro_at(name, ANY_LINE) for source in found if source
            )
        return self._has[key]

    def replace_source(self, file: str, source: Source) -> None:
        """Let a file be read as this from now on."""
        self._keep(file, source)
        self._expanded[file] = source.expanded or ""
        self._holding.clear()
        self._items.pop(file, None)

    def items(self, file: str) -> list[Item]:
        """Return the top-level items of a file."""
        if file not in self._items:
            source = self.source(file)
            self._items[file] = [] if source is None else split_items(source)
        return self._items[file]

    def function(self, name: str, file: str) -> Item | None:
        """Return the definition of a function: in the file, its unit, their headers, or global."""
        for other in self.files_with(name, file):
            for item in self.items(other):
                if name in item.text and item.function == name:
                    return item
        for other in self._linked:
            for item in self.items(other) if name in (self.tree.read(other) or "") else ():
                if (
                    name in item.text
                    and item.function == name
                    and not item.head.startswith("static")
                ):
                    return item
        return None

    def function_beside(self, name: str, file: str) -> Item | None:
        """Return a function that a file defines, or a header that it includes itself."""
        key = (name, file)
        if key not in self._beside:
            self._beside[key] = self._find_beside(name, file)
        return self._beside[key]

    def _find_beside(self, name: str, file: str) -> Item | None:
        for other in (file, *self.includes(file)):
            text = self.tree.read(other) or ""
            is_defined = any(found for _, found in find_followed(text, name, _PARAMETERS))
            for item in self.items(other) if is_defined else ():
                if name in item.text and item.function == name:
                    return item
        return None

    def macro_beside(self, name: str, file: str, line: int) -> Macro | None:
        """Return a macro that a file defines, or a header that it includes itself."""
        key = (name, file)
        if key not in self._is_near:
            near = (o for o in (file, *self.includes(file)) if self._may_define(name, o))
            sources = map(self.source, near)
            self._is_near[key] = any(name in source.defined for source in sources if source)
        return self.macro(name, file, line) if self._is_near[key] else None

    def variable(self, name: str, file: str) -> Item | None:
        """Return the initialised variable of a name, looked for like a function."""
        return next(
            (
                item
                for other in self.files_with(name, file)
                for item in self.items(other)
                if name in item.text and item.variable == name
            ),
            None,
        )

    def type(self, kind: str, name: str, file: str) -> Item | None:
        """Return the definition of a struct, union or enum."""
        key = (kind, name, file)
        if key not in self._types:
            self._types[key] = next(
                (
                    item
                    for other in self.files_with(name, file)
                    for item in self.items(other)
                    if name in item.text and item.tag == (kind, name)
                ),
                None,
            )
        return self._types[key]

    def macro(self, name: str, file: str, line: int = ANY_LINE) -> Macro | None:
        """Return the macro of a name as a line of a file sees it."""
        source = self.source(file)
        if source is not None and name in source.defined:
            found = source.macro_at(name, line)
            if found:
                return None if self.is_one_of_two(found, file, file) else found
        key = (name, file)
        if key not in self._macros:
            self._macros[key] = self._find_macro(name, file)
        return self._macros[key]

    def _find_macro(self, name: str, file: str) -> Macro | None:
        """Return the macro of a name that what a file includes defines."""
        for other in self.files_of_value(name, file):
            source = self.source(other) if other != file else None
            found = source and source.macro_at(name, ANY_LINE)
            if found:
                return None if self.is_one_of_two(found, other, file) else found
        return None

    def is_one_of_two(self, macro: Macro, file: str, user: str) -> bool:
        """Return whether a macro stands in a branch that is in doubt, and in another one, too."""
        source = self.source(file)
        if source is None or not source.doubts or not self.find_doubt(file, macro.line, user):
            return False
        again = re.compile(rf"^[ \t]*#[ \t]*(?:define|undef)[ \t]+{macro.name}\b", re.M)
        return len(again.findall(source.text)) > 1

    def files_with(self, name: str, file: str) -> Iterator[str]:
        """Return the files in which a name of this file may be defined, nearest first.

        A header that leans on what is included before it is seen as by a file that includes it.
        """
        return (other for other in self._seen_from(file) if self._holds(name, other))

    def _holds(self, name: str, file: str) -> bool:
        """Return whether a file has a name anywhere."""
        files = self._holding.setdefault(name, {})
        if file not in files:
            text = self.tree.read(file) or ""
            files[file] = name in text or name in self._expanded.get(file, "")
        return files[file]

    def files_of_value(self, name: str, file: str) -> list[str]:
        """Return the files in which a macro or an enumerator may be defined, nearest first."""
        seen = self._seen_from(file)  # hundreds, of which one has it as a rule
        if name not in self._having:
            self._having[name] = {other for other, names in self._valued.items() if name in names}
        having = self._having[name]
        return [other for other in seen if other in having] if having else []

    def _seen_from(self, file: str) -> Iterable[str]:
        """Return the files whose names a file may see, nearest first."""
        nearest = self.closure(file)
        includer = self._includers.get(file, file)
        if includer == file:
            return nearest
        both = (nearest, self.closure(includer))
        known = self._seen.get(file)
        if known is None or known[0] != both:
            known = self._seen[file] = (both, tuple(dict.fromkeys(nearest + both[1])))
        return known[1]

    def set_linked(self, files: Iterable[str]) -> None:
        """Return which files' global functions can be called from anywhere."""
        self._linked = tuple(files)

    def set_unit(self, file: str, unit: str) -> None:
        """Note that `file` is compiled as part of another one, which includes it."""
        if self._units.get(file) != unit:
            self._units[file] = unit
            self._items.pop(file, None)
            if self._sources.pop(file, None):  # it was read without what that one defines
                self.source(file)

    def closure(self, file: str) -> tuple[str, ...]:
        """Return the file, its unit and all they include, breadth first.

        Raises TreeError where they are more than in any kernel.
        """
        if file in self._closures:
            return self._closures[file]
        found = [file, self._units[file]] if file in self._units else [file]
        seen = set(found)
        for current in found:  # it grows meanwhile
            known = self._included.get(current)
            for included in self.includes(current) if known is None else known:
                if included not in seen:
                    seen.add(included)
                    found.append(included)
            if len(found) > _MAX_INCLUDED:
                raise TreeError(f"{file} includes more than {_MAX_INCLUDED:,} files")
        self._closures[file] = tuple(found)
        if file.endswith(".c"):
            for other in found:
                self._includers.setdefault(other, file)
        return self._closures[file]

    def includes(self, file: str) -> tuple[str, ...]:
        """Return the files that a file includes itself."""
        if file not in self._included:
            self._included[file] = tuple(self._find_includes(file))
        return self._included[file]

    def _find_includes(self, file: str) -> Iterator[str]:
        outline = self._find_outline(file)
        source = self.source(file) if outline is None else outline
        for include in source.includes if source else ():
            yield from self.paths.find(file, include)

    def _find_outline(self, file: str) -> Outline | None:
        """Return what a header includes where it takes no reading of all its directives."""
        text = self.tree.read(file) if file.endswith(".h") and file not in self._sources else None
        if text is None or file in self._units:
            return None
        outline = find_outline(text, lambda name: self._conditions.decide(f"defined({name})"))
        if outline is not None:
            self._outlines[file] = outline
            self._set_valued(file, outline.macros | outline.enumerators)
        return outline
