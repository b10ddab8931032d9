"""Say of the rows that are there what those to come say of themselves."""

from django.db import migrations
from django.db.models import Max, OuterRef, Subquery
from django.db.models.functions import Coalesce


def fill(apps, schema_editor):
    objects, checks = apps.get_model("verifier", "BpfObject"), apps.get_model("verifier", "Check")
    calls, programs = apps.get_model("verifier", "Call"), apps.get_model("verifier", "Program")
    own = checks.objects.filter(object=OuterRef("pk"), loader_key=OuterRef("loader_key"))
    latest = own.values("object").annotate(at=Max("engine_version")).values("at")
    objects.objects.update(checked_by=Coalesce(Subquery(latest), 0))
    program = programs.objects.filter(pk=OuterRef("program")).values("object")
    calls.objects.update(object=Subquery(program))


class Migration(migrations.Migration):
    dependencies = [
        ("verifier", "0015_growth"),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
