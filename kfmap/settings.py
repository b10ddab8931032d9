"""Settings, all from the environment; `kfmap.server.checks` says at start which of them are wrong.

DATABASE_URL            default: SQLite in KFMAP_DATA_DIR
KFMAP_REDIS_URL         Celery's broker; default: none, a worker embedded in the web process
KFMAP_DATA_DIR          SQLite, uploads, secret key; default: ~/.local/share/kfmap (XDG_DATA_HOME)
KFMAP_SECRET_KEY        default: made once and kept in KFMAP_DATA_DIR
KFMAP_ALLOWED_HOSTS     comma-separated; default: this machine only
KFMAP_TRUSTED_ORIGINS   comma-separated, with scheme, when a proxy serves HTTPS
KFMAP_TRUSTED_PROXIES   comma-separated addresses and networks whose X-Forwarded-* are believed
KFMAP_HTTPS             on: readers come by HTTPS, by a trusted proxy or directly; default: off
KFMAP_MAX_UPLOAD_MB     largest object accepted; default 100
KFMAP_UPLOADS_PER_MINUTE  files one account may upload in a minute; default 120
KFMAP_UPLOAD_MB_PER_HOUR  what one account may upload in an hour; default 4096
KFMAP_OBJECT_STORAGE    of uploaded objects: s3://BUCKET[/PREFIX], keys as AWS_ACCESS_KEY_ID and
                        AWS_SECRET_ACCESS_KEY; default: the folder `objects` in KFMAP_DATA_DIR
KFMAP_S3_ENDPOINT       address of an S3 server that is not Amazon's
KFMAP_WEB_THREADS       requests answered at the same time, each with its connection; default 16
KFMAP_CHECK_SECONDS     one step of a check, on one kernel, may take so long; default 60
KFMAP_CHECK_MB          memory of a check process; default 2048
KFMAP_RECHECKS_PER_MINUTE  objects checked again in a minute when a kernel, a policy or an engine
                        arrives; default 60
KFMAP_GUEST_SECONDS     a virtual machine that is asked for a second opinion may run so long;
                        default 900
KFMAP_KERNEL_FOLDERS    folders of this machine with sources that may be named on the page that adds
                        kernels; comma-separated; default: none
KFMAP_MAX_KERNEL_MB     largest file accepted there; default 300
KFMAP_KERNEL_SECONDS    reading a kernel that was added there may take so long; default 1200
KFMAP_SOURCE_LINKS      where a line of a kernel opens: comma-separated NAME=ADDRESS with {version},
                        {file} and {line} in it; default: elixir.bootlin.com and git.kernel.org
KFMAP_MAIL_URL          server that mail goes through: smtp://[USER:PASSWORD@]HOST:PORT, or
                        smtp+tls://…; default: none, and no mail is sent
KFMAP_MAIL_FROM         whom mail is from; default: kfmap@localhost
KFMAP_OIDC_ISSUER       address of an OpenID Connect provider that people may sign in with; default:
                        none
KFMAP_OIDC_CLIENT_ID    what the provider calls this kfmap
KFMAP_OIDC_CLIENT_SECRET  what kfmap proves that with
KFMAP_OIDC_NAME         what people call the provider; default: single sign-on
KFMAP_OIDC_SIGNUP       on: whom the provider lets in gets an account; default: off
KFMAP_WEBHOOK_HOSTS     comma-separated hosts (or HOST:PORT) inside your network that webhooks may
                        go to, by HTTP too; default: none, only public addresses by HTTPS
KFMAP_LOG               json or text; default: text on a terminal, else json
KFMAP_LOG_LEVEL         debug, info (a line per request), warning or error; default: warning
KFMAP_ADMINS            comma-separated addresses that get mail of failures, by KFMAP_MAIL_URL
KFMAP_SENTRY_DSN        where failures are sent as well; needs sentry-sdk
KFMAP_METRICS_FROM      comma-separated addresses and networks that may read /metrics
KFMAP_DEBUG             default: off
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from kombu import Exchange, Queue

from kfmap.server import upload_limit
from kfmap.server.data_dir import load_secret_key, prepare_data_dir
from kfmap.server.environment import Environment
from kfmap.server.failure_reports import report_to_sentry
from kfmap.server.logs import FORMATS, LEVELS, build_logging
from kfmap.server.object_storage import kernel_storage

env = Environment()
KFMAP_ENVIRONMENT_PROBLEMS = env.problems  # said by the checks, with hints
BASE_DIR = Path(__file__).resolve().parent.parent
_INSTALLED = (BASE_DIR / "kfmap" / "templates").is_dir()
# templates/ and static/: in the package where a wheel was installed, beside it in a checkout.
PAGES_DIR = BASE_DIR / "kfmap" if _INSTALLED else BASE_DIR
KFMAP_COMMAND = "kfmap" if _INSTALLED else "manage.py"
KFMAP_DATA_DIR = prepare_data_dir(env.text("KFMAP_DATA_DIR"))

DEBUG = env.switch("KFMAP_DEBUG")
SECRET_KEY = env.text("KFMAP_SECRET_KEY") or load_secret_key(KFMAP_DATA_DIR)
ALLOWED_HOSTS = env.names("KFMAP_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.names("KFMAP_TRUSTED_ORIGINS", [])
KFMAP_TRUSTED_PROXIES = env.networks("KFMAP_TRUSTED_PROXIES")

# Whether a request came by HTTPS is known from the connection or a trusted proxy: kfmap.asgi.
KFMAP_HTTPS = env.switch("KFMAP_HTTPS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = KFMAP_HTTPS
SECURE_HSTS_SECONDS = 365 * 86400 if KFMAP_HTTPS else 0
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$", "^metrics$"]  # asked within the machine
# Whether other names below this one have HTTPS is not known here: neither is forced on them.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "axes",
    "csp",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "kfmap.server",
    "kfmap.accounts",
    "kfmap.quotas",
    "kfmap.catalogue",
    "kfmap.adding",
    "kfmap.evidence",
    "kfmap.web",
    "kfmap.api",
    "kfmap.cli",
    "verifier.spaces",
    "verifier.records",
    "verifier.guests",
    "verifier.rechecking",
    "verifier.webhooks",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "kfmap.server.static_files.CurrentStaticFiles",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "kfmap.api.throttles.RateHeaders",
    "kfmap.api.problems.ProblemsUnderApi",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "kfmap.server.content_policy.ContentPolicy",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
    "kfmap.server.refusals.RefuseNullCharacters",
    "kfmap.server.refusals.AnswerSpentQuotas",
    "kfmap.server.private_pages.KeepPrivatePagesOutOfCaches",
    "kfmap.web.shared.hidden_characters.RevealHiddenCharacters",
]
AUTHENTICATION_BACKENDS = [
    "kfmap.quotas.guesses.AddressBackend",
    "axes.backends.AxesStandaloneBackend",
    "kfmap.accounts.sessions.AccountBackend",
]
SESSION_ENGINE = "kfmap.accounts.sessions"
ROOT_URLCONF = "kfmap.urls"
ASGI_APPLICATION = "kfmap.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PAGES_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "kfmap.web.shared.installation.describe_installation",
            ],
        },
    },
]
FORM_RENDERER = "kfmap.web.shared.form_fields.FormFields"


def _database() -> dict[str, Any]:
    """Return the database; SQLite in WAL with immediate transactions waits instead of failing."""
    database = env.database("DATABASE_URL", f"sqlite:///{KFMAP_DATA_DIR / 'kfmap.sqlite3'}")
    if database["ENGINE"].endswith("sqlite3"):
        database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 8,  # seconds; then a page says so, and a job tries again
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    else:
        database["OPTIONS"] = {"connect_timeout": 3, **database.get("OPTIONS", {})}
        database["CONN_HEALTH_CHECKS"] = True
    database["CONN_MAX_AGE"] = 300  # requests are answered by threads that are kept
    return database


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_MIN_LENGTH = 10
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": PASSWORD_MIN_LENGTH},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False  # one language: looking up which for each value of a page took a tenth of it
USE_TZ = True

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "objects": env.object_storage("KFMAP_OBJECT_STORAGE", "KFMAP_S3_ENDPOINT"),
}
STORAGES["kernels"] = kernel_storage(STORAGES["objects"])
STATIC_URL = "static/"
STATICFILES_DIRS = [PAGES_DIR / "static"]
WHITENOISE_USE_FINDERS = True

_SELF = "'self'"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": [_SELF],
        "style-src": [_SELF],
        "img-src": [_SELF, "data:", "blob:"],
        "connect-src": [_SELF],
        "font-src": [_SELF],
        "form-action": [_SELF],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
# Readers follow these links; the server fetches none of them.
KFMAP_SOURCE_LINKS = env.addresses(
    "KFMAP_SOURCE_LINKS",
    {
        "elixir": "https://elixir.bootlin.com/linux/v{version}/source/{file}#L{line}",
        "git": "https://git.kernel.org/pub/scm/linux/kernel/git/stable/linux.git/tree/{file}"
        "?h=v{version}#n{line}",
    },
    ("version", "file", "line"),
)
_mail = env.mail("KFMAP_MAIL_URL")
KFMAP_SENDS_MAIL = "EMAIL_HOST" in _mail
globals().update(_mail)
DEFAULT_FROM_EMAIL = env.text("KFMAP_MAIL_FROM", "kfmap@localhost")
SECURE_REFERRER_POLICY = "same-origin"

KFMAP_REDIS_URL = env.text("KFMAP_REDIS_URL")
KFMAP_EMBEDDED_WORKER = not KFMAP_REDIS_URL
CELERY_BROKER_URL = KFMAP_REDIS_URL or "memory://localhost/"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker however long it takes
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {
        "visibility_timeout": 3600,
        "unacked_restore_throttle": 1,
        # A broker that hangs may not hold a request: what it does not take at once is sent again.
        "socket_connect_timeout": 2,
        "socket_timeout": 2,
        "max_retries": 0,
    }
    if KFMAP_REDIS_URL
    else {"polling_interval": 0.05}
)
CELERY_TASK_IGNORE_RESULT = True
# A worker takes both, where -Q says nothing; checks are counted in their queue by themselves.
CELERY_TASK_QUEUES = [
    Queue(name, Exchange(name), routing_key=name) for name in ("celery", "webhooks")
]
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = TIME_ZONE
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # workers write the lines of LOGGING, too
CELERY_BEAT_SCHEDULE_FILENAME = str(KFMAP_DATA_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE: dict[str, Any] = {
    "reconcile": {
        "task": "verifier.tasks.reconcile_jobs",
        "schedule": 10.0,
        "options": {"expires": 10.0},
    },
    "tidy": {"task": "verifier.tasks.tidy", "schedule": 3600.0, "options": {"expires": 3600.0}},
}

KFMAP_MAX_UPLOAD_BYTES = (
    env.number(upload_limit.VARIABLE, upload_limit.DEFAULT_MEGABYTES) * 1024 * 1024
)
KFMAP_MAX_STRANGERS_BYTES = 256 * 1024 * 1024  # of all bodies of those who did not sign in
KFMAP_UPLOADS_PER_MINUTE = env.number("KFMAP_UPLOADS_PER_MINUTE", 120)
KFMAP_UPLOAD_MB_PER_HOUR = env.number("KFMAP_UPLOAD_MB_PER_HOUR", 4096)
# A pasted log is one form field; what is larger is answered by kfmap.web.shared.bad_request.
KFMAP_MAX_FORM_BYTES = 18 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = KFMAP_MAX_FORM_BYTES
KFMAP_WEB_THREADS = env.number("KFMAP_WEB_THREADS", 16)
KFMAP_CHECK_SECONDS = env.number("KFMAP_CHECK_SECONDS", 60)
KFMAP_CHECK_MEGABYTES = env.number("KFMAP_CHECK_MB", 2048)
KFMAP_RECHECKS_PER_MINUTE = env.number("KFMAP_RECHECKS_PER_MINUTE", 60)
KFMAP_GUEST_SECONDS = env.number("KFMAP_GUEST_SECONDS", 900)
KFMAP_KERNEL_FOLDERS = env.names("KFMAP_KERNEL_FOLDERS", [])
KFMAP_MAX_KERNEL_BYTES = env.number("KFMAP_MAX_KERNEL_MB", 300) * 1024 * 1024
# Several objects at once, or a kernel's tree with its image and configuration.
KFMAP_MAX_BODY_BYTES = max(4 * KFMAP_MAX_UPLOAD_BYTES, 2 * KFMAP_MAX_KERNEL_BYTES)
KFMAP_WEBHOOK_HOSTS = [
    name.strip().lower().rstrip(".") for name in env.names("KFMAP_WEBHOOK_HOSTS", [])
]
KFMAP_KERNEL_SECONDS = env.number("KFMAP_KERNEL_SECONDS", 1200)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_CLIENT_IP_CALLABLE = "kfmap.quotas.addresses.remote_address"
AXES_COOLOFF_TIME = 1  # hours
AXES_LOCKOUT_TEMPLATE = "accounts/locked.html"

# Second factors and accounts elsewhere; signing in by password stays Django's.
KFMAP_OIDC_NAME, SOCIALACCOUNT_PROVIDERS = env.sign_on(
    "KFMAP_OIDC_ISSUER", "KFMAP_OIDC_CLIENT_ID", "KFMAP_OIDC_CLIENT_SECRET", "KFMAP_OIDC_NAME"
)
KFMAP_OIDC_SIGNUP = env.switch("KFMAP_OIDC_SIGNUP")
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # before a second factor or a connection changes
SOCIALACCOUNT_ADAPTER = "kfmap.accounts.single_sign_on.SingleSignOnAdapter"
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
MFA_ADAPTER = "kfmap.accounts.second_factor.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "kfmap.accounts.second_factor.SignInCodeForm",
    "reauthenticate": "kfmap.accounts.second_factor.ConfirmCodeForm",
}
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an account may have no address at all
MFA_TOTP_TOLERANCE = 1  # periods that a clock may be wrong by

ADMINS = [(address, address) for address in env.names("KFMAP_ADMINS", [])]
LOGGING = build_logging(
    env.one_of("KFMAP_LOG", FORMATS, "text" if sys.stderr.isatty() else "json"),
    env.one_of("KFMAP_LOG_LEVEL", LEVELS, "warning"),
    mails=bool(ADMINS),
)
KFMAP_METRICS_FROM = env.networks("KFMAP_METRICS_FROM")
KFMAP_SENTRY_DSN = env.text("KFMAP_SENTRY_DSN")
report_to_sentry(KFMAP_SENTRY_DSN)

_OWN_CACHE = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "kfmap"}
CACHES: dict[str, dict[str, Any]] = {
    # What allauth keeps here must hold in every process: codes of second factors that were used,
    # and how often somebody tried one.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "kfmap_cache",  # kfmap.quotas.models.Remembered
    },
    "own": _OWN_CACHE,
    # Requests by account and address: several web processes count together in Redis. Without it
    # there is one web process (kfmap.E003).
    "rates": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": KFMAP_REDIS_URL,
        "KEY_PREFIX": "kfmap",
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
    }
    if KFMAP_REDIS_URL
    else _OWN_CACHE,
}

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNICODE_JSON": False,  # what turns the direction of writing is sent as an escape
    "URL_FORMAT_OVERRIDE": None,  # ?format= is the format of a report
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "kfmap.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
        "kfmap.api.authentication.PasswordAuthentication",
    ],
    "EXCEPTION_HANDLER": "kfmap.api.problems.handle_exception",
    "DEFAULT_THROTTLE_CLASSES": [
        "kfmap.api.throttles.AnyoneThrottle",
        "kfmap.api.throttles.AccountThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"anon": "600/min", "user": "1200/min"},
    "NUM_PROXIES": 0,  # the client's address is known: kfmap.server.proxies
}
SPECTACULAR_SETTINGS = {
    "TITLE": "kfmap",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "ENUM_NAME_OVERRIDES": {  # several things have a field `state`
        "JobState": "verifier.records.models.Job.State",
        "WorkState": "kfmap.adding.models.Addition.State",  # of opinions, too
        "DeliveryState": "verifier.webhooks.models.Delivery.State",
        "RecheckState": "verifier.rechecking.models.Recheck.State",
        "TokenState": "kfmap.api.models.TokenState",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "kfmap.api.described.add_events",
    ],
}
