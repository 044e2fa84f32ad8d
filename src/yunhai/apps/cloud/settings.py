"""Django's settings, made from the places and a few variables; nothing secret stands here.

Every process names its role in `YUNHAI_ROLE` (app, reader, migrator; default app) and gets that role's connection:
`YUNHAI_DATABASE_URL`, `YUNHAI_READER_URL`, `YUNHAI_MIGRATION_URL`, or the embedded server's. `YUNHAI_ORIGIN` is the one
public address (http://localhost:8600); cookies are secure and TLS is demanded unless it is plain http on localhost.
"""

import os
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.utils.translation import gettext_lazy as _

from yunhai.apps.cloud.database_url import database_of
from yunhai.apps.cloud.places import Places, random_secret
from yunhai.kernel.limits import REQUEST_BYTES_MAX
from yunhai.platform.shell.messages import build

PLACES = Places.at()
YUNHAI_HOME = PLACES.home
YUNHAI_ORIGIN = os.environ.get("YUNHAI_ORIGIN", "http://localhost:8600")
YUNHAI_DEMO = os.environ.get("YUNHAI_DEMO", "") == "1"
YUNHAI_MODE = os.environ.get("YUNHAI_MODE", "simulated")
YUNHAI_INNER_SOCKET = str(PLACES.inner_socket)
YUNHAI_CORE_SOCKET = str(PLACES.core_socket)
YUNHAI_CALENDAR = "yunhai.apps.reference_data.calendar_around"
YUNHAI_INSTRUMENTS = "yunhai.apps.reference_data.instruments"
YUNHAI_PACKS = "yunhai.apps.reference_data.rule_pack"
"""What opening a day and a replay ask of the reference data, by name: a service imports no app."""
YUNHAI_STREAM_SOCKET = str(PLACES.stream_socket)
YUNHAI_TOKEN_KEY = PLACES.token_key
YUNHAI_TOKEN_PUBLIC = PLACES.token_public

_origin = urlsplit(YUNHAI_ORIGIN)
_host = _origin.hostname or "localhost"
LOCAL = _host in ("localhost", "127.0.0.1", "::1")
SECURE = _origin.scheme == "https"


def _kept(name: str, make: Callable[[], bytes]) -> bytes:
    """A credential, made once a home is there; without a home (a check, a migration being written) a passing one."""
    return PLACES.credential(name, make) if PLACES.credentials.is_dir() else make()


DEBUG = False
SECRET_KEY = _kept("django.key", random_secret).decode()
YUNHAI_MFA_KEY = _kept("mfa.key", Fernet.generate_key)
ALLOWED_HOSTS = sorted({_host, "localhost", "127.0.0.1", "[::1]"})  # the origin takes its own name only
CSRF_TRUSTED_ORIGINS = [YUNHAI_ORIGIN]

INSTALLED_APPS = [
    "yunhai.platform.shell",
    "yunhai.platform.tenancy",
    "yunhai.platform.identity",
    "yunhai.platform.entitlements",
    "yunhai.platform.outbox",
    "yunhai.platform.audit",
    "yunhai.platform.console",
    "yunhai.services.accounts",
    "yunhai.services.orders",
    "yunhai.services.quotes",
    "yunhai.services.ledger",
    "yunhai.services.settlement",
    "yunhai.services.lines",
    "yunhai.services.desk",
    "yunhai.services.trust",
    "yunhai.services.charts",
    "yunhai.services.data",
    "yunhai.services.screener",
    "yunhai.services.alerts",
    "yunhai.services.contests",
    "yunhai.services.replay",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "pgtrigger",
    "pghistory",
    "procrastinate.contrib.django",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "yunhai.platform.shell.request_log.RequestLogMiddleware",
    "yunhai.platform.shell.headers.HeadersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",  # around the transaction: what it does after the commit needs its context
    "yunhai.platform.shell.middleware.CallerMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "yunhai.apps.cloud.urls"
WSGI_APPLICATION = "yunhai.apps.cloud.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "yunhai.platform.shell.context.shell",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

DATABASES = {"default": database_of(os.environ.get("YUNHAI_ROLE", "app"), PLACES)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "identity.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]

ACCOUNT_ADAPTER = "yunhai.platform.identity.adapter.Adapter"
ACCOUNT_USER_DISPLAY = "yunhai.platform.shell.context.display"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[雲海 Yunhai] "
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SECURE else "http"
MFA_ADAPTER = "yunhai.platform.identity.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = LOCAL and not SECURE
MFA_TOTP_ISSUER = "Yunhai 雲海"
MFA_TOTP_TOLERANCE = 1  # RFC 6238 5.2: one step for the way from the screen to here; a code still counts once
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/account/login/"

LANGUAGE_CODE = "zh-hant"
LANGUAGES = [("zh-hant", _("Chinese")), ("en", _("English"))]
LANGUAGE_COOKIE_NAME = "yunhai_language"
TIME_ZONE = "Asia/Taipei"
USE_TZ = True
USE_I18N = True
LOCALE_PATHS = [build(PLACES.home / "locale")] if PLACES.credentials.is_dir() else []

STATIC_URL = "/static/"
STATIC_ROOT = PLACES.static

EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = PLACES.mail
if os.environ.get("YUNHAI_MAIL_HOST"):
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = os.environ["YUNHAI_MAIL_HOST"]
    EMAIL_PORT = int(os.environ.get("YUNHAI_MAIL_PORT", "25"))
DEFAULT_FROM_EMAIL = os.environ.get("YUNHAI_MAIL_FROM", f"yunhai@{_host}")

SESSION_ENGINE = "yunhai.platform.identity.sessions"
SESSION_COOKIE_NAME = "yunhai_session"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = SECURE
CSRF_COOKIE_NAME = "yunhai_csrf"
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "yunhai.platform.shell.refusals.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 0 if LOCAL else 31_536_000
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = REQUEST_BYTES_MAX
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000

ALLAUTH_TRUSTED_PROXY_COUNT = 1
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "yunhai"}}
LOGGING_CONFIG = None  # structlog, by the process that runs
SILENCED_SYSTEM_CHECKS = ["ninja.W001"]
