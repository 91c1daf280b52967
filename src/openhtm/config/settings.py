"""Settings, safe by default. Every variable read here has an entry in docs/reference/settings.md."""

import os
from pathlib import Path

import dj_database_url
import pghistory
import pgtrigger

from openhtm.config.environment import data_home, flag, secret_key
from openhtm.ui.fonts import static_dirs

HOME: Path = data_home()
DEBUG = flag("OPENHTM_DEBUG", default=False)
DEMO = flag("OPENHTM_DEMO", default=False)
HTTPS = flag("OPENHTM_HTTPS", default=True)
SECRET_KEY = secret_key(HOME)
ALLOWED_HOSTS = [host for host in os.environ.get("OPENHTM_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",") if host]
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("OPENHTM_TRUSTED_ORIGINS", "").split(",") if origin]
BASE_URL = os.environ.get("OPENHTM_BASE_URL", "")  # what a printed QR code leads to; empty: the address of the request

INSTALLED_APPS = [
    "openhtm.core",
    "openhtm.ui",
    "openhtm.sites",
    "openhtm.identity",
    "openhtm.audit",
    "openhtm.documents",
    "openhtm.exchange",
    "openhtm.notices",
    "openhtm.catalog",
    "openhtm.inventory",
    "openhtm.procedures",
    "openhtm.training",
    "openhtm.pulse",
    "openhtm.testers",
    "openhtm.workforce",
    "openhtm.competence",
    "openhtm.workorders",
    "openhtm.traceability",
    "openhtm.maintenance",
    "openhtm.rounds",
    "openhtm.staffing",
    "openhtm.reporting",
    "openhtm.demo",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "django.forms",
    "pgtrigger",
    "pghistory",
    "procrastinate.contrib.django",
    "template_partials",
    "django_htmx",
    "lucide",
]

MIDDLEWARE = [
    "openhtm.audit.middleware.request_log",
    "openhtm.config.security.content_security_policy",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "openhtm.identity.middleware.identify",
    "openhtm.audit.middleware.history_context",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "openhtm.config.errors.refusals",
]

ROOT_URLCONF = "openhtm.config.urls"
WSGI_APPLICATION = "openhtm.config.wsgi.application"
FORM_RENDERER = "openhtm.ui.forms.Renderer"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "openhtm.config.navigation.navigation",
                "openhtm.ui.context.shell",
            ],
            "builtins": ["django.contrib.humanize.templatetags.humanize"],
        },
    }
]

DATABASES = {"default": dj_database_url.config(default="postgresql://localhost/openhtm", conn_max_age=None, conn_health_checks=True)}
DATABASES["default"]["ATOMIC_REQUESTS"] = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "identity.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "full_name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "identity:log-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "identity:log-in"

SESSION_COOKIE_AGE = 12 * 3600  # a shift; longer sessions end whatever happens
SESSION_IDLE_SECONDS = int(os.environ.get("OPENHTM_SESSION_IDLE_SECONDS", "3600"))
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS and not DEBUG
CSRF_COOKIE_SECURE = HTTPS and not DEBUG
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "openhtm.config.errors.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if flag("OPENHTM_HSTS", default=False) else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if flag("OPENHTM_BEHIND_PROXY", default=False) else None
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = False
FORMAT_MODULE_PATH = "openhtm.config.formats"

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = static_dirs()  # the typeface
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": HOME / "files"}},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
MEDIA_ROOT = HOME / "files"  # outside the web root: files leave only through views that check who asks
LAST_BACKUP_RECORD = HOME / "last-backup.json"  # written by openhtm backup
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
FILE_UPLOAD_TEMP_DIR = None
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
ATTACHMENT_MAX_BYTES = int(os.environ.get("OPENHTM_ATTACHMENT_MAX_MB", "50")) * 1024 * 1024
IMPORT_MAX_BYTES = int(os.environ.get("OPENHTM_IMPORT_MAX_MB", "200")) * 1024 * 1024

PGHISTORY_APPEND_ONLY = True
PGHISTORY_LEVEL = pgtrigger.Statement
PGHISTORY_ADMIN_ALL_EVENTS = False
# history is asked for one record at a time: further indexes would only slow every write
PGHISTORY_FOREIGN_KEY_FIELD = pghistory.ForeignKey(db_index=False)
PGHISTORY_OBJ_FIELD = pghistory.ObjForeignKey(db_index=True)
PGHISTORY_CONTEXT_FIELD = pghistory.ContextForeignKey(db_index=False)
PGTRIGGER_INSTALL_ON_MIGRATE = False

LOGGING_CONFIG = None
SILENCED_SYSTEM_CHECKS = ["auth.E003"]  # user names are unique without regard to case, by a constraint of their own
