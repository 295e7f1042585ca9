// Turns what the schema validator says of a body into the field messages of Django REST framework.

import type { FastifyRequest, FastifySchemaValidationError } from 'fastify'
import type { FieldFault } from '../errors.ts'

/** @returns the fault of each field, in the order in which the schema declares them */
export function toFaults(
  errors: readonly FastifySchemaValidationError[],
  request: FastifyRequest,
): FieldFault[] {
  // Keywords for objects hold of anything else as well, and would add noise.
  if (errors.some(({ instancePath, keyword }) => instancePath === '' && keyword === 'type')) {
    const detail = 'Invalid data. Expected a dictionary.'
    return [{ field: 'non_field_errors', code: 'invalid', detail }]
  }
  const faults = new Map<string, FieldFault>()
  for (const error of errors) {
    const fault = toFault(error, request.body)
    if (fault && !faults.has(fault.field)) faults.set(fault.field, fault)
  }
  const schema = request.routeOptions.schema?.body as { properties?: object } | undefined
  const declared = Object.keys(schema?.properties ?? {})
  return [...faults.values()].sort((a, b) => declared.indexOf(a.field) - declared.indexOf(b.field))
}

function toFault(error: FastifySchemaValidationError, body: unknown): FieldFault | undefined {
  const { keyword, params } = error
  if (keyword === 'required') return requiredFault(String(params['missingProperty']))
  if (keyword === 'not') {
    const detail = 'Send either token or user_id, timestamp and signature.'
    return { field: 'non_field_errors', code: 'invalid', detail }
  }
  // Says only that a branch of the schema failed; the branch's own errors are there too.
  if (keyword === 'if') return undefined
  const field = error.instancePath.slice(1)
  if (keyword === 'minLength') {
    return { field, code: 'blank', detail: 'This field may not be blank.' }
  }
  if ((body as Readonly<Record<string, unknown>>)[field] === null) {
    return { field, code: 'null', detail: 'This field may not be null.' }
  }
  const detail = field === 'timestamp' ? 'A valid integer is required.' : 'Not a valid string.'
  return { field, code: 'invalid', detail }
}

/** The fault of a field that must be sent. */
export function requiredFault(field: string): FieldFault {
  return { field, code: 'required', detail: 'This field is required.' }
}
