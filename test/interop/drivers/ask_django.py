"""Does jobs with Django's own password hashers: JSON in, JSON out, as frameworks.ts describes."""

import json
import sys

import argon2
import django
from django.conf import settings

HASHERS = {
    "django_pbkdf2_sha256": "PBKDF2PasswordHasher",
    "django_pbkdf2_sha1": "PBKDF2SHA1PasswordHasher",
    "django_argon2": "Argon2PasswordHasher",
    "django_bcrypt_sha256": "BCryptSHA256PasswordHasher",
    "django_bcrypt": "BCryptPasswordHasher",
    "django_scrypt": "ScryptPasswordHasher",
}

settings.configure()
from django.contrib.auth import hashers  # noqa: E402

known = {name: cls for name, cls in HASHERS.items() if hasattr(hashers, cls)}
settings.PASSWORD_HASHERS = [f"django.contrib.auth.hashers.{cls}" for cls in known.values()]


def make(job):
    hasher = getattr(hashers, known[job["format"]])()
    parameters = dict(job.get("parameters", {}))
    if parameters.pop("argon2i", False):
        usual = hasher.params()
        usual.type = argon2.low_level.Type.I
        hasher.params = lambda: usual
    for name, value in parameters.items():
        setattr(hasher, name, value)
    return hasher.encode(job["password"], hasher.salt())


def do(job):
    if job["do"] == "hash":
        return make(job)
    return hashers.check_password(job["password"], job["hash"])


answers = [do(job) for job in json.load(sys.stdin)]
json.dump({"version": django.__version__, "formats": list(known), "answers": answers}, sys.stdout)
