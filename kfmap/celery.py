"""The Celery application: `celery -A kfmap worker`, or embedded in the web process."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kfmap.settings")

app = Celery("kfmap")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["verifier.jobs"])
