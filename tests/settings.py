"""The product's settings, with cheap passwords and without the static files' manifest."""

from config.settings import *  # noqa: F403
from config.settings import STATE_DIR

# The tests run as the owner of the test databases, and open what they sealed.
ROOT_KEY_FILE = STATE_DIR / "root" / "root.key"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
