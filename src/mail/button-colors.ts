// The colours of a mail's button, readable on the operator's colour in light and in dark (WCAG 2.2).

// What the button lies on in `layout.html.liquid`.
const CARD_LIGHT = '#ffffff'
const CARD_DARK = '#202327'

/**
 * Chooses text and outline for a background.
 *
 * @param background as #rrggbb
 */
export function buttonColors(background: string): Readonly<Record<string, string>> {
  // WCAG 1.4.11: a button that would melt into its card gets an outline.
  const outline = (card: string) => (contrastRatio(background, card) >= 3 ? background : '#808690')
  return {
    background,
    ink:
      contrastRatio(background, '#ffffff') >= contrastRatio(background, '#000000')
        ? '#ffffff'
        : '#000000',
    border: outline(CARD_LIGHT),
    border_dark: outline(CARD_DARK),
  }
}

function contrastRatio(one: string, other: string): number {
  const [a, b] = [luminance(one), luminance(other)]
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
