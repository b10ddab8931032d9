"""A kernel's .config: what each option is, as Kbuild and the preprocessor see it."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Mapping

from kfmap.quick_dataclass import dataclass

_OPTION = re.compile(r"^(?:(CONFIG_\w+)=(.*)|# (CONFIG_\w+) is not set)", re.M)


@dataclass(frozen=True, slots=True)
class Config:
    """The options that are set ("y", "m", a number or a string); None: every option is "y"."""

    options: Mapping[str, str] | None

    def value(self, name: str) -> str:
        """Return what a Makefile sees for CONFIG_X: "y", "m", a value, or "" where it is off."""
        if self.options is None:
            return "y"
        return self.options.get(name, "")

    def is_builtin(self, name: str) -> bool:
        """Mirror IS_BUILTIN() (include/linux/kconfig.h)."""
        return self.value(name) == "y"

    def is_enabled(self, name: str) -> bool:
        """Mirror IS_ENABLED(): built in or a module."""
        return self.value(name) in ("y", "m")

    def macro(self, name: str) -> int | None:
        """Return the value of the macro CONFIG_X (1 for y), None where it is not defined.

        A module's option defines CONFIG_X_MODULE instead.
        """
        module = name.removesuffix("_MODULE")
        if self.options is None:
            return None if module != name else 1
        value = self.options.get(name)
        if value is None:
            return 1 if module != name and self.options.get(module) == "m" else None
        if value in ("y", "m"):
            return 1 if value == "y" else None
        try:
            return int(value, 0)
        except ValueError:
            return 0  # a string: defined, and of no use in #if


def read_config(text: bytes | None) -> Config:
    """Read a .config; None stands for every option on.

    The last line on an option counts, as for Kconfig, which takes `n` for what is not set.
    """
    if text is None:
        return Config(None)
    options: dict[str, str] = {}
    # Not as "utf-8-sig": a locked-in check can read no file, not even that of another encoding.
    for name, value, off in _OPTION.findall(text.removeprefix(BOM_UTF8).decode(errors="replace")):
        options[name or off] = value.strip() or "n"
    return Config({name: value for name, value in options.items() if value != "n"})


def render_config(config: Config) -> bytes | None:
    """Return what `read_config` reads as the same, without comments and sorted; None as it does."""
    if config.options is None:
        return None
    return "".join(f"{name}={value}\n" for name, value in sorted(config.options.items())).encode()
