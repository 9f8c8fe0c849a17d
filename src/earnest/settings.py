"""Django's settings, read from the environment that the command line has prepared.

``EARNEST_HOME`` is the data folder, ``DATABASE_URL`` the PostgreSQL server (the command line puts
the embedded server's address there when you gave none), ``EARNEST_DB_ROLE`` the role to act as.
"""

import os
import secrets
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

REPOSITORY = Path(__file__).resolve().parents[2]
EARNEST_HOME = Path(os.environ.get("EARNEST_HOME") or REPOSITORY / ".earnest").resolve()
TENANT = os.environ.get("EARNEST_TENANT", "main")


def _database(url: str) -> dict[str, object]:
    """Return Django's database settings for a postgresql:// address."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    options: dict[str, object] = {"application_name": "earnest"}
    if role := os.environ.get("EARNEST_DB_ROLE"):
        options["options"] = f"-c role={role}"
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/") or "earnest",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host") or parts.hostname or "",
        "PORT": query.get("port") or str(parts.port or ""),
        "OPTIONS": options,
        "CONN_MAX_AGE": 60,
    }


def _secret_key() -> str:
    """Return the key kept in the data folder, making it on first use."""
    if key := os.environ.get("EARNEST_SECRET_KEY"):
        return key
    path = EARNEST_HOME / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()


SECRET_KEY = _secret_key()
DEBUG = False
ALLOWED_HOSTS = os.environ.get("EARNEST_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",")
PUBLIC_URL = os.environ.get("EARNEST_URL", "http://localhost:8000").rstrip("/")
DATABASES = {
    "default": _database(os.environ.get("DATABASE_URL", "postgresql:///earnest?host=/tmp"))
}

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "ninja",  # serves its OpenAPI page from its own files
    "pgtrigger",
    "earnest.ledger",
    "earnest.feed",
    "earnest.measures",
    "earnest.rulebooks",
    "earnest.market",
    "earnest.decisions",
    "earnest.restrictions",
    "earnest.notices",
    "earnest.documents",
    "earnest.tickets",
    "earnest.surveys",
    "earnest.deliveries",
    "earnest.deposits",
    "earnest.payins",
    "earnest.payouts",
    "earnest.reconciliation",
    "earnest.assessment",
    "earnest.cases",
    "earnest.violations",
    "earnest.admission",
    "earnest.appeals",
    "earnest.catalogue",
    "earnest.charging",
    "earnest.departure",
    "earnest.work",
    "earnest.api",
    "earnest.console",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "earnest.console.middleware.ConsoleMiddleware",
]

ROOT_URLCONF = "earnest.urls"
WSGI_APPLICATION = "earnest.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "earnest.console.context.console",
            ],
        },
    },
]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
]
# Who guesses at passwords or tokens is slowed down; see the room `market`, sign_in_tries.
SIGN_IN = {
    name: int(os.environ.get(f"EARNEST_SIGN_IN_{name.upper()}", number))
    for name, number in (
        ("tries", "5"),  # the failure that brings the first wait, for a name or a known browser
        ("tries_of_address", "50"),
        ("window_seconds", "3600"),
        ("wait_first_seconds", "30"),
        ("wait_longest_seconds", "900"),
    )
}
# How many reverse proxies of ours write X-Forwarded-For; 0 when people reach the server itself.
PROXIES = int(os.environ.get("EARNEST_PROXIES", "0"))
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATIC_ROOT = EARNEST_HOME / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns when it is missing
WHITENOISE_USE_FINDERS = True

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

# For development: webhooks may also go to http addresses of this machine.
WEBHOOKS_LOOPBACK = os.environ.get("EARNEST_WEBHOOKS_LOOPBACK") == "1"

# Mail is printed until a server is named; what is sent is written by the room `deliveries`.
EMAIL_HOST = os.environ.get("EARNEST_MAIL_HOST", "")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
EMAIL_PORT = int(os.environ.get("EARNEST_MAIL_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("EARNEST_MAIL_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EARNEST_MAIL_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("EARNEST_MAIL_TLS", "start") == "start"
EMAIL_USE_SSL = os.environ.get("EARNEST_MAIL_TLS", "start") == "always"
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = os.environ.get("EARNEST_MAIL_FROM", "earnest@localhost")

# How many days after a campaign has closed the mail addresses of its respondents are kept.
SURVEY_ADDRESS_DAYS = int(os.environ.get("EARNEST_SURVEY_ADDRESS_DAYS", "30"))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
