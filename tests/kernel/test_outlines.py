"""What is seen of a header before its directives are read is what they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfmap.kernel.architecture import find_architecture
from kfmap.kernel.config import read_config
from kfmap.kernel.outlines import Outline, find_outline
from kfmap.kernel.preprocessor import Conditions
from kfmap.kernel.source import read_source

_CONFIG = read_config(b"CONFIG_A=y\n")
_CONDITIONS = Conditions(_CONFIG, find_architecture(_CONFIG))
_WRITTEN = (
    *("#", " ", "\n", "\\\n", "\\\r\n", "/*", "*/", "//", '"', "'", "/* c */", "/* c\n */"),
    *("#ifndef A_H\n#define A_H\n", "#endif\n", "#if 1\n", "#ifdef B\n", "#else\n", "#elif B\n"),
    *("#include <a.h>\n", '# include "b.h"\n', "#/* c */include <c.h>\n", "include <d.h>", "x\n"),
    *("#define B 1\n", "define B", "#define CONFIG_A\n", "#undef CONFIG_A\n", "#undef B\n"),
    *("enum { X, Y };", "enum e {\n", "Z", "}", "#include A\n", "#pragma once\n"),
)


def _outline(text: str) -> Outline | None:
    return find_outline(text, lambda name: _CONDITIONS.decide(f"defined({name})"))


@given(st.lists(st.sampled_from(_WRITTEN), max_size=25).map("".join))
def test_an_outline_has_what_the_directives_say(text: str) -> None:
    outline = _outline(text)
    if outline is None:
        return
    source = read_source("a.h", text, _CONDITIONS.decide)
    assert outline.includes == source.includes
    assert source.defined.keys() <= outline.macros
    assert source.find_valued() <= outline.macros | outline.enumerators
    assert not source.options_gone
    assert not any(name.startswith("CONFIG_") for name in source.defined)


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("#define A\n#if X\n#endif\n", []),
        ("#include <a.h>\n#if X\n#define B\n#endif\n", ["a.h"]),
        ("/* # */\n#ifndef A_H\n#define A_H\n#include <a.h> /* b */\n#endif\n", ["a.h"]),
        ("#ifndef A_H\n#define A_H 1\n#include <a.h>\n#endif\n", None),
        ("#if X\n#include <a.h>\n#endif\n", None),
        ("#ifndef __KERNEL__\n#define __KERNEL__\n#include <a.h>\n#endif\n", None),
        ("#ifndef CONFIG_A\n#define X\n#include <a.h>\n#endif\n", None),
        ("#undef CONFIG_A\n", None),
        ("/*\n#include <a.h>\n*/\n", []),
    ],
)
def test_includes_behind_at_most_a_guard_are_seen(text: str, files: list[str] | None) -> None:
    outline = _outline(text)
    found = outline and [include.file for include in outline.includes]
    assert found == files
