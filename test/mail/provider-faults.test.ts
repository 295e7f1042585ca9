// Everything that can go wrong between the service and Resend, over TLS: what arrives, what is
// reported, and that nobody who asks can tell.

import { existsSync, readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { makeCertificate } from '../support/certificate.ts'
import { createDatabase } from '../support/database.ts'
import type { ResendBehaviour } from '../support/resend-behaviours.ts'
import { startResend } from '../support/resend-stand-in.ts'
import {
  addUser,
  confide,
  createUsers,
  endProcess,
  linkMailsTo,
  type ServiceProcess,
  type StoredUser,
  type Surroundings,
  startServiceProcess,
} from '../support/service.ts'

const ROUTE = 'send-reset-password-link'

let surroundings: Surroundings
let certificateFile: string
let service: ServiceProcess
