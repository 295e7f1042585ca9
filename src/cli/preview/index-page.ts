// The page that shows every sample mail beside the others.

import { escapeHtml } from '../../core/escape-html.ts'
import type { SampleMail } from './sample-mails.ts'

/** What the index of every preview has in it. */
export const PREVIEW_MARK = '<meta name="generator" content="rekey preview">'

/** Where a mail's parts lie, beside the index. */
export function pathsOf({ locale, kind }: SampleMail): {
  readonly html: string
  readonly text: string
} {
  return { html: `${locale}/${kind}.html`, text: `${locale}/${kind}.txt` }
}

/** Renders the index. */
export function renderIndex(mails: readonly SampleMail[]): string {
  const locales = [...new Set(mails.map(({ locale }) => locale))]
  const sections = locales.map((locale) => {
    const articles = mails.filter((mail) => mail.locale === locale).map(renderArticle)
    return `
      <section id="${escapeHtml(locale)}">
        <h2>${escapeHtml(locale)}</h2>
        <div class="mails">${articles.join('')}
        </div>
      </section>`
  })
  const links = locales.map(
    (locale) => `<a href="#${escapeHtml(locale)}">${escapeHtml(locale)}</a>`,
  )
  return renderPage(
    'Messages',
    `<p>Drag the corner of a message to try another width. Reload after a change of a template.</p>
      <nav>${links.join(' ')}</nav>${sections.join('')}`,
  )
}

/** Renders what is wrong instead, until it is mended. */
export function renderFaults(faults: readonly string[]): string {
  const items = faults.map((fault) => `<li>${escapeHtml(fault)}</li>`)
  return renderPage('This does not work yet', `<ul>${items.join('')}</ul>`)
}

function renderArticle(mail: SampleMail): string {
  const paths = pathsOf(mail)
  const subject = escapeHtml(mail.subject)
  const shown = mail.html === '' ? paths.text : paths.html
  return `
          <article>
            <h3 lang="${escapeHtml(mail.locale)}" dir="auto">${subject}</h3>
            <p>${mail.kind}: <a href="${escapeHtml(paths.html)}">HTML</a>, <a href="${escapeHtml(paths.text)}">text</a></p>
            <div class="frame"><iframe src="${escapeHtml(shown)}" title="${subject}" loading="lazy"></iframe></div>
          </article>`
}

function renderPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    ${PREVIEW_MARK}
    <title>${title}</title>
    <style>
      body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem; overflow-wrap: anywhere }
      h3 { margin: 0; font-size: 1rem }
      article { width: min-content; min-width: 20rem; max-width: 100% }
      .mails { display: flex; flex-wrap: wrap; gap: 2rem }
      .frame { width: 20rem; height: 44rem; max-width: 100%; overflow: hidden; resize: both; border: 1px solid #8888 }
      iframe { width: 100%; height: 100%; border: 0 }
    </style>
  </head>
  <body>
    <main>
      <h1>${title}</h1>
      ${body}
    </main>
  </body>
</html>
`
}
