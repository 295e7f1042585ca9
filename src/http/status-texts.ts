// The reason phrases of the statuses that Rekey answers with, as Node spells them.
//
// Node has them too, but to import anything of node:http by name loads all that it exports, fetch and
// WebSocket included: time and memory that the start of the process need not spend.

export const statusTexts = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  417: 'Expectation Failed',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
} as const
