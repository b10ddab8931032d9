"""The ASGI application, for uvicorn (`manage.py up`) and gunicorn (`-k asgi`)."""

import os

import django
from django.conf import settings

from kfmap.server.body_limit import BodyLimit
from kfmap.server.handler import ThreadHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kfmap.settings")
django.setup(set_prefix=False)
application = BodyLimit(ThreadHandler(), settings.KFMAP_MAX_BODY_BYTES)
