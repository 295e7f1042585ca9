// The contract's list of deliberate differences from the systems that Rekey descends from, word for word:
// each other difference is a fault.

export const differences = [
  "Tokens and uids are Rekey's",
  'a uid that disagrees with the id in the token is a token error',
  'JSON only (dialects also take `application/x-www-form-urlencoded` from no origin or an allowed one)',
  'passwords are never trimmed',
  'links are single use',
  'the order of checks of 2.2, so unknown and forged look alike',
  'strength is judged after the link',
  'a timestamp that is no integer is an invalid signature',
  'several rows with one address never fail',
  'password/change always wants the old password',
  'no user details from validate_token',
  'a mail failure never shows',
  'no `non_field_errors: []` beside a field error',
  'no GET or OPTIONS metadata',
  'a reset signs nobody in',
  '`login` is an address first',
  'a `password_confirm` that is sent counts',
  'no setting for the order and similarity of the rules, nor for the key of other errors',
  'error texts never echo the request (method, media type, type of the body, position in the JSON)',
  'a missing sign-in is 401, never 403',
  "limits have Rekey's own defaults",
  'wrong JSON types are refused, never coerced',
  '`email` without @, `email` and `login` together, and control characters in them are refused',
  'passwords have a maximum',
  'one mail per account and bucket',
  'login columns match exactly, letter case included',
  'hooks run after the password rules',
  "native routes speak django-rest-registration's texts, also for cases of Django's own forms",
] as const

export type Difference = (typeof differences)[number]
