"""The three packages whose wire Rekey speaks, mounted in one Django project on PostgreSQL, for
record-replies.ts. Reads a list of requests as JSON from standard input, sends each on behalf of a user
of its own, and prints what the packages answer. Django and the packages are found on PYTHONPATH."""

import json
import os
import sys
import time
from datetime import datetime, timedelta

from dj_rest_auth.__version__ import __version__ as dj_rest_auth_version
import django
import rest_framework
import rest_registration
from django.conf import settings

BASE = {
    "REST_REGISTRATION": {
        "REGISTER_VERIFICATION_ENABLED": False,
        "REGISTER_EMAIL_VERIFICATION_ENABLED": False,
        "RESET_PASSWORD_VERIFICATION_URL": "https://app.example/reset-password/",
        "VERIFICATION_FROM_EMAIL": "no-reply@example.com",
        "CHANGE_PASSWORD_SERIALIZER_PASSWORD_CONFIRM": False,
    },
    "REST_AUTH": {"OLD_PASSWORD_FIELD_ENABLED": True},
    "DJANGO_REST_PASSWORDRESET_THROTTLE_CLASSES": [],
}
# What a request may set beside that, by the name that requests.ts gives it.
SETTINGS = {
    "confirmed": {
        "REST_REGISTRATION": {
            **BASE["REST_REGISTRATION"],
            "RESET_PASSWORD_SERIALIZER_PASSWORD_CONFIRM": True,
            "CHANGE_PASSWORD_SERIALIZER_PASSWORD_CONFIRM": True,
        }
    },
    "silent": {
        "REST_REGISTRATION": {
            **BASE["REST_REGISTRATION"],
            "RESET_PASSWORD_FAIL_WHEN_USER_NOT_FOUND": False,
        }
    },
    "by email": {
        "REST_REGISTRATION": {
            **BASE["REST_REGISTRATION"],
            "USER_LOGIN_FIELDS": ["email"],
            "SEND_RESET_PASSWORD_LINK_SERIALIZER_USE_EMAIL": True,
        }
    },
    "one-time": {
        "REST_REGISTRATION": {
            **BASE["REST_REGISTRATION"],
            "RESET_PASSWORD_VERIFICATION_ONE_TIME_USE": True,
        }
    },
    "revealing": {"DJANGO_REST_PASSWORDRESET_NO_INFORMATION_LEAKAGE": False},
    "details": {"DJANGO_REST_PASSWORDRESET_USER_DETAILS_ON_VALIDATION": True},
    "default throttle": {"DJANGO_REST_PASSWORDRESET_THROTTLE_CLASSES": None},
    "old password optional": {"REST_AUTH": {}},
}
VALIDATORS = ["UserAttributeSimilarity", "MinimumLength", "CommonPassword", "NumericPassword"]

settings.configure(
    SECRET_KEY="of a throw-away application",
    ALLOWED_HOSTS=["*"],
    USE_TZ=True,
    ROOT_URLCONF=__name__,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "rest_framework",
        "rest_framework.authtoken",
        "rest_registration",
        "django_rest_passwordreset",
        "dj_rest_auth",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    AUTH_PASSWORD_VALIDATORS=[
        {"NAME": f"django.contrib.auth.password_validation.{name}Validator"}
        for name in VALIDATORS
    ],
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    # The rest of the address is in libpq's own variables.
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["PGDATABASE"],
        }
    },
    **BASE,
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.contrib.auth.tokens import default_token_generator  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.utils.encoding import force_bytes  # noqa: E402
from django.utils.http import urlsafe_base64_encode  # noqa: E402
from django_rest_passwordreset.models import ResetPasswordToken  # noqa: E402
from dj_rest_auth.app_settings import api_settings  # noqa: E402
from rest_registration.signers.reset_password import ResetPasswordSigner  # noqa: E402

urlpatterns = [
    path("api/v1/accounts/", include("rest_registration.api.urls")),
    path("api/password_reset/", include("django_rest_passwordreset.urls")),
    path("api/auth/", include("dj_rest_auth.urls")),
    path("reset/<uidb64>/<token>/", lambda *_: HttpResponse(), name="password_reset_confirm"),
]

OLD_PASSWORD = "an old password"
DAYS = {"expired": 30}


def tampered(text):
    return ("A" if text[0] != "A" else "B") + text[1:]


def link_values(user, age):
    """What a frontend takes out of a mail of that age in days, by each package."""
    then = int(time.time()) - age * 86_400
    signed = ResetPasswordSigner({"user_id": user.pk, "timestamp": then}).get_signed_data()
    row = ResetPasswordToken.objects.create(user=user)
    ResetPasswordToken.objects.filter(pk=row.pk).update(
        created_at=timezone.now() - timedelta(days=age)
    )
    at = datetime.now() - timedelta(days=age)
    token = default_token_generator._make_token_with_timestamp(
        user,
        default_token_generator._num_seconds(at),
        default_token_generator.secret,
    )
    return {
        "user_id": str(user.pk),
        "timestamp": str(then),
        "signature": signed["signature"],
        "key": row.key,
        "uid": urlsafe_base64_encode(force_bytes(user.pk)),
        "token": token,
    }


def spend(user, situation):
    """Does to the user what the situation says has happened since."""
    if situation == "used":
        user.set_password("set by the link")
        ResetPasswordToken.objects.filter(user=user).delete()
    elif situation == "moved":
        user.email = f"moved.{user.email}"
    elif situation == "signed in since":
        user.last_login = timezone.now()
    elif situation == "disabled":
        user.is_active = False
    user.save()


def fill(body, values):
    if isinstance(body, dict):
        return {name: fill(value, values) for name, value in body.items()}
    if isinstance(body, str):
        for name, value in values.items():
            body = body.replace(f"${name}$", value)
    return body


def answer(number, request):
    cache.clear()
    # In letters, so that a password of digits does not resemble them.
    name = "".join("abcdefghij"[int(digit)] for digit in str(number))
    user = User.objects.create_user(f"somebody-{name}", f"somebody-{name}@example.com", OLD_PASSWORD)
    other = User.objects.create_user(f"another-{name}", f"another-{name}@example.com", "x")
    situation = request.get("situation")
    values = {"username": user.username, "email": user.email, "old_password": OLD_PASSWORD}
    if situation:
        values |= link_values(user, DAYS.get(situation, 0))
        values |= {"other_id": str(other.pk), "other_uid": link_values(other, 0)["uid"]}
        values |= {f"tampered_{name}": tampered(values[name]) for name in ("signature", "key", "token")}
        spend(user, situation)
    client = Client(raise_request_exception=False)
    if request.get("signedIn"):
        client.force_login(user)
    body = fill(request["body"], values)
    raw = body if isinstance(body, str) else json.dumps(body)
    for _ in range(request.get("times", 1)):
        reply = client.generic(
            request["method"], request["path"], raw, content_type=request["type"]
        )
    try:
        content = json.loads(reply.content) if reply.content else None
    except ValueError:
        content = "HTML"
    if request["method"] == "OPTIONS":
        # Metadata, of which Rekey has none.
        content = "metadata"
    return {"status": reply.status_code, "body": content}


call_command("migrate", verbosity=0)
replies = {}
for number, request in enumerate(json.load(sys.stdin)):
    chosen = SETTINGS.get(request.get("setting"), {})
    with override_settings(**chosen):
        if request.get("setting") == "default throttle":
            del settings.DJANGO_REST_PASSWORDRESET_THROTTLE_CLASSES
        # The package reads its settings once.
        api_settings.OLD_PASSWORD_FIELD_ENABLED = settings.REST_AUTH.get(
            "OLD_PASSWORD_FIELD_ENABLED", False
        )
        replies[request["name"]] = answer(number, request)
versions = {name: str(value) for name, value in {
    "Django": django.get_version(),
    "Django REST framework": rest_framework.VERSION,
    "django-rest-registration": rest_registration.__version__,
    "dj-rest-auth": dj_rest_auth_version,
}.items()}
json.dump({"versions": versions, "replies": replies}, sys.stdout)
