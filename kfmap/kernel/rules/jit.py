"""What a kernel lacks that every call of a kfunc needs: BPF itself, BTF, and a JIT that can do it.

Mirrors add_kfunc_call() (kernel/bpf/verifier.c): "JIT is required for calling kernel function",
and bpf_jit_supports_kfunc_call(), which the JIT of an architecture overrides. That function is
asked since "bpf: Support bpf program calling kernel function" (5.13); in 6.1.192 arm64, loongarch
and x86 have one. bpf_jit_supports_private_stack() is asked for members that want such a stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tree_sitter import Node

from kfmap.kernel.code import Code
from kfmap.kernel.expressions import Value
from kfmap.kernel.facts import CallNeed, Lack
from kfmap.kernel.items import Item
from kfmap.kernel.mechanism import has_mechanism
from kfmap.kernel.place import Place
from kfmap.kernel.preprocessor import config_call
from kfmap.kernel.statements import Runner, TooLongError
from kfmap.kernel.syntax import arguments_of, parse_function, text_of

_VERIFIER_C = "kernel/bpf/verifier.c"
_CORE_C = "kernel/bpf/core.c"
_NEEDS_JIT = "JIT is required for calling kernel function"
_NEEDS_BTF = "calling kernel function is not supported without CONFIG_DEBUG_INFO_BTF"
_FUNCTIONS = {
    CallNeed.KFUNC_CALL: ("bpf_jit_supports_kfunc_call", "calls of kernel functions"),
    CallNeed.PRIVATE_STACK: ("bpf_jit_supports_private_stack", "private stacks"),
}


def read_lacks(code: Code, is_built: Callable[[str], bool]) -> tuple[Lack, ...]:
    """Return what the kernel lacks; nothing where every option is on, or nothing asks for it."""
    text = code.tree.read(_VERIFIER_C) or ""
    if text and _NEEDS_JIT not in text and not has_mechanism(code):
        words = "the verifier of this kernel has no calls of kernel functions: they came with 5.13"
        return (Lack(CallNeed.KFUNC_CALL, words, Place(_VERIFIER_C, 1)),)
    if code.config.options is None or _NEEDS_JIT not in text:
        return ()
    return tuple(_find_options(code, text)) or tuple(_find_functions(code, is_built))


def _find_options(code: Code, text: str) -> Iterator[Lack]:
    for option, message, words in (
        ("CONFIG_BPF_SYSCALL", _NEEDS_JIT, "no program can be loaded"),
        ("CONFIG_BPF_JIT", _NEEDS_JIT, f"the verifier says “{_NEEDS_JIT}”"),
        ("CONFIG_DEBUG_INFO_BTF", _NEEDS_BTF, "there is no BTF of kernel functions"),
    ):
        if not code.config.is_enabled(option):
            line = text.count("\n", 0, max(0, text.find(message))) + 1
            place = Place(_VERIFIER_C, line)
            yield Lack(CallNeed.KFUNC_CALL, f"{option} is off: {words}", place)


def _find_functions(code: Code, is_built: Callable[[str], bool]) -> Iterator[Lack]:
    folder = f"arch/{code.architecture.folder}/net"
    files = [file for file in code.tree.find_c_files(folder) if is_built(file)]
    for need, (name, words) in _FUNCTIONS.items():
        default = _find(code, name, [_CORE_C])
        own = _find(code, name, files)
        if default is None or (own is None and _is_elsewhere(code, name, folder, files)):
            continue  # a tree that does not ask, or a JIT that Kbuild was not seen to build
        decisive = own or default
        if _answer(code, decisive) == 0:
            text = f"the JIT of {code.architecture.folder} does not support {words}"
            yield Lack(need, text, Place(decisive.file, decisive.function_line))


def _find(code: Code, name: str, files: list[str]) -> Item | None:
    return next(
        (
            item
            for file in files
            if name in (code.tree.read(file) or "")
            for item in code.items(file)
            if item.function == name
        ),
        None,
    )


def _is_elsewhere(code: Code, name: str, folder: str, files: list[str]) -> bool:
    """Return whether a file of the architecture that is not built has the function."""
    others = [file for file in code.tree.find_c_files(folder) if file not in files]
    return any(name in (code.tree.read(file) or "") for file in others)


def _answer(code: Code, item: Item) -> Value:
    try:
        return _Asked(code, item).execute()
    except TooLongError:
        return None


class _Asked(Runner):
    def __init__(self, code: Code, item: Item) -> None:
        super().__init__(parse_function(item), {})
        self._code = code

    def constant(self, name: str) -> Value:
        """Return the value of a constant."""
        return self._code.value(name, self.function.file)

    def call_value(self, name: str, node: Node, values: list[Value]) -> Value:
        """Return IS_ENABLED() and kin."""
        arguments = [text_of(argument) for argument in arguments_of(node)]
        return config_call(self._code.config, name, arguments)
