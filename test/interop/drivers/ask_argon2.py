"""Does jobs with argon2-cffi: JSON in, JSON out, as frameworks.ts describes."""

import json
import sys
from importlib import metadata

import argon2

TYPES = {"argon2id": argon2.Type.ID, "argon2i": argon2.Type.I}


def do(job):
    hasher = argon2.PasswordHasher(type=TYPES[job["format"]], **job.get("parameters", {}))
    if job["do"] == "hash":
        return hasher.hash(job["password"])
    try:
        return hasher.verify(job["hash"], job["password"])
    except argon2.exceptions.VerifyMismatchError:
        return False


answers = [do(job) for job in json.load(sys.stdin)]
version = metadata.version("argon2-cffi")
json.dump({"version": version, "formats": list(TYPES), "answers": answers}, sys.stdout)
