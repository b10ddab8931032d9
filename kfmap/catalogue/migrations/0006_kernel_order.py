"""Kernels are ordered newest first, a plain build before its flavours; rows get their new keys."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from kfmap.catalogue.kernel_order import release_key


def place_kernels(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Compute the keys again: they were made of the name alone."""
    kernels = apps.get_model("catalogue", "Kernel")
    for kernel in kernels.objects.only("name", "version"):
        kernels.objects.filter(pk=kernel.pk).update(sort_key=release_key(kernel))


class Migration(migrations.Migration):
    dependencies = [
        ("catalogue", "0005_estimate"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="kernel",
            options={"ordering": ["-sort_key", "name"]},
        ),
        migrations.AlterField(
            model_name="kernel",
            name="sort_key",
            field=models.CharField(
                db_index=True,
                editable=False,
                help_text="kernel_order.release_key",
                max_length=120,
            ),
        ),
        migrations.RunPython(place_kernels, migrations.RunPython.noop),
    ]
