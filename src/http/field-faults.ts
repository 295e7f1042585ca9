// Turns what the schema validator says of a body into the field messages of Django REST framework.

import type { FastifyRequest, FastifySchemaValidationError } from 'fastify'
import { judgeCharacters } from '../core/characters.ts'
import type { FieldFault } from '../errors.ts'

type Body = Readonly<Record<string, unknown>>
type Properties = Readonly<Record<string, { readonly format?: string }>>

/** What is said of a value of another kind. */
const INVALID: Readonly<Record<string, string>> = {
  string: 'Not a valid string.',
  integer: 'A valid integer is required.',
  'django-address': 'Enter a valid email address.',
}

/** @returns the faults of each field, in the order in which the schema declares them */
export function toFaults(
  errors: readonly FastifySchemaValidationError[],
  request: FastifyRequest,
): FieldFault[] {
  // Keywords for objects hold of anything else as well, and would add noise.
  if (errors.some(({ instancePath, keyword }) => instancePath === '' && keyword === 'type')) {
    const detail = 'Invalid data. Expected a dictionary.'
    return [{ field: 'non_field_errors', code: 'invalid', detail }]
  }
  const schema = request.routeOptions.schema?.body as { properties?: Properties } | undefined
  const properties = schema?.properties ?? {}
  const declared = Object.keys(properties)
  return errors
    .flatMap((error) => toFieldFaults(error, request.body as Body, properties))
    .sort((a, b) => declared.indexOf(a.field) - declared.indexOf(b.field))
}

function toFieldFaults(
  { keyword, params, instancePath }: FastifySchemaValidationError,
  body: Body,
  properties: Properties,
): FieldFault[] {
  // Says only that a branch of the schema failed; the branch's own errors are there too.
  if (keyword === 'if') return []
  if (keyword === 'required') return [requiredFault(String(params['missingProperty']))]
  if (keyword === 'not') {
    const detail = 'Send either token or user_id, timestamp and signature.'
    return [{ field: 'non_field_errors', code: 'invalid', detail }]
  }
  const field = instancePath.slice(1)
  const value = body[field]
  if (keyword === 'pattern') {
    return judgeCharacters(String(value)).map((fault) => ({ field, ...fault }))
  }
  if (keyword === 'minLength') {
    return [{ field, code: 'blank', detail: 'This field may not be blank.' }]
  }
  if (keyword === 'maxLength') {
    const detail = `Ensure this field has no more than ${params['limit']} characters.`
    return [{ field, code: 'max_length', detail }]
  }
  if (value === null) return [{ field, code: 'null', detail: 'This field may not be null.' }]
  const kind = field === 'timestamp' ? 'integer' : (properties[field]?.format ?? 'string')
  return [{ field, code: 'invalid', detail: String(INVALID[kind]) }]
}

/** The fault of a field that must be sent. */
export function requiredFault(field: string): FieldFault {
  return { field, code: 'required', detail: 'This field is required.' }
}
