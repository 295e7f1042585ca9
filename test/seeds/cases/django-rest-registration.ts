// The suite of django-rest-registration, as far as it is about reset and change.

import type { SeedSuite } from '../case.ts'
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
const why = 'a function that makes text of HTML; the parts of a mail are a template each'

export const djangoRestRegistration: SeedSuite = {
  system: 'django-rest-registration',
  cases: [
    ...sendLinkCases,
    ...resetCases,
    ...changeCases,
    ...signerCases,
    ...errorCases,
    ...settingCases,
  ],
  withoutWire: [
    ...htmlToText.map((id) => ({ name: `test_convert_html_to_text_succeeds [${id}]`, why })),
    { name: 'test_convert_html_to_text_fails [invalid declaration]', why },
  ],
}
