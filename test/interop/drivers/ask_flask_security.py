"""Does jobs with Flask-Security's own functions, as it is by default: JSON in, JSON out, as
frameworks.ts describes."""

import json
import sys
from importlib import metadata

from flask import Flask
from flask_security import Security, UserDatastore, UserMixin, hash_password, verify_password


class User(UserMixin):
    fs_uniquifier = None


app = Flask("a throw-away application")
app.config["SECRET_KEY"] = "of a throw-away application"
app.config["SECURITY_PASSWORD_SALT"] = "146585145368132386173505678016728509634"
# Passwords need no table; it wants a place for users all the same.
Security(app, UserDatastore(User, None))


def do(job):
    if job["do"] == "hash":
        return hash_password(job["password"])
    return verify_password(job["password"], job["hash"])


with app.app_context():
    answers = [do(job) for job in json.load(sys.stdin)]
version = metadata.version("Flask-Security-Too")
json.dump({"version": version, "formats": ["bcrypt"], "answers": answers}, sys.stdout)
