"""The Celery application: `celery -A kfmap worker` and `beat`, or embedded in the web process.

`celery -A kfmap worker -Q kernel -c 1` takes the questions to booted kernels, nothing else does.

`kfmap.server.apps` imports it in every process, so that whoever sends a job finds this application
and its broker instead of Celery's own default (amqp://localhost).
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kfmap.settings")

app = Celery("kfmap")
app.set_default()  # Celery keeps the current application per thread; views run in many
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["verifier.jobs", "verifier.guests", "verifier.webhooks", "kfmap.adding"])
