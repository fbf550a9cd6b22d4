"""Every setting of the product, read from the environment; nothing dangerous is a default.

docs/settings.md lists the names. Without any, the house runs on one machine, on the loopback address,
with its own PostgreSQL and Valkey under STATE_DIR.
"""

import tomllib
from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config import env, logs, places

# Lets Django's own classes be written with type arguments, as in Field[str, str].
django_stubs_ext.monkeypatch()

BASE_DIR = places.HOUSE
AMPARO_ROLE = env.role()
STATE_DIR = places.state_directory()
DEMO = env.flag("AMPARO_DEMO", False)
VERSION: str = tomllib.loads((BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
# The licence gives everyone who uses the pages the right to their source; this is where it is.
SOURCE_URL = env.text("AMPARO_SOURCE_URL", "")

# --- The address ---------------------------------------------------------------------------------

_address = env.public_url("http://localhost:8000")
PUBLIC_URL = _address.geturl()
IS_HTTPS = _address.scheme == "https"
if DEMO and _address.hostname not in env.LOOPBACK:
    raise ImproperlyConfigured(
        "The demo signs anyone in, so it answers on this machine only. Unset AMPARO_DEMO."
    )

DEBUG = False
ALLOWED_HOSTS = sorted({_address.hostname or "localhost", "localhost", "127.0.0.1", "[::1]"})
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

# --- Secrets -------------------------------------------------------------------------------------

if IS_HTTPS:
    SECRET_KEY = env.text("AMPARO_SECRET_KEY")
    if len(SECRET_KEY) < 50:
        raise ImproperlyConfigured("AMPARO_SECRET_KEY is too short. Use at least 50 random characters.")
else:
    SECRET_KEY = env.text("AMPARO_SECRET_KEY", None) or places.secret_file(STATE_DIR / "secret.key")

# What web and worker sign roots and certificates with. It opens nothing.
AUDIT_KEY_FILE = env.directory("AMPARO_AUDIT_KEY_FILE", STATE_DIR / "audit" / "signing.key")

# Only web may open what is sealed. The other processes never learn where the root key is.
KEY_PROVIDER = env.text("AMPARO_KEY_PROVIDER", "file")
ROOT_KEY_FILE: Path | None = None
KMS_KEY_ID: str | None = None
if AMPARO_ROLE == "web":
    ROOT_KEY_FILE = places.root_credential() if KEY_PROVIDER == "systemd" else places.root_key_file()
    KMS_KEY_ID = env.text("AMPARO_KMS_KEY_ID") if KEY_PROVIDER == "aws-kms" else None

# What new values are sealed with: 1 is AES-256-GCM-SIV, 2 AES-256-GCM. Both are always opened.
SEAL_SUITE = env.whole_number("AMPARO_SEAL_SUITE", 1)
if SEAL_SUITE not in (1, 2):
    raise ImproperlyConfigured("AMPARO_SEAL_SUITE is 1 (AES-256-GCM-SIV) or 2 (AES-256-GCM).")

# --- The databases -------------------------------------------------------------------------------

DATA_USER = {"owner": "amparo_owner", "web": "amparo_web", "worker": "amparo_worker"}[AMPARO_ROLE]
KEYRING_USER = {"owner": "amparo_owner", "web": "amparo_keyring", "worker": "amparo_shredder"}[AMPARO_ROLE]


def _embedded(name: str, user: str) -> dict[str, Any]:
    """Return the connection to the cluster under STATE_DIR; its password exists once `serve` made it."""
    home = STATE_DIR / "pg"
    password = home / "passwords" / user
    return {
        "NAME": name,
        "USER": user,
        "PASSWORD": password.read_text(encoding="utf-8") if password.exists() else "",
        "HOST": str(places.socket_directory(home)),
        "PORT": "5432",
        "OPTIONS": {},
    }


def _database(url_name: str, name: str, user: str) -> dict[str, Any]:
    database = env.database(f"{url_name}_{AMPARO_ROLE.upper()}", lambda: _embedded(name, user))
    database |= {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": "10", "application_name": f"amparo-{AMPARO_ROLE}"}
        | database["OPTIONS"],
    }
    return database


DATABASES = {
    "default": _database("DATABASE_URL", "amparo", DATA_USER),
    "keyring": _database("KEYRING_URL", "keyring", KEYRING_USER),
}
if env.given(f"DATABASE_URL_{AMPARO_ROLE.upper()}") != env.given(f"KEYRING_URL_{AMPARO_ROLE.upper()}"):
    raise ImproperlyConfigured(
        f"Set both DATABASE_URL_{AMPARO_ROLE.upper()} and KEYRING_URL_{AMPARO_ROLE.upper()}, or neither:"
        " the keyring is a database of its own on the same footing."
    )
DATABASE_ROUTERS = ["caseapp.vault.router.KeyringRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "amparo_cache",
        # It counts sign-in tries and used codes. Few entries would let someone push those out.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
}

# --- The house -----------------------------------------------------------------------------------

INSTALLED_APPS = [
    "caseapp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "caseapp.web.middleware.NoStore",
    "django.middleware.locale.LocaleMiddleware",
    "caseapp.web.middleware.LockedVault",
    "caseapp.web.rekeying.FreshKeys",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "caseapp.web.middleware.ClinicWall",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "caseapp.web.middleware.FormsInPlace",
    "caseapp.web.middleware.SessionLimits",
    "caseapp.web.middleware.SignInRequired",
    "caseapp.web.middleware.SecondStep",
    "caseapp.web.middleware.ClinicTime",
    "caseapp.web.middleware.Refusals",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "caseapp" / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "caseapp.web.context.shell",
            ],
            "libraries": {
                "amparo": "caseapp.web.templatetags.amparo",
                "dates": "caseapp.web.templatetags.dates",
            },
        },
    },
]

# --- Who may come in -----------------------------------------------------------------------------

AUTH_USER_MODEL = "caseapp.User"
AUTHENTICATION_BACKENDS = ["caseapp.access.backends.StaffBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
# Nobody signs up, resets a password by e-mail or changes an address: a director invites and resets.
ACCOUNT_ADAPTER = "caseapp.access.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# Tries are counted by address. Behind a TLS proxy the proxy says which: the last it added to X-Forwarded-For.
ALLAUTH_TRUSTED_PROXY_COUNT = env.whole_number("AMPARO_TRUSTED_PROXIES", 1 if IS_HTTPS else 0)
MFA_ADAPTER = "caseapp.access.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Amparo"
MFA_FORMS = {"activate_totp": "caseapp.web.forms.access.ActivateTotp"}
# Browsers count http://localhost as safe, and allauth does not.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_HTTPS and _address.hostname in env.LOOPBACK

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "__Host-amparo" if IS_HTTPS else "amparo"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_NAME = "__Host-amparo-csrf" if IS_HTTPS else "amparo-csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = IS_HTTPS

# --- What a browser is told ----------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
# Not no-referrer: browsers then send "Origin: null" with a form, and Django refuses it.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz(/reminders)?$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
# Preloading is asked of browser makers by whoever owns the whole domain; that is not ours to declare.
SILENCED_SYSTEM_CHECKS = ["security.W021"]

# --- Words, dates, files -------------------------------------------------------------------------

LANGUAGE_CODE = "en-us"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = STATE_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "caseapp" / "web" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
# Nothing that is uploaded may touch the disk unsealed.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

# Where the sealed files of documents lie: a directory of ours, or a bucket of S3's kind.
FILES_DIR = STATE_DIR / "files"
FILES_STORAGE = "s3" if env.given("AMPARO_FILES_S3_BUCKET") else "local"
FILES_S3 = {
    "bucket": env.text("AMPARO_FILES_S3_BUCKET", ""),
    "prefix": env.text("AMPARO_FILES_S3_PREFIX", "amparo/"),
    "endpoint": env.text("AMPARO_FILES_S3_ENDPOINT", ""),
    "region": env.text("AMPARO_FILES_S3_REGION", "us-east-1"),
    "key": env.text("AMPARO_FILES_S3_KEY", ""),
    "secret": env.text("AMPARO_FILES_S3_SECRET", ""),
}
FILE_LIMIT_MB = env.whole_number("AMPARO_FILE_LIMIT_MB", 100, least=1)

# --- Mail ----------------------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = env.text("AMPARO_MAIL_FROM", f"amparo@{_address.hostname}")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_TIMEOUT = 20
_mail = env.mail("AMPARO_SMTP_URL")
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend" if _mail else "config.mail.OwedBackend"
globals().update(_mail or {})

# --- The queue -----------------------------------------------------------------------------------

BROKER_URL = env.text(
    "BROKER_URL", f"redis+socket://{places.socket_directory(STATE_DIR / 'valkey')}/valkey.sock"
)

# --- Backups ------------------------------------------------------------------------------------

# How long backups are kept. The keyring's go first: with one, a purged client could be opened again.
# A key that was replaced opens what is in them until then, and is then destroyed.
KEYRING_BACKUP_DAYS = env.whole_number("AMPARO_KEYRING_BACKUP_DAYS", 7)
DATA_BACKUP_DAYS = env.whole_number("AMPARO_DATA_BACKUP_DAYS", 35)
# To whom backups are encrypted. The identities that open them belong on no machine that runs the clinic.
BACKUP_DIR = env.directory("AMPARO_BACKUP_DIR", Path()) if env.given("AMPARO_BACKUP_DIR") else None
BACKUP_RECIPIENT = env.text("AMPARO_BACKUP_RECIPIENT", None)
KEYRING_BACKUP_RECIPIENT = env.text("AMPARO_KEYRING_BACKUP_RECIPIENT", None)
# The exception, for a drill that runs by itself: docs/backup.md says what it costs.
DRILL_IDENTITY_FILE: Path | None = None
if AMPARO_ROLE == "owner" and env.given("AMPARO_DRILL_IDENTITY_FILE"):
    DRILL_IDENTITY_FILE = env.directory("AMPARO_DRILL_IDENTITY_FILE", Path())

# --- What is written down about errors -----------------------------------------------------------

LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logs.CONFIG
DEFAULT_EXCEPTION_REPORTER = "config.logs.NoValuesReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "config.logs.NoValuesFilter"
ADMINS: list[tuple[str, str]] = []
