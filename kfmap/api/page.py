"""The API for people: what can be asked and how, made from the schema that machines read."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from kfmap.catalogue.kernel_names import find_newest
from kfmap.catalogue.models import Kernel

_METHODS = ("get", "post", "patch", "delete")
_EXAMPLES = {
    "context": "lsm:file_open",
    "kfunc": "bpf_path_d_path",
    "sha256": "0123456789abcdef" * 4,
    "before": "fedcba9876543210" * 4,
    "submission_id": "1",
    "id": "1",
    "slug": "scheduler",
    "name": "report",
}
_FILE = "prog.bpf.o"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A part of the address or of the query, or a field of what is sent, with an example of it."""

    name: str
    where: str
    says: str
    required: bool
    example: Any = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What can be asked; `link` is "" where a browser cannot ask it by following a link."""

    method: str
    path: str
    says: str
    parameters: tuple[Parameter, ...]
    answers: tuple[tuple[str, str], ...]
    needs_account: bool
    command: str
    link: str


@require_safe
def show_api(request: HttpRequest) -> HttpResponse:
    """Show every endpoint with an example that can be pasted into a shell."""
    rows = list(Kernel.objects.listed())
    newest = find_newest(rows)
    name = newest.name if newest else "6.12"
    examples = {**_EXAMPLES, "kernel": name, "old": rows[0].name if rows else "6.1", "new": name}
    server = request.build_absolute_uri("/").rstrip("/")
    endpoints = list(read_endpoints(_load_schema(), examples, server))
    return render(request, "api/api.html", {"endpoints": endpoints, "section": "api"})


def read_endpoints(
    schema: Mapping[str, Any], examples: Mapping[str, str], server: str
) -> Iterator[Endpoint]:
    """Return the endpoints of an OpenAPI schema; `examples` has values for parameters by name."""
    for path, methods in schema["paths"].items():
        for method in _METHODS:
            if method not in methods:
                continue
            operation = methods[method]
            parameters = (*_asked(operation), *_sent(operation, schema))
            example = _Example(method.upper(), path, parameters, {} not in operation["security"])
            yield Endpoint(
                example.method,
                path,
                operation.get("description", "").partition("\n")[0].replace("`", ""),
                parameters,
                tuple(
                    (status, _answer(item))
                    for status, item in sorted(operation["responses"].items())
                ),
                example.needs_account,
                example.command(examples, server),
                example.address(examples) if example.method == "GET" else "",
            )


class _Named(dict[str, str]):
    """Examples by name; a part of an address that has none stands for itself, in capitals."""

    def __missing__(self, name: str) -> str:
        return name.upper()


@dataclass(frozen=True, slots=True)
class _Example:
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    needs_account: bool

    def address(self, examples: Mapping[str, str]) -> str:
        asked = [item.name for item in self.parameters if item.where == "query" and item.required]
        query = {name: examples.get(name, "") for name in asked}
        return self.path.format_map(_Named(examples)) + (
            f"?{urlencode(query, safe=':')}" if query else ""
        )

    def command(self, examples: Mapping[str, str], server: str) -> str:
        words = []
        for field in self.parameters:
            if field.where == "file":
                words += ["--form", f"{field.name}=@{_FILE}"]
        fields = [field for field in self.parameters if field.where == "field"]
        if fields:
            body = {field.name: examples.get(field.name, field.example) for field in fields}
            words += ["--json", json.dumps(body)]
        if self.method in ("PATCH", "DELETE") or (self.method == "POST" and not words):
            words += ["--request", self.method]  # curl asks with GET or POST by what is sent
        token = ' --header "Authorization: Bearer $KFMAP_TOKEN"' if self.needs_account else ""
        return f"curl{token} {shlex.join([*words, server + self.address(examples)])}"


def _asked(operation: Mapping[str, Any]) -> Iterator[Parameter]:
    for item in sorted(operation.get("parameters", ()), key=lambda item: item["in"] != "path"):
        where = {"path": "address", "query": "query", "header": "header"}[item["in"]]
        yield Parameter(
            item["name"], where, item.get("description", ""), item.get("required", False)
        )


def _sent(operation: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Parameter]:
    """Return the fields of what is sent; a form has files, and may have texts beside them."""
    contents = operation.get("requestBody", {}).get("content", {})
    is_form = contents.keys() == {"multipart/form-data"}
    for content in list(contents.values())[:1]:
        body = schema["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
        for field, kind in body["properties"].items():
            is_file = "format" in kind.get("items", {})
            where = ("file" if is_file else "form") if is_form else "field"
            says = kind.get("description", "") if is_form else ""
            is_required = field in body.get("required", ())
            yield Parameter(field, where, says, is_required, _example_of(kind, schema))


def _example_of(kind: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """Return what a field could be sent as, "" for a text of any kind."""
    for part in ("allOf", "oneOf"):
        if part in kind:
            return _example_of(kind[part][0], schema)
    if "$ref" in kind:
        named = kind["$ref"].rpartition("/")[2]
        return _example_of(schema["components"]["schemas"][named], schema)
    if "enum" in kind:
        return kind["enum"][0]
    types = kind.get("type", "")
    first = types[0] if isinstance(types, list) else types
    if first == "array":
        return [_example_of(kind["items"], schema)]
    return {"integer": kind.get("minimum", 1), "boolean": True, "object": {}}.get(first, "")


def _answer(response: Mapping[str, Any]) -> str:
    """Name what comes back, as the schema does."""
    for content in response.get("content", {}).values():
        schema = content["schema"]
        item = schema.get("items", schema)
        name: str = item.get("$ref", "JSON").rpartition("/")[2]
        return f"list of {name}" if "items" in schema else name
    return ""


@cache
def _load_schema() -> Mapping[str, Any]:
    """Make the schema once: it does not change while kfmap runs."""
    schema: Mapping[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema
