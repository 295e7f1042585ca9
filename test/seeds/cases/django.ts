// Django's own suites, as far as they are about reset and change.

import { type CaseWithoutWire, type SeedSuite, withoutWire } from '../case.ts'
import { changeCases } from './django-change.ts'
import { confirmCases } from './django-confirm.ts'
import { formCases } from './django-forms.ts'
import { templateCases } from './django-templates.ts'
import { tokenCases } from './django-tokens.ts'
import { validatorCases } from './django-validators.ts'
import { viewCases } from './django-views.ts'

const at = (file: string, inClass: string, why: string, names: readonly string[]) =>
  withoutWire(`tests/auth_tests/${file}`, why, names, inClass)

const ADMIN = "Django's admin, in which staff set the passwords of others; Rekey has none"
const SESSION = "a session of Django's, which Rekey neither makes nor renews"
const COMMAND = 'a command that sets a password at a terminal; `rekey link` mails a link instead'
const HELP =
  'HTML that Python makes for a form; password-rules is data, which a page puts into words'
const NO_PAGE = 'a page around a change, which only a host application has'

const wireless: readonly CaseWithoutWire[] = [
  ...at(
    'test_views.py',
    'CustomUserCompositePrimaryKeyPasswordResetTest',
    'a key of two columns; USERS_ID_COLUMN is one',
    ['test_confirm_valid_custom_user'],
  ),
  ...at('test_views.py', 'ChangePasswordTest', NO_PAGE, ['test_password_change_done_fails']),
  ...at('test_views.py', 'SessionAuthenticationTests', SESSION, [
    'test_user_password_change_updates_session',
  ]),
  ...at('test_views.py', 'LoginTest', SESSION, [
    'test_session_key_flushed_on_login_after_password_change',
  ]),
  ...at('test_views.py', 'ChangelistTests', ADMIN, [
    'test_user_with_usable_password_change_password',
    'test_user_with_unusable_password_change_password',
    'test_user_change_different_user_password',
    'test_password_change_bad_url',
    'test_user_change_password_passes_user_to_has_change_permission',
    'test_view_user_password_is_readonly',
  ]),
  ...at('test_views.py', 'UUIDUserTests', ADMIN, ['test_admin_password_change']),
  ...at(
    'test_forms.py',
    'PasswordResetFormTest',
    'replaces a method of the form to send a mail of its own, with bcc',
    ['test_custom_email_constructor'],
  ),
  ...at(
    'test_forms.py',
    'PasswordResetFormTest',
    'asserts how Django stores the address of a user whom it makes; Rekey makes none',
    ['test_preserve_username_case'],
  ),
  ...at(
    'test_forms.py',
    'SetPasswordFormTest',
    'French texts beside the fields of a form; password-rules has no texts to translate',
    ['test_help_text_translation'],
  ),
  ...at('test_forms.py', 'PasswordChangeFormTest', NO_PAGE, ['test_html_autocomplete_attributes']),
  ...at('test_forms.py', 'AdminPasswordChangeFormTest', ADMIN, [
    'test_success',
    'test_validates_password',
    'test_password_whitespace_not_stripped',
    'test_password_extra_validations',
    'test_non_matching_passwords',
    'test_missing_passwords',
    'test_one_password',
    'test_html_autocomplete_attributes',
    'test_enable_password_authentication',
    'test_disable_password_authentication',
  ]),
  ...at('test_forms.py', 'UserChangeFormTest', ADMIN, [
    'test_link_to_password_reset_in_user_change_form',
  ]),
  ...at('test_forms.py', 'SensitiveVariablesTest', ADMIN, [
    'test_passwords_marked_as_sensitive_in_admin_forms',
  ]),
  ...at('test_validators.py', 'PasswordValidationTest', HELP, [
    'test_password_validators_help_text_html',
    'test_password_validators_help_text_html_escaping',
    'test_empty_password_validator_help_text_html',
  ]),
  ...at(
    'test_validators.py',
    'MinimumLengthValidatorTest',
    'asserts how a translation function is called',
    ['test_l10n'],
  ),
  ...at(
    'test_validators.py',
    'UserAttributeSimilarityValidatorTest',
    "a text of the test that names no attribute; own texts are the frontend's, which has the code",
    ['test_custom_error_verbose_name_not_used'],
  ),
  ...at('test_templates.py', 'AuthTemplateTests', NO_PAGE, [
    'test_password_reset_change_view',
    'test_password_change_done_view',
  ]),
  ...at('test_management.py', 'ChangepasswordManagementCommandTestCase', COMMAND, [
    'test_get_pass',
    'test_get_pass_no_input',
    'test_system_username',
    'test_nonexistent_username',
    'test_that_changepassword_command_changes_joes_password',
    'test_that_max_tries_exits_1',
    'test_password_validation',
    'test_that_changepassword_command_works_with_nonascii_output',
  ]),
  ...at('test_management.py', 'MultiDBChangepasswordManagementCommandTestCase', COMMAND, [
    'test_that_changepassword_command_with_database_option_uses_given_db',
  ]),
  ...at(
    'test_middleware.py',
    'TestAuthenticationMiddleware',
    `${SESSION}; test/interop/logins.ts asks Django itself whether it ends`,
    [
      'test_no_password_change_doesnt_invalidate_session',
      'test_changed_password_invalidates_session',
    ],
  ),
]

export const django: SeedSuite = {
  system: 'Django',
  version: '5.2.17',
  cases: [
    ...tokenCases,
    ...viewCases,
    ...confirmCases,
    ...changeCases,
    ...formCases,
    ...validatorCases,
    ...templateCases,
  ],
  withoutWire: wireless,
}
