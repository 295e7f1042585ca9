"""Does jobs with Werkzeug's own functions: JSON in, JSON out, as frameworks.ts describes."""

import json
import sys
from importlib import metadata

from werkzeug.security import check_password_hash, generate_password_hash

FORMATS = {"werkzeug_scrypt": "scrypt", "werkzeug_pbkdf2": "pbkdf2:sha256"}


def is_known(method):
    try:
        return generate_password_hash("x", method).startswith(method)
    except (TypeError, ValueError):
        return False


def do(job):
    if job["do"] == "hash":
        method = job.get("parameters", {}).get("method", FORMATS[job["format"]])
        return generate_password_hash(job["password"], method)
    return check_password_hash(job["hash"], job["password"])


answers = [do(job) for job in json.load(sys.stdin)]
formats = [name for name, method in FORMATS.items() if is_known(method)]
version = metadata.version("werkzeug")
json.dump({"version": version, "formats": formats, "answers": answers}, sys.stdout)
