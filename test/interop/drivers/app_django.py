"""An application on Django, for host-apps.ts: users, sessions in the database, tokens of Django REST
framework. Its tables come from their own migrations."""

import json
import os
import sys

import django
from django.conf import settings

HASHERS = {
    "pbkdf2_sha256": "PBKDF2PasswordHasher",
    "pbkdf2_sha1": "PBKDF2SHA1PasswordHasher",
    "argon2": "Argon2PasswordHasher",
    "bcrypt_sha256": "BCryptSHA256PasswordHasher",
    "bcrypt": "BCryptPasswordHasher",
    "scrypt": "ScryptPasswordHasher",
}

settings.configure(
    SECRET_KEY="of a throw-away application",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django.contrib.sessions",
        "rest_framework",
        "rest_framework.authtoken",
    ],
    # The rest of the address is in libpq's own variables.
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["PGDATABASE"],
        }
    },
)
django.setup()

from django.contrib.auth import authenticate, get_user, hashers, login  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpRequest  # noqa: E402
from django.test.utils import override_settings  # noqa: E402
from rest_framework.authentication import TokenAuthentication  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402
from rest_framework.exceptions import AuthenticationFailed  # noqa: E402

known = {name: cls for name, cls in HASHERS.items() if hasattr(hashers, cls)}


def sign_up(email, password):
    name = email.split("@")[0]
    user = User.objects.create_user(name, email, password)
    return user.password.split("$")[0]


def sign_in(email, password):
    name = email.split("@")[0]
    user = authenticate(None, username=name, password=password)
    if user is None:
        return None
    request = HttpRequest()
    request.session = SessionStore()
    login(request, user)
    request.session.save()
    token, _ = Token.objects.get_or_create(user=user)
    return {"session": request.session.session_key, "token": token.key}


def is_session(key):
    request = HttpRequest()
    request.session = SessionStore(key)
    return get_user(request).is_authenticated


def is_token(key):
    try:
        return TokenAuthentication().authenticate_credentials(key)[0].is_authenticated
    except AuthenticationFailed:
        return False


def do(step):
    if step["do"] == "sign-up":
        return sign_up(step["email"], step["password"])
    if step["do"] == "sign-in":
        return sign_in(step["email"], step["password"])
    proofs = step["proofs"]
    return {"session": is_session(proofs["session"]), "token": is_token(proofs["token"])}


def answer(step):
    # The first one is what Django writes; it would hash anew at a sign-in by another.
    first = known[step["variant"]]
    order = [first] + [cls for cls in known.values() if cls != first]
    with override_settings(PASSWORD_HASHERS=[f"django.contrib.auth.hashers.{cls}" for cls in order]):
        return do(step)


call_command("migrate", verbosity=0)
print(json.dumps({"version": django.get_version(), "variants": list(known)}), flush=True)
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
