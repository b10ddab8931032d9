"""Which files are part of the kernel, and of which object: Kbuild's Makefiles, as far as needed.

Mirrors Documentation/kbuild/makefiles.rst: `obj-$(CONFIG_X)`, composite objects, ifeq and ifdef.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

from kfmap.kernel.architecture import find_architecture
from kfmap.kernel.config import Config
from kfmap.kernel.facts import VMLINUX
from kfmap.kernel.makefile import Lists, Makefile, is_list
from kfmap.kernel.place import Place
from kfmap.kernel.tree import Tree

_LISTS = ("obj",)
# Of the Makefile at the top, and of the one of the architecture, which it includes.
_TOP_LISTS = ("obj", "core", "drivers", "net", "libs", "virt", "fs", "init")
_INCLUDES = r'(?m)^[ \t]*#[ \t]*include[ \t]*"%s"'
_SCRIPTS = re.compile(r"Makefile|Kbuild\.include")  # with the Makefile at the top they run make
_INCLUDED = re.compile(r"^[ \t]*[-s]?include[ \t]+([^\n#]+)", re.M)
_ASSIGNED = re.compile(
    r"^[ \t]*(?:(?:export|override)[ \t]+)*([\w.-]+)[ \t]*(?:::|[:+?!])?="
    r"|^[ \t]*define[ \t]+([\w.-]+)",
    re.M,
)
_LIBRARIES = ("lib-y", "lib-m")  # scripts/Makefile.build puts both into lib.a


class Kbuild:
    """Answers which object a file becomes part of."""

    def __init__(self, tree: Tree, config: Config) -> None:
        self._tree = tree
        self._config = config
        self._arch = find_architecture(config).folder
        self._lists: dict[str, Lists] = {}
        self._folders: dict[str, str] = {}
        self._users: dict[str, list[str]] = {}
        self._outside: frozenset[str] | None = None

    def owner(self, file: str) -> str:
        """Return VMLINUX, the name of the module that a .c file is built into, or "" for none."""
        folder, name = posixpath.split(file)
        target = f"{name.removesuffix('.c')}.o"
        while True:
            kind, module = self._find(folder, target)
            reached = self._folder(folder) if kind else ""
            if reached == "y" or (reached and kind == "m"):
                return module if kind == "m" else VMLINUX
            if self._is_in_library(folder, target) and self._links_library(folder):
                return VMLINUX
            if not folder:
                return ""
            # an object may be listed by a Makefile above, with its folder in the name
            folder, last = posixpath.split(folder)
            target = f"{last}/{target}"

    def _is_in_library(self, folder: str, target: str) -> bool:
        """Return whether an object is put into the lib.a of its folder, which libs-y names."""
        lists = self._read(folder).words
        is_listed = any(target in lists.get(name, ()) for name in _LIBRARIES)
        return is_listed and any(
            word in (f"{folder}/", f"{folder}/lib.a")
            for word in self._read("").words.get("libs-y", ())
        )

    def _links_library(self, folder: str) -> bool:
        """Return whether all of a lib.a is linked, whoever calls it.

        The Makefile at the top lists it in KBUILD_VMLINUX_OBJS then: with CONFIG_MODULES up to 6.1,
        always in 7.3. In KBUILD_VMLINUX_LIBS it gives what something else refers to.
        """
        return f"{folder}/lib.a" in self._read("").whole

    def unit(self, file: str) -> str:
        """Return the .c file that includes this one with #include, "" if none does."""
        folder, name = posixpath.split(file)
        above, last = posixpath.split(folder)
        for place, quoted in ((folder, name), (above, f"{last}/{name}")):
            for other in self._c_files(place):
                text = self._tree.read(other) if other != file else None
                if (
                    text
                    and f'"{quoted}"' in text
                    and re.search(_INCLUDES % re.escape(quoted), text)
                ):
                    return other
        return ""

    def _c_files(self, folder: str) -> list[str]:
        if folder not in self._users:
            names = sorted(n for n in self._tree.names_in(folder) if n.endswith(".c"))
            self._users[folder] = [posixpath.join(folder, name) for name in names]
        return self._users[folder]

    def find_unread(self, file: str) -> Place | None:
        """Return the line of a Makefile that may make a file part of the kernel, if one may.

        That is for files without an owner: the line was not understood.
        """
        folder, target = _object_of(file)
        while True:
            place = self._find_unread(folder, target) or self._find_unread_folder(folder)
            if place is not None or not folder:
                return place
            folder, last = posixpath.split(folder)
            target = f"{last}/{target}"

    def is_named(self, file: str) -> bool:
        """Return whether Makefiles name a file and the folders it is in, on or off."""
        folder, target = _object_of(file)
        while True:
            if self._is_named(folder, target):
                return all(self._is_entered(above) for above in _folders_above(folder))
            if not folder:
                return False
            folder, last = posixpath.split(folder)
            target = f"{last}/{target}"

    def _is_named(self, folder: str, target: str) -> bool:
        lists = self._read(folder)
        return target in lists.off or any(target in words for words in lists.words.values())

    def _is_entered(self, folder: str) -> bool:
        above, target = posixpath.split(folder)
        while True:
            if self._is_named(above, f"{target}/"):
                return True
            if not above:
                return False
            above, last = posixpath.split(above)
            target = f"{last}/{target}"

    def _find_unread_folder(self, folder: str) -> Place | None:
        """Return the line that may lead into a folder which nothing is known to lead into."""
        if not folder or self._folder(folder) or self._is_entered(folder):
            return None
        above, target = posixpath.split(folder)
        while True:
            place = self._find_unread(above, f"{target}/")
            if place is not None or not above:
                return place
            above, last = posixpath.split(above)
            target = f"{last}/{target}"

    def _find_unread(self, folder: str, target: str) -> Place | None:
        lists = self._read(folder)
        if self._is_in_library(folder, target):
            return lists.places.get("lib-y") or lists.places.get("lib-m")
        targets = {target, *self._wholes(folder, target)}
        for words in lists.perhaps.values():
            for word, place in words:
                if word in targets:
                    return place
        return lists.unread[0] if lists.unread and not self._is_named(folder, target) else None

    def _wholes(self, folder: str, target: str) -> set[str]:
        """Return the objects that an object is a part of, or may be."""
        lists = self._read(folder)
        found: set[str] = set()
        waiting = [target]
        while waiting:
            current = waiting.pop()
            known = [name for name, words in lists.words.items() if current in words]
            known += [
                name for name, words in lists.perhaps.items() if current in {w for w, _ in words}
            ]
            wholes = {f"{stem}.o" for name in known if (stem := self._stem(folder, name))}
            waiting += wholes - found
            found |= wholes
        return found

    def _find(self, folder: str, target: str) -> tuple[str, str]:
        """Return "y" or "m" for an object of a folder, with the name of its module."""
        lists = self._read(folder).words
        seen: set[tuple[str, str]] = set()
        waiting = [(target, "ym")]
        best = ("", "")
        while waiting:
            current, kinds = waiting.pop()
            if (current, kinds) in seen:
                continue
            seen.add((current, kinds))
            for kind in kinds:
                if current == target and _is_composite(lists, current, kind):
                    continue  # its parts are compiled, not a file of its name
                if any(current in lists.get(f"{name}-{kind}", ()) for name in self._heads(folder)):
                    module = posixpath.basename(current).removesuffix(".o").replace("-", "_")
                    if kind == "y" or not best[0]:
                        best = (kind, module)
            for name, members in lists.items():
                stem = self._stem(folder, name) if current in members else ""
                if stem and not name.endswith(("-", "-n")):
                    waiting.append((f"{stem}.o", "m" if name.endswith("-m") else kinds))
        return best

    def _heads(self, folder: str) -> tuple[str, ...]:
        """Return the lists whose words Kbuild builds; of other folders they are composites."""
        return _TOP_LISTS if self._is_top(folder) else _LISTS

    def _stem(self, folder: str, name: str) -> str:
        """Return what a list is the parts of, "" where it is a list of Kbuild itself."""
        stem = re.sub(r"-(objs|y|m|n|)$", "", name)
        return stem if stem != name and stem not in self._heads(folder) else ""

    def _is_top(self, folder: str) -> bool:
        return folder in ("", f"arch/{self._arch}")

    def _folder(self, folder: str) -> str:
        """Return "y" or "m" where Kbuild goes into a folder, "" where it does not."""
        if not folder:
            return "y"
        if folder not in self._folders:
            self._folders[folder] = ""
            self._folders[folder] = self._ask_folder(folder)
        return self._folders[folder]

    def _ask_folder(self, folder: str) -> str:
        above, target = posixpath.split(folder)
        while True:
            lists = self._read(above).words
            for kind in ("y", "m"):
                for name in self._heads(above):
                    if f"{target}/" in lists.get(f"{name}-{kind}", ()):
                        reached = self._folder(above)
                        return kind if reached == "y" else reached
            if not above:
                return ""
            above, last = posixpath.split(above)
            target = f"{last}/{target}"

    def _read(self, folder: str) -> Lists:
        if folder not in self._lists:
            given = {
                "src": folder or ".",
                "obj": folder or ".",
                "srctree": ".",
                "objtree": ".",
                "ARCH": self._arch,
                "SRCARCH": self._arch,
                "KBUILD_BUILTIN": "y",
                "KBUILD_MODULES": "y",
                "KBUILD_EXTMOD": "",
                "BITS": "64",
                "sub_make_done": "1",
            }
            outside = frozenset() if self._is_top(folder) else self._find_outside()
            makefile = Makefile(self._tree, self._config, given, outside)
            files = [posixpath.join(folder, name) for name in ("Kbuild", "Makefile")]
            present = [file for file in files if self._tree.has(file)]
            for file in present if self._is_top(folder) else present[:1]:  # others have one
                makefile.read(file)
            self._lists[folder] = makefile.lists()
        return self._lists[folder]

    def _find_outside(self) -> frozenset[str]:
        """Return the variables that what runs make in a folder assigns, but for lists."""
        if self._outside is None:
            names = filter(_SCRIPTS.match, self._tree.names_in("scripts"))
            waiting = ["Makefile", f"arch/{self._arch}/Makefile", *(f"scripts/{n}" for n in names)]
            found: set[str] = set()
            for file in waiting:  # it grows meanwhile
                text = self._tree.read(file) or ""
                found.update(name for pair in _ASSIGNED.findall(text) for name in pair)
                written = " ".join(_INCLUDED.findall(text)).replace("$(srctree)/", "")
                files = written.replace("$(SRCARCH)", self._arch).split()
                waiting += [f for f in files if f not in waiting and self._tree.has(f)]
            self._outside = frozenset(name for name in found if not is_list(name))
        return self._outside


def _object_of(file: str) -> tuple[str, str]:
    folder, name = posixpath.split(file)
    return folder, f"{name.removesuffix('.c')}.o"


def _folders_above(folder: str) -> list[str]:
    parts = folder.split("/") if folder else []
    return ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _is_composite(lists: Mapping[str, list[str]], target: str, kind: str) -> bool:
    """Return whether an object is linked from parts: `multi-search` in scripts/Makefile.build."""
    stem = target.removesuffix(".o")
    suffixes = ("-objs", "-y", "-") if kind == "y" else ("-objs", "-y", "-m", "-")
    return any(f"{stem}{suffix}" in lists for suffix in suffixes)
