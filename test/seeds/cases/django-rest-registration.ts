// The suite of django-rest-registration 0.9.0, as far as it is about reset and change.

import { type SeedSuite, withoutWire } from '../case.ts'
import { changeCases } from './registration-change.ts'
import { errorCases } from './registration-errors.ts'
import { resetCases } from './registration-reset.ts'
import { sendLinkCases } from './registration-send-link.ts'
import { settingCases } from './registration-settings.ts'
import { signerCases } from './registration-signers.ts'

const htmlToText = [
  'entityref and link',
  'entityref and link with query',
  'charref',
  'missing doctype',
  'entityref and url link',
  'newline tag with link',
  'newline tag (slash) with link',
  'paragraphs with link, no urls preserving',
  'paragraphs with link',
  'html head',
  'entityref',
  'charref2',
]
const RESET = 'tests/unit_tests/api/views/reset_password/'
const EXCEPTIONS = 'tests/unit_tests/test_exceptions.py'
const UTILS = 'tests/unit_tests/utils/'
const noSwitch = 'no setting takes the reset away from a service that is there for nothing else'
const noConverter = 'a function that makes text of HTML; the parts of a mail are a template each'

export const djangoRestRegistration: SeedSuite = {
  system: 'django-rest-registration',
  version: '0.9.0',
  cases: [
    ...sendLinkCases,
    ...resetCases,
    ...changeCases,
    ...signerCases,
    ...errorCases,
    ...settingCases,
  ],
  withoutWire: [
    ...withoutWire(`${RESET}test_send_reset_password_link.py`, noSwitch, [
      'test_reset_password_disabled',
      'test_no_templates_reset_password_disabled',
    ]),
    ...withoutWire(`${RESET}test_reset_password.py`, noSwitch, ['test_reset_password_disabled']),
    ...withoutWire(
      EXCEPTIONS,
      'an exception with a text of the test, or without one, which no route of the package raises',
      [
        'test_bad_request_detail[test err-test-err-test err]',
        'test_bad_request_detail[None-None-Bad Request]',
      ],
    ),
    ...withoutWire(
      EXCEPTIONS,
      'a function that flattens errors for the setting that Rekey does not have',
      ['none', 'str_list', 'str', 'str_list_dict', 'str_list_dict2'].map(
        (id) => `test_extract_details[${id}]`,
      ),
    ),
    ...withoutWire(
      `${UTILS}test_validation.py`,
      'no fault that the reset of the package finds belongs to no field',
      ['test_run_validators_fails[mixed]'],
    ),
    ...withoutWire(
      `${UTILS}test_email.py`,
      'the text of a mail is made of its HTML there; here it is a template of its own',
      ['html body template only', 'default html body template'].map(
        (id) => `test_parse_template_config_ok[${id}]`,
      ),
    ),
    ...withoutWire(`${UTILS}test_html.py`, noConverter, [
      ...htmlToText.map((id) => `test_convert_html_to_text_succeeds[${id}]`),
      'test_convert_html_to_text_fails[invalid declaration]',
    ]),
  ],
}
