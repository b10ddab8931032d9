"""Uploads get spaces; those that are there already go into the shared one, where all see them."""

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def put_into_shared(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Keep what there is as visible as it was: to everybody who has an account."""
    submissions = apps.get_model("verifier", "Submission").objects.filter(space=None)
    if submissions.exists():
        shared, _ = apps.get_model("spaces", "Space").objects.get_or_create(
            slug="shared",
            defaults={"name": "Shared", "visibility": "accounts", "accounts_role": "reviewer"},
        )
        submissions.update(space=shared)


class Migration(migrations.Migration):
    dependencies = [
        ("spaces", "0001_initial"),
        ("verifier", "0006_loader_choices"),
    ]

    operations = [
        migrations.AddField(
            model_name="submission",
            name="space",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="submissions",
                to="spaces.space",
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="space",
            field=models.ForeignKey(
                help_text="whose members read it; none for what was said before there were spaces",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="reviews",
                to="spaces.space",
            ),
        ),
        migrations.RunPython(put_into_shared, migrations.RunPython.noop),
    ]
