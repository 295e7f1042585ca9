"""Lists the cases of the test suites that test/seeds re-creates, as far as they are about reset and
change, from checkouts of their repositories: by reading their files, or, where cases have parameters, by
collecting them with pytest.

    python3 list_cases.py DJANGO_REST_REGISTRATION DJANGO_REST_PASSWORDRESET DJ_REST_AUTH DJANGO > cases.json

Django REST framework and pytest-django have to be on PYTHONPATH, and Django."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

registration, passwordreset, auth, django = (Path(path).resolve() for path in sys.argv[1:])

REGISTRATION = re.compile(
    "|".join(
        [
            r"^tests/unit_tests/api/views/test_change_password\.py",
            r"^tests/unit_tests/api/views/reset_password/",
            r"^tests/unit_tests/contrib/verification_redirects/test_reset_password\.py",
            r"^tests/unit_tests/signers/test_reset_password\.py",
            r"^tests/unit_tests/test_exceptions\.py",
            r"^tests/unit_tests/utils/test_(?:email|html|signers|validation)\.py",
            r"^rest_registration/utils/email\.py",
            # Of the checks, those of reset links, of what names a user, and of whole configurations. The
            # second of the templates is named after e-mail addresses, but breaks those of reset links.
            r"^tests/unit_tests/test_checks\.py::test_(?:"
            r"checks_preferred_setup_missing_sender_email"
            r"|checks_one_verification_url_missing_sender_email"
            r"|checks_invalid_register_email_verification_email_templates_config"
            r"|checks_invalid_reset_password_verification_email_templates_config"
            r"|(?:fail|ok)_when_(?:default|minimal_setup|no_templates_\w+|preferred_setup)$"
            r"|\w*(?:non_unique|unique_login_field)\w*)",
        ]
    )
)
# Whole classes, or single cases.
DJANGO = {
    "test_tokens.py": ["TokenGeneratorTest"],
    "test_views.py": [
        "AuthViewNamedURLTests",
        "PasswordResetTest",
        "CustomUserPasswordResetTest",
        "CustomUserCompositePrimaryKeyPasswordResetTest",
        "UUIDUserPasswordResetTest",
        "ChangePasswordTest",
        "SessionAuthenticationTests",
        "LoginTest::test_session_key_flushed_on_login_after_password_change",
        "ChangelistTests::test_user_with_usable_password_change_password",
        "ChangelistTests::test_user_with_unusable_password_change_password",
        "ChangelistTests::test_user_change_different_user_password",
        "ChangelistTests::test_password_change_bad_url",
        "ChangelistTests::test_user_change_password_passes_user_to_has_change_permission",
        "ChangelistTests::test_view_user_password_is_readonly",
        "UUIDUserTests",
    ],
    "test_forms.py": [
        "SetPasswordFormTest",
        "PasswordChangeFormTest",
        "PasswordResetFormTest",
        "AdminPasswordChangeFormTest",
        "UserChangeFormTest::test_link_to_password_reset_in_user_change_form",
        "SensitiveVariablesTest",
    ],
    "test_validators.py": [
        "PasswordValidationTest",
        "MinimumLengthValidatorTest",
        "UserAttributeSimilarityValidatorTest",
        "CommonPasswordValidatorTest",
        "NumericPasswordValidatorTest",
    ],
    "test_templates.py": ["AuthTemplateTests"],
    "test_management.py": [
        "ChangepasswordManagementCommandTestCase",
        "MultiDBChangepasswordManagementCommandTestCase",
    ],
    "test_middleware.py": [
        "TestAuthenticationMiddleware::test_no_password_change_doesnt_invalidate_session",
        "TestAuthenticationMiddleware::test_changed_password_invalidates_session",
    ],
}
# What a case of dj-rest-auth posts to, or is about, when it is about reset or change.
AUTH = re.compile(r"password_change_url|password_reset|PasswordChangeSerializer")


def collected(root):
    """The cases that pytest finds, parameters included."""
    listing = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": f"{root}:{os.environ.get('PYTHONPATH', '')}"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [line.split("::", 1) for line in listing.splitlines() if "::" in line]


def read(root, pattern):
    """The cases of the unittest classes in files, inherited ones included, and their sources."""
    classes = {}
    for path in sorted(root.glob(pattern)):
        text = path.read_text()
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef):
                classes[(str(path.relative_to(root)), node.name)] = (node, text)

    def cases_of(file, name):
        node, text = classes[(file, name)]
        found = {}
        for base in reversed(node.bases):
            base_name = getattr(base, "id", None)
            # A base of another file, of the same name, comes before one of this file.
            homes = [home for home, known in classes if known == base_name and (home, known) != (file, name)]
            home = file if (file in homes) else next(iter(homes), None)
            if home:
                found |= cases_of(home, base_name)
        for item in node.body:
            if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)) and item.name.startswith("test"):
                found[item.name] = ast.get_source_segment(text, item)
        return found

    return [
        (file, name, case, source)
        for file, name in classes
        for case, source in cases_of(file, name).items()
    ]


def grouped(pairs):
    files = {}
    for file, case in pairs:
        files.setdefault(file, []).append(case)
    return files


def is_about(file, name, case):
    chosen = DJANGO.get(Path(file).name, [])
    return name in chosen or f"{name}::{case}" in chosen


suites = {
    "django-rest-registration": grouped(
        (file, case) for file, case in collected(registration) if REGISTRATION.search(f"{file}::{case}")
    ),
    "django-rest-passwordreset": grouped(
        (file, f"{name}::{case}")
        for file, name, case, _ in read(passwordreset, "tests/**/test_*.py")
    ),
    "dj-rest-auth": grouped(
        (file, f"{name}::{case}")
        for file, name, case, source in read(auth, "dj_rest_auth/tests/test_*.py")
        if AUTH.search(source) or "password_reset" in case
    ),
    "Django": grouped(
        (file, f"{name}::{case}")
        for file, name, case, _ in read(django, "tests/auth_tests/test_*.py")
        if is_about(file, name, case)
    ),
}
json.dump(suites, sys.stdout, indent=2)
print()
