// Reads AFTER_RESET_SQL: one statement, in which `:user_id` stands for the account's id.

const FIRST_WORD = /^(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b/i

// What PostgreSQL reads as one piece, so that nothing in it is a parameter or an end: strings, with
// backslashes where an E stands before, quoted names, dollar-quoted bodies, comments, casts. Block
// comments nest, which a pattern cannot follow: the beginning is found here and the end by counting.
const PIECE =
  /(?<![\w$])[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(?<![\w$])(?<tag>\$(?:[A-Za-z_]\w*)?\$)[\s\S]*?\k<tag>|--[^\n]*|(?<block>\/\*)|::|(?<id>:user_id(?![\w$]))|(?<end>;)|(?<mark>\$\d+)/gsu

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
  PIECE.lastIndex = 0
  for (let match = PIECE.exec(text); match; match = PIECE.exec(text)) {
    const { block, id, end, mark } = match.groups ?? {}
    if (end) throw new TypeError('must be one statement: put several steps into a function')
    if (mark) throw new TypeError('must have :user_id where the id belongs, not $1')
    bare += text.slice(from, match.index)
    if (block) PIECE.lastIndex = endOfBlock(text, match.index)
    else if (!match[0].startsWith('--')) bare += match[0]
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
