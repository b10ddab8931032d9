"""Policies of a space: read, tried against what is stored, and put in force."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from kfmap.web.shared.asked import read_choice
from verifier.engine.policy.model import Policy
from verifier.engine.policy.reading import (
    PolicyError,
    find_notes,
    load_schema,
    read_examples,
    read_policy,
)
from verifier.engine.policy.yaml_lines import MAX_BYTES, Problem
from verifier.records.policies import DryRun, try_policy
from verifier.spaces import policy_changes
from verifier.spaces.access import may
from verifier.spaces.models import PolicyVersion, Space
from verifier.spaces.roles import Action
from verifier.web.found import space_view


class PolicyForm(forms.Form):
    """The text of a version, and its name in addresses where it is the first."""

    slug = forms.SlugField(label="Name in addresses", max_length=60, required=False)
    text = forms.CharField(
        label="The policy", widget=forms.Textarea({"rows": 24, "spellcheck": "false"}), strip=False
    )


@dataclass(frozen=True, slots=True)
class Tried:
    """What was found in a text: problems, or what it would change."""

    policy: Policy | None = None
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    dry_run: DryRun | None = None


@require_safe
def give_schema(request: HttpRequest) -> HttpResponse:
    """Answer with the JSON Schema of policies."""
    return JsonResponse(load_schema(), json_dumps_params={"indent": 2})


@require_safe
def give_example(request: HttpRequest, name: str) -> HttpResponse:
    """Answer with a policy that comes with kfmap."""
    text = read_examples().get(name)
    if text is None:
        raise Http404
    return HttpResponse(text, content_type="text/yaml; charset=utf-8")


@require_safe
@space_view()
def list_policies(request: HttpRequest, space: Space) -> HttpResponse:
    """Show the policies that are in force."""
    context = {
        "space": space,
        "policies": [(row, read_policy(row.text)) for row in space.policies.in_force()],
        "managed": may(request.user, Action.MANAGE, space),
        "examples": [(name, read_policy(text)) for name, text in read_examples().items()],
        "section": "spaces",
    }
    return render(request, "spaces/policies.html", context)


@require_http_methods(["GET", "POST"])
@space_view(Action.MANAGE)
def add_policy(request: HttpRequest, space: Space) -> HttpResponse:
    """Try or keep a first version; ?example= begins with one that comes with kfmap."""
    examples = read_examples()
    example = read_choice(request, "example", examples)
    initial = {"slug": example, "text": examples.get(example, "")}
    form = PolicyForm(request.POST or None, initial=initial)
    return _answer(request, space, form, None)


@require_http_methods(["GET", "POST"])
@space_view()
def show_policy(request: HttpRequest, space: Space, policy: str) -> HttpResponse:
    """Show a policy with its versions; who maintains the space tries and keeps another."""
    version = space.policies.filter(slug=policy).first()
    if version is None:
        raise Http404
    if request.method == "POST" and not may(request.user, Action.MANAGE, space):
        raise PermissionDenied("Only maintainers of the space may change its policies.")
    form = PolicyForm(request.POST or None, initial={"text": version.text})
    return _answer(request, space, form, version)


def _answer(
    request: HttpRequest, space: Space, form: PolicyForm, version: PolicyVersion | None
) -> HttpResponse:
    tried, status = Tried(), 200
    if request.method == "POST":
        tried = _try(space, form, version)
        status = 422 if form.errors or tried.problems else 200
        if status == 200 and _may_keep(request, tried):
            return _keep(request, space, form, version)
        if status == 200 and "keep" in request.POST:
            status = 409
    context = {
        "space": space,
        "form": form,
        "version": version,
        "versions": space.policies.filter(slug=version.slug) if version else (),
        "tried": tried,
        "managed": may(request.user, Action.MANAGE, space),
        "section": "spaces",
    }
    return render(request, "spaces/policy.html", context, status=status)


def _may_keep(request: HttpRequest, tried: Tried) -> bool:
    """Return whether a text comes into force: one that objects start to fail is shown first."""
    breaks = tried.dry_run is not None and bool(tried.dry_run.starts)
    return "keep" in request.POST and (not breaks or request.POST["keep"] == "sure")


def _try(space: Space, form: PolicyForm, version: PolicyVersion | None) -> Tried:
    if not form.is_valid():
        return Tried()
    if version is None and not form.cleaned_data["slug"]:
        form.add_error("slug", "Give the policy a name.")
    elif version is None and space.policies.filter(slug=form.cleaned_data["slug"]).exists():
        form.add_error("slug", "There is a policy of this name: open it to change it.")
    text = form.cleaned_data["text"]
    if len(text) > MAX_BYTES:
        form.add_error("text", f"A policy has at most {MAX_BYTES >> 10} KB.")
    if form.errors:
        return Tried()
    try:
        policy = read_policy(text)
    except PolicyError as error:
        return Tried(problems=tuple(error.problems))
    before = read_policy(version.text) if version and version.is_in_force else None
    return Tried(policy, (), tuple(find_notes(policy)), try_policy(space, policy, before))


def _keep(
    request: HttpRequest, space: Space, form: PolicyForm, version: PolicyVersion | None
) -> HttpResponse:
    assert isinstance(request.user, User)
    slug = version.slug if version else str(form.cleaned_data["slug"])
    kept = policy_changes.keep_policy(space, slug, form.cleaned_data["text"], request.user)
    messages.success(request, f"Version {kept.number} of {slug} is in force.")
    return redirect(kept)


@require_http_methods(["POST"])
@space_view(Action.MANAGE)
def end_policy(request: HttpRequest, space: Space, policy: str) -> HttpResponse:
    """Take a policy out of force; its versions stay."""
    policy_changes.end_policy(space, policy, request.user)
    return redirect("space-policies", space.slug)
