"""Does jobs with Python's bcrypt: JSON in, JSON out, as frameworks.ts describes."""

import json
import sys

import bcrypt


def do(job):
    password = job["password"].encode()
    if job["do"] == "hash":
        salt = bcrypt.gensalt(**job.get("parameters", {}))
        return bcrypt.hashpw(password, salt).decode()
    return bcrypt.checkpw(password, job["hash"].encode())


answers = [do(job) for job in json.load(sys.stdin)]
json.dump({"version": bcrypt.__version__, "formats": ["bcrypt"], "answers": answers}, sys.stdout)
