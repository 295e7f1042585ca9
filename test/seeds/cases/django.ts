// Django's own suites, as far as they are about reset and change.

import type { SeedSuite } from '../case.ts'
import { changeCases } from './django-change.ts'
import { formCases } from './django-forms.ts'
import { tokenCases } from './django-tokens.ts'
import { validatorCases } from './django-validators.ts'
import { viewCases } from './django-views.ts'

const help =
  'HTML that Python makes for a form; password-rules is data, which a page puts into words'

export const django: SeedSuite = {
  system: 'Django',
  cases: [...tokenCases, ...viewCases, ...changeCases, ...formCases, ...validatorCases],
  withoutWire: [
    {
      name: 'PasswordResetFormTest.test_custom_email_constructor',
      why: 'replaces a method of the form to send a mail of its own, with bcc',
    },
    {
      name: 'SetPasswordFormTest.test_help_text_translation',
      why: 'French texts beside the fields of a form; password-rules has no texts to translate',
    },
    {
      name: 'PasswordChangeFormTest.test_html_autocomplete_attributes',
      why: 'the fields of a form for a change, which only a host application has',
    },
    {
      name: 'AdminPasswordChangeFormTest.test_html_autocomplete_attributes',
      why: "the fields of a form in Django's admin",
    },
    { name: 'test_password_validators_help_text_html', why: help },
    { name: 'test_password_validators_help_text_html_escaping', why: help },
    { name: 'test_empty_password_validator_help_text_html', why: help },
    {
      name: 'MinimumLengthValidatorTest.test_l10n',
      why: 'asserts how a translation function is called',
    },
  ],
}
