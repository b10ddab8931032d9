"""The shapes of the API, for checking what comes in and for the OpenAPI description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import serializers

from kfmap.catalogue.models import Kernel
from kfmap.permission.outcome_words import FUNCTION, HELPER, KFUNC, NEEDS, OUTCOMES
from verifier.engine.origin import MOST
from verifier.rechecking.compare import Kind
from verifier.rechecking.models import Recheck
from verifier.records.models import Job, Review

if TYPE_CHECKING:
    KernelModelSerializer = serializers.ModelSerializer[Kernel]
    JobModelSerializer = serializers.ModelSerializer[Job]
    Serializer = serializers.Serializer[Any]
else:
    KernelModelSerializer = JobModelSerializer = serializers.ModelSerializer
    Serializer = serializers.Serializer


class KernelSerializer(KernelModelSerializer):
    """A kernel of the map; what is null is not known, as of one that was only booted and asked."""

    facts_sha256 = serializers.CharField(source="facts_hash")
    set_count = serializers.IntegerField(allow_null=True)
    struct_ops_count = serializers.IntegerField(allow_null=True)
    not_understood_count = serializers.IntegerField(allow_null=True)

    class Meta:
        model = Kernel
        fields = (
            "name",
            "version",
            "label",
            "profile",
            "released",
            "source",
            "facts_sha256",
            "kfunc_count",
            "set_count",
            "struct_ops_count",
            "not_understood_count",
        )

    def to_representation(self, instance: Kernel) -> dict[str, Any]:
        """Return the fields, without counts of what was never read."""
        plain = super().to_representation(instance)
        if not instance.has_rules:
            plain |= dict.fromkeys(("set_count", "struct_ops_count", "not_understood_count"))
        return plain


# Made from a table, for `context` is a name that serializers use themselves. The context is a short
# name (`lsm:file_open`) or an object.
QuerySerializer = type(
    "QuerySerializer",
    (Serializer,),
    {"context": serializers.JSONField(), "kfunc": serializers.CharField(max_length=200)},
)


class ReasonSerializer(Serializer):
    """One step of the kernel's decision."""

    rule = serializers.CharField()
    text = serializers.CharField()
    file = serializers.CharField(allow_blank=True)
    line = serializers.IntegerField()


class LayerSerializer(ReasonSerializer):
    """What the kernel checks beside permission."""

    kind = serializers.CharField()
    blocks = serializers.BooleanField(allow_null=True)


class OutcomeSerializer(Serializer):
    """The answer to a question: `verdict` is the permission check alone, `outcome` the whole."""

    kernel = serializers.CharField()
    kfunc = serializers.CharField()
    alike = serializers.ListField(child=serializers.CharField())
    verdict = serializers.ChoiceField(choices=("allowed", "refused", "unknown"))
    run_time = serializers.ChoiceField(choices=("allowed", "fails"), allow_null=True)
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    kind = serializers.ChoiceField(choices=(KFUNC, HELPER, FUNCTION))
    needs = serializers.ListField(child=serializers.ChoiceField(choices=list(NEEDS)))
    because = serializers.CharField()
    instead = serializers.ListField(child=serializers.CharField())
    reasons = ReasonSerializer(many=True)
    layers = LayerSerializer(many=True)


# Made from a table as well; the context is the short name of what was understood.
AnswerSerializer = type(
    "AnswerSerializer", (OutcomeSerializer,), {"context": serializers.CharField()}
)


# Made from a table, for `errors` is a name that serializers use themselves.
ProblemSerializer = type(
    "ProblemSerializer",
    (Serializer,),
    {
        "__doc__": "Why a request was not answered (RFC 9457); `errors` has sentences by field.",
        "type": serializers.CharField(),
        "title": serializers.CharField(),
        "status": serializers.IntegerField(),
        "detail": serializers.CharField(),
        "errors": serializers.DictField(
            child=serializers.ListField(child=serializers.CharField()), required=False
        ),
        "candidates": serializers.ListField(child=serializers.CharField(), required=False),
    },
)


class ListedKfuncSerializer(Serializer):
    """A kfunc of a kernel; `sets`, `flags` and `place`, its definition, are null if not known."""

    name = serializers.CharField()
    owner = serializers.CharField(allow_blank=True)
    prototype = serializers.CharField(allow_blank=True)
    sets = serializers.ListField(child=serializers.CharField(), allow_null=True)
    flags = serializers.ListField(child=serializers.CharField(), allow_null=True)
    place = serializers.CharField(allow_null=True)


class ListedObjectSerializer(Serializer):
    """An object; `verdicts` has the worst one of its programs by kernel, as far as checked."""

    sha256 = serializers.CharField()
    name = serializers.CharField()
    size = serializers.IntegerField()
    uploaded_at = serializers.DateTimeField()
    problem = serializers.CharField(allow_blank=True)
    verdicts = serializers.DictField(child=serializers.CharField())
    url = serializers.CharField()
    loader = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="what its loader does, as options of verify, by option",
    )


def _text(name: str, help_text: str) -> serializers.CharField:
    return serializers.CharField(
        required=False, allow_blank=True, max_length=MOST[name], help_text=help_text
    )


def _texts(help_text: str) -> serializers.ListField:
    child = serializers.CharField(max_length=500)
    return serializers.ListField(
        child=child, required=False, max_length=1000, help_text=f"{help_text}; repeatable"
    )


class UploadSerializer(Serializer):
    """Objects to check, or files that hold some, at least one."""

    objects = serializers.ListField(
        child=serializers.FileField(), allow_empty=False, max_length=100
    )
    space = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=60,
        help_text="the space that they go into; default: one's own",
    )
    commit = _text("commit", "the commit that the files were built from")
    branch = _text("branch", "its branch")
    link = _text("link", "a web address with more about it: the commit, a merge request, a CI run")
    set = _texts("NAME=VALUE: a variable of .rodata that the loader sets")
    cleared = _texts("MEMBER or MAP.MEMBER: cleared by the loader where the kernel lacks it")
    type = _texts("SECTION=TYPE: the program type that the loader sets")
    target = _texts("PROGRAM=TARGET: what the loader has a program attach to")


class TakenSerializer(Serializer):
    """What became of one uploaded file, or of one object in it; `url` leads to its result.

    `waits_for` is "the queue" where the broker could not be given the job yet: it is kept.
    """

    file = serializers.CharField()
    sha256 = serializers.CharField(allow_null=True)
    url = serializers.CharField(allow_null=True)
    known_before = serializers.BooleanField()
    problem = serializers.CharField(allow_blank=True)
    waits_for = serializers.CharField(allow_blank=True)


class OriginSerializer(Serializer):
    """What files were made of, as the uploader said, "" where nothing was."""

    commit = serializers.CharField(allow_blank=True)
    branch = serializers.CharField(allow_blank=True)
    link = serializers.CharField(allow_blank=True)


class SubmissionSerializer(Serializer):
    """An upload; `over`: nothing of it waits or is being checked. `count` is of all its files."""

    files = TakenSerializer(many=True)
    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True, help_text="further files")
    over = serializers.BooleanField()
    origin = OriginSerializer()
    space = serializers.CharField(allow_null=True)


class ListedSubmissionSerializer(Serializer):
    """An upload in a list; `url` says what became of its files."""

    id = serializers.IntegerField()
    space = serializers.CharField(allow_null=True)
    by = serializers.CharField(allow_null=True)
    uploaded_at = serializers.DateTimeField()
    origin = OriginSerializer()
    url = serializers.CharField()


class VersionSerializer(Serializer):
    """A version of an object in a space; `verdicts` as in the list of objects."""

    space = serializers.CharField()
    name = serializers.CharField()
    sha256 = serializers.CharField()
    uploaded_at = serializers.DateTimeField()
    by = serializers.CharField(allow_null=True)
    origin = OriginSerializer()
    verdicts = serializers.DictField(child=serializers.CharField())
    url = serializers.CharField()


class JobSerializer(JobModelSerializer):
    """The latest job of an object; `waits_for` says what a queued one waits for."""

    waits_for = serializers.CharField(read_only=True)

    class Meta:
        model = Job
        fields = ("state", "step", "percent", "problem", "waits_for")


class ListedRecheckSerializer(Serializer):
    """Objects checked again for one reason; the numbers count those that the reader sees."""

    id = serializers.IntegerField()
    reason = serializers.CharField()
    space = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(choices=Recheck.State.choices)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    total = serializers.IntegerField()
    checked = serializers.IntegerField()
    given_up = serializers.IntegerField(help_text="could not be checked")
    computed = serializers.IntegerField(help_text="lacked an answer; the rest was stored")
    url = serializers.CharField()


class RecheckChangeSerializer(Serializer):
    """A kernel (`than`: the older one it is compared with) or policy that answers otherwise."""

    kind = serializers.ChoiceField(choices=[(kind.value, kind.value) for kind in Kind])
    what = serializers.CharField()
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)
    than = serializers.CharField(allow_blank=True)
    text = serializers.CharField()


class RecheckedObjectSerializer(Serializer):
    """An object that changed, or could not be checked: `problem` says why."""

    name = serializers.CharField()
    sha256 = serializers.CharField()
    url = serializers.CharField()
    problem = serializers.CharField(allow_blank=True)
    changes = RecheckChangeSerializer(many=True)


class RecheckSerializer(ListedRecheckSerializer):
    """One recheck with what came of it until now."""

    objects = RecheckedObjectSerializer(many=True)


class ChangeSerializer(Serializer):
    """A kernel whose verdict is not what the reviewer saw; "" where there was or is none."""

    kernel = serializers.CharField()
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)


class ReviewSerializer(Serializer):
    """What somebody said about an object; `changes`: what its verdicts have become since."""

    decision = serializers.ChoiceField(source="review.decision", choices=Review.Decision.choices)
    author = serializers.CharField(source="review.author", allow_null=True)
    text = serializers.CharField(source="review.text", allow_blank=True)
    created_at = serializers.DateTimeField(source="review.created_at")
    changes = ChangeSerializer(many=True)


class ResultSerializer(Serializer):
    """The verdicts of an object in the form of `manage.py verify`, and what was said of them."""

    job = JobSerializer(allow_null=True)
    report = serializers.JSONField()
    reviews = ReviewSerializer(many=True)
