"""The product's settings in the web process's role, with what the benchmarks compare it with."""

from config.settings import *  # noqa: F403
from config.settings import DATABASES, INSTALLED_APPS, STATE_DIR

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks"]
ROOT_URLCONF = "benchmarks.urls"

# The owner makes and drops the benchmarks' own tables. Everything measured runs under the web's role.
DATABASES = DATABASES | {
    "owner": DATABASES["default"]
    | {
        "USER": "amparo_owner",
        "PASSWORD": (STATE_DIR / "pg" / "passwords" / "amparo_owner").read_text(encoding="utf-8"),
    }
}

# django-fernet-encrypted-fields
SALT_KEY = "a salt for the benchmarks"
# django-tink-fields
TINK_FIELDS_CONFIG = {"default": {"path": str(STATE_DIR / "tink.json"), "cleartext": True}}
