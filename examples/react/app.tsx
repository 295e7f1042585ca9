// A page without a router: asks for a link, sets a new password by one, and changes a password.
//
//   npx esbuild examples/react/app.tsx --bundle --minify --format=esm --outdir=public \
//     --alias:rekey/client=./src/page/client.ts

import { type ReactNode, useActionState, useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { createClient, type Failure, type Link, type Result, takeLink } from 'rekey/client'

// Before anything else, so that nothing else sees it. It is kept in memory only.
const link = takeLink(location, history)

if (document.readyState === 'loading') {
  await new Promise((resolve) => {
    document.addEventListener('DOMContentLoaded', resolve, { once: true })
  })
}

const api = document.querySelector<HTMLMetaElement>('meta[name=rekey-api]')
const client = createClient({ baseUrl: api?.content ?? '' })

/** The JWT that your application gave at sign-in, from wherever you keep it. */
const accessToken = () => sessionStorage.getItem('access_token') ?? ''

function explain({ code, detail, fieldErrors, retryAfterSeconds }: Failure): string {
  switch (code) {
    case 'link_expired':
      return 'This link has expired. Ask for a new one.'
    case 'link_superseded':
      return 'This link no longer works: it was used, or your account has changed. Ask for a new one.'
    case 'link_invalid':
      return 'This link is not complete. Copy the whole link from the mail, or ask for a new one.'
    case 'not_authenticated':
      return 'Please sign in again.'
    case 'throttled':
    case 'unavailable':
      return `Please try again in ${retryAfterSeconds ?? 60} seconds.`
    case 'network':
      return 'No answer came back. Check your connection, then send it again.'
    default:
      return fieldErrors.length > 0 ? 'Nothing was changed: see below.' : detail
  }
}

interface FieldProps {
  readonly name: string
  readonly label: string
  readonly type: string
  readonly autoComplete: string
  readonly result: Result<unknown> | undefined
}

/** A field with what the service says of it. */
function Field({ name, label, result, ...input }: FieldProps) {
  const faults = result?.ok === false ? result.fieldErrors : []
  const details = faults.filter(({ field }) => field === name).map(({ detail }) => detail)
  return (
    <p>
      <label htmlFor={name}>{label}</label>{' '}
      <input
        id={name}
        name={name}
        {...input}
        aria-invalid={details.length > 0}
        aria-describedby={`${name}-error`}
      />{' '}
      <span id={`${name}-error`}>{details.join(' ')}</span>
    </p>
  )
}

interface CallFormProps {
  readonly heading: string
  readonly button: string
  readonly done: string
  readonly send: (text: (name: string) => string) => Promise<Result<unknown>>
  readonly children: (result: Result<unknown> | undefined) => ReactNode
}

/** A form that makes one call, and says what came of it. */
function CallForm({ heading, button, done, send, children }: CallFormProps) {
  const [result, submit, isSending] = useActionState<Result<unknown> | undefined, FormData>(
    (_, data) => send((name) => String(data.get(name) ?? '')),
    undefined,
  )
  return (
    <section>
      <h1>{heading}</h1>
      <p role="status">{result?.ok ? done : ''}</p>
      <p role="alert">{result && !result.ok ? explain(result) : ''}</p>
      {!result?.ok && (
        <form action={submit}>
          {children(result)}
          <button type="submit" aria-disabled={isSending}>
            {button}
          </button>
        </form>
      )}
    </section>
  )
}

function RequestForm() {
  return (
    <CallForm
      heading="Forgot your password?"
      button="Mail me a link"
      done="If there is such an account, a mail with a link is on its way."
      send={(text) => client.requestLink({ email: text('email') })}
    >
      {(result) => (
        <Field
          name="email"
          label="Email address"
          type="email"
          autoComplete="email"
          result={result}
        />
      )}
    </CallForm>
  )
}

function NewPasswordFields({ result }: Pick<FieldProps, 'result'>) {
  const field = { type: 'password', autoComplete: 'new-password', result }
  return (
    <>
      <Field name="password" label="New password" {...field} />
      <Field name="password_confirm" label="New password again" {...field} />
    </>
  )
}

function ResetForm({ link }: { link: Link }) {
  return (
    <CallForm
      heading="Choose a new password"
      button="Set new password"
      done="Your password is changed. You can sign in now."
      send={(text) => client.resetPassword(link, text('password'), text('password_confirm'))}
    >
      {(result) => <NewPasswordFields result={result} />}
    </CallForm>
  )
}

function ChangeForm() {
  return (
    <CallForm
      heading="Change your password"
      button="Change password"
      done="Your password is changed."
      send={(text) =>
        client.changePassword(
          accessToken(),
          text('old_password'),
          text('password'),
          text('password_confirm'),
        )
      }
    >
      {(result) => (
        <>
          <Field
            name="old_password"
            label="Old password"
            type="password"
            autoComplete="current-password"
            result={result}
          />
          <NewPasswordFields result={result} />
        </>
      )}
    </CallForm>
  )
}

/** Whoever comes by a link hears what is wrong with it before typing anything. */
function ResetPage({ link }: { link: Link }) {
  const [check, setCheck] = useState<Result<unknown>>()
  useEffect(() => {
    const leaving = new AbortController()
    void client.checkLink(link, { signal: leaving.signal }).then((result) => {
      if (!leaving.signal.aborted) setCheck(result)
    })
    return () => leaving.abort()
  }, [link])
  if (!check) return <p role="status">Checking your link…</p>
  if (check.ok) return <ResetForm link={link} />
  return (
    <>
      <p role="alert">{explain(check)}</p>
      <RequestForm />
    </>
  )
}

function HomePage() {
  return (
    <>
      <RequestForm />
      {accessToken() && <ChangeForm />}
    </>
  )
}

const root = document.querySelector('#app')
if (!root) throw new TypeError('index.html has no element #app')
createRoot(root).render(link ? <ResetPage link={link} /> : <HomePage />)
