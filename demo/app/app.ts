// Signs in at the demo's application and says how it went.

const form = document.querySelector('form')
const outcome = document.querySelector('#outcome')
const accounts = document.querySelector('#accounts')
if (!form || !outcome || !accounts) throw new TypeError('index.html lacks a part that app.ts needs')

const names: string[] = await (await fetch('/accounts')).json()
accounts.textContent = names.join(' and ')

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const reply = await fetch('/sign-in', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(Object.fromEntries(new FormData(form))),
  })
  const { email, detail } = await reply.json()
  outcome.textContent = reply.ok ? `Signed in as ${email}.` : detail
})
