// Passwords that tell formats apart: each is one that some careless host would change.

export const passwords = {
  plain: 'correct horse battery staple',
  blanks: '  kept at   both edges  ',
  decomposed: 'Ame\u0301lie a\u0300 l\u2019e\u0301cole',
  compatible: 'ﬁne Ａｎｇｓｔｒöｍ Å ①②③',
  emoji: '🦊🐢🦉 👨‍👩‍👧‍👦 🏴‍☠️',
} as const

/** The longest that Rekey takes by default: 128 code points of four bytes each. */
export const longest = '𝒶𝒷𝒸𝒹'.repeat(32)

/** The longest that bcrypt takes, with a character that ends at its last byte. */
export const longestForBcrypt = `${'b'.repeat(70)}é`
