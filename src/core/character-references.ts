// Spells URLs so that no mail program reads one of HTML's character references in them, as many do in
// addresses too: `&region=eu` becomes `®ion=eu`.

/** The names that need no semicolon: HTML standard, section 13.5, as of 2026. No other ever will. */
const NAMES = `
  AElig AMP Aacute Acirc Agrave Aring Atilde Auml COPY Ccedil ETH Eacute Ecirc Egrave Euml GT Iacute
  Icirc Igrave Iuml LT Ntilde Oacute Ocirc Ograve Oslash Otilde Ouml QUOT REG THORN Uacute Ucirc Ugrave
  Uuml Yacute aacute acirc acute aelig agrave amp aring atilde auml brvbar ccedil cedil cent copy curren
  deg divide eacute ecirc egrave eth euml frac12 frac14 frac34 gt iacute icirc iexcl igrave iquest iuml
  laquo lt macr micro middot nbsp not ntilde oacute ocirc ograve ordf ordm oslash otilde ouml para plusmn
  pound quot raquo reg sect shy sup1 sup2 sup3 szlig thorn times uacute ucirc ugrave uml uuml yacute yen
  yuml`
  .trim()
  .split(/\s+/)

/** Whether or not a name is known that ends in a semicolon: none of them should be read. */
const NAMED = new RegExp(`&(?=${NAMES.join('|')}|[A-Za-z][A-Za-z0-9]*;)([A-Za-z])`, 'g')
const BEFORE_PLACEHOLDER = /&([A-Za-z0-9]*)\{/g

/**
 * Percent-encodes the first letter of what could be read as a reference in the query of a URL, which
 * whatever reads a query undoes.
 *
 * @param url a template as well: its values are taken for such as need no `&` and no `;`
 * @throws TypeError where one stands elsewhere, or could be made by a value
 */
export function spellOutReferences(url: string): string {
  const [, path = '', query = '', fragment = ''] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(url) ?? []
  // Routers differ in whether they decode the names in these.
  if ([path, fragment].some((part) => part.search(NAMED) >= 0) || url.includes('&#')) {
    throw new TypeError(
      'has an & outside its query that some mail programs read as an HTML entity, as in &copy or &region: rename what follows it, or put that first',
    )
  }
  const isOpen = [...url.matchAll(BEFORE_PLACEHOLDER)].some(([, begun = '']) =>
    NAMES.some((name) => name.startsWith(begun)),
  )
  if (isOpen) {
    throw new TypeError(
      'has a placeholder behind an & where some mail programs could read an HTML entity: give it a name, such as &t={token}',
    )
  }
  const spelled = query.replace(
    NAMED,
    (_, letter: string) => `&%${letter.charCodeAt(0).toString(16)}`,
  )
  return path + spelled + fragment
}
