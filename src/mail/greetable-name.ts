// Which display names a mail may greet by: whoever signs up with the address of somebody else chooses
// what that person reads here.

const MAX_CODE_POINTS = 64

/** Of what is shown as one character, which no layout can break: wider ones leave a phone's screen. */
const MAX_CLUSTER_LENGTH = 15
/** Made for the first name that could have one: making it takes longer than a whole mail. */
let clusters: Intl.Segmenter | undefined

/** Cleans a name, or gives an empty text for one that no greeting may carry. */
export function greetableName(raw: string): string {
  const name = raw
    .slice(0, 1000)
    .replace(/\s+/g, ' ')
    // The two joiners are format characters too, and belong to Persian and Indic names.
    .replace(/[[\p{Cc}\p{Cf}\p{Cs}\p{Co}]--[\u200c\u200d]]/gv, '')
    .trim()
  // As a mail client may see it that looks for links, numbers to call and shares to open.
  const plain = name.replace(/\p{Default_Ignorable_Code_Point}/gu, '').normalize('NFKC')
  const looksLikeAddress =
    /[:/\\@]|www\.|\S[.。](?:[\p{L}\p{M}]{2}|\p{N})|\p{Ps}\s*[.。]\s*\p{Pe}/iu.test(plain)
  const looksLikeNumber = /(?:\p{N}\P{N}*){5}/u.test(plain)
  if (looksLikeAddress || looksLikeNumber || !/[\p{L}\p{N}]/u.test(plain)) return ''
  const cut = Array.from(name).slice(0, MAX_CODE_POINTS).join('').trim()
  return hasTower(cut) ? '' : cut
}

function hasTower(name: string): boolean {
  if (name.length <= MAX_CLUSTER_LENGTH) return false
  clusters ??= new Intl.Segmenter('en', { granularity: 'grapheme' })
  return [...clusters.segment(name)].some(({ segment }) => segment.length > MAX_CLUSTER_LENGTH)
}
