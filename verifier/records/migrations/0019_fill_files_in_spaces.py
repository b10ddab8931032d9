"""Say of the files that are there in which space they are, and upload what no upload names.

Objects of before there were uploads counted as in the shared space: from now on they are there.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery

_AT_ONCE = 1000


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Copy the space of each submission to its files."""
    submissions = apps.get_model("verifier", "Submission").objects
    space = submissions.filter(pk=OuterRef("submission")).values("space")
    apps.get_model("verifier", "SubmittedFile").objects.update(space=Subquery(space))


def upload_the_nameless(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Put objects without an upload into the shared space, where every account saw them."""
    nameless = apps.get_model("verifier", "BpfObject").objects.filter(submitted=None)
    if not nameless.exists():
        return
    shared, _ = apps.get_model("spaces", "Space").objects.get_or_create(
        slug="shared",
        defaults={"name": "Shared", "visibility": "accounts", "accounts_role": "reviewer"},
    )
    upload = apps.get_model("verifier", "Submission").objects.create(space=shared)
    files = apps.get_model("verifier", "SubmittedFile").objects
    found = nameless.order_by("pk").values_list("pk", "file_name")
    files.bulk_create(
        (
            files.model(submission=upload, space=shared, object_id=pk, name=name)
            for pk, name in list(found)
        ),
        batch_size=_AT_ONCE,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("verifier", "0018_files_in_spaces"),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(upload_the_nameless, migrations.RunPython.noop),
    ]
