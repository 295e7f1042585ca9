// Reads AFTER_RESET_SQL: one statement, in which `:user_id` stands for the account's id.

const FIRST_WORD = /^(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b/i

// What PostgreSQL reads as one piece, so that nothing in it is a parameter or an end. Its letters are
// those of ASCII and whatever lies beyond; a line ends at \r too; and a string goes on after a line
// break, where an E before its first part still counts. Block comments nest, which a pattern cannot
// follow: the beginning is found here and the end by counting.
const LETTER = String.raw`A-Za-z_\u{80}-\u{10ffff}`
const GOING_ON = String.raw`[ \t\f\v]*(?:--[^\r\n]*)?[\r\n](?:[ \t\f\v\r\n]|--[^\r\n]*[\r\n])*`
const ESCAPED = String.raw`'(?:[^'\\]|\\.|'')*'`
const PIECE = new RegExp(
  [
    `[eE]${ESCAPED}(?:${GOING_ON}${ESCAPED})*`,
    `'(?:[^']|'')*'`,
    `"(?:[^"]|"")*"`,
    String.raw`(?<tag>\$(?:[${LETTER}][${LETTER}\d]*)?\$).*?\k<tag>`,
    String.raw`(?<line>--[^\r\n]*)`,
    String.raw`(?<block>\/\*)`,
    '::',
    String.raw`(?<id>:user_id(?![${LETTER}\d$]))`,
    '(?<end>;)',
    String.raw`(?<mark>\$\d+)`,
    String.raw`(?<word>[${LETTER}][${LETTER}\d$]*)`,
  ].join('|'),
  'gsu',
)

/**
 * Splits a statement where the id belongs.
 *
 * @returns the texts before, between and after the places of `:user_id`
 * @throws TypeError saying what the statement must be
 */
export function parseAfterResetSql(statement: string): readonly string[] {
  const text = statement.trim().replace(/;$/, '').trimEnd()
  const texts: string[] = []
  let begin = 0
  let bare = ''
  let from = 0
  let lastWord = ''
  PIECE.lastIndex = 0
  for (let match = PIECE.exec(text); match; match = PIECE.exec(text)) {
    const { line, block, id, end, mark, word } = match.groups ?? {}
    if (end) throw new TypeError('must be one statement: put several steps into a function')
    if (mark) throw new TypeError('must have :user_id where the id belongs, not $1')
    if (/^INTO$/i.test(word ?? '') && !/^(?:INSERT|MERGE)$/i.test(lastWord)) {
      throw new TypeError('must not make a table with SELECT ... INTO: use INSERT INTO ... SELECT')
    }
    lastWord = word ?? lastWord
    if (block) PIECE.lastIndex = endOfBlock(text, match.index)
    bare += text.slice(from, match.index) + (line || block ? ' ' : match[0])
    from = PIECE.lastIndex
    if (!id) continue
    texts.push(text.slice(begin, match.index))
    begin = from
  }
  bare += text.slice(from)
  if (!FIRST_WORD.test(bare.trimStart())) {
    throw new TypeError('must be one SELECT, INSERT, UPDATE, DELETE or WITH')
  }
  return [...texts, text.slice(begin)]
}

/** Where the comment ends that begins at `start`, with all comments inside of it. */
function endOfBlock(text: string, start: number): number {
  let depth = 0
  for (const { 0: border, index } of text.slice(start).matchAll(/\/\*|\*\//g)) {
    depth += border === '/*' ? 1 : -1
    if (depth === 0) return start + index + border.length
  }
  throw new TypeError('has a comment without an end')
}
