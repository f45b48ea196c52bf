// Terminal colours (ECMA-48 SGR) -> stretches of text with class names. The sixteen colours of a terminal, bold, dim,
// italic and underlined; colours of the larger palettes become the nearest of the sixteen. Any other control sequence
// is left out. Pure, in time linear in the text.

export interface Stretch {
  text: string
  /** Class names with spaces between; '' for plain text. */
  look: string
}

interface Style {
  colour: number | null
  background: number | null
  bold: boolean
  dim: boolean
  italic: boolean
  underline: boolean
}

const PLAIN: Style = {
  colour: null,
  background: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is control sequences that are meant
const CSI = /\x1b\[([0-?]*)[ -/]*([@-~])/g
/** What else cannot be shown; tab and line feed can. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is control characters that are meant
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f]/g

export function readAnsi(text: string): Stretch[] {
  const stretches: Stretch[] = []
  let style = PLAIN
  let from = 0
  const add = (to: number) => {
    const shown = text.slice(from, to).replace(CONTROLS, '')
    if (shown !== '') stretches.push({ text: shown, look: classes(style) })
  }
  if (text.includes('\x1b')) {
    for (const match of text.matchAll(CSI)) {
      add(match.index)
      from = match.index + match[0].length
      if (match[2] === 'm') style = apply(style, match[1] as string)
    }
  }
  add(text.length)
  return stretches
}

function apply(before: Style, parameters: string): Style {
  const style = { ...before }
  const codes = parameters.split(/[;:]/).map((code) => Number(code || 0))
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] as number
    if (code === 0) Object.assign(style, PLAIN)
    else if (code === 1) style.bold = true
    else if (code === 2) style.dim = true
    else if (code === 3) style.italic = true
    else if (code === 4) style.underline = true
    else if (code === 22) Object.assign(style, { bold: false, dim: false })
    else if (code === 23) style.italic = false
    else if (code === 24) style.underline = false
    else if (code >= 30 && code <= 37) style.colour = code - 30
    else if (code >= 90 && code <= 97) style.colour = code - 82
    else if (code === 39) style.colour = null
    else if (code >= 40 && code <= 47) style.background = code - 40
    else if (code >= 100 && code <= 107) style.background = code - 92
    else if (code === 49) style.background = null
    else if (code === 38 || code === 48) {
      const isTrue = codes[at + 1] === 2
      const colour = isTrue
        ? nearest(codes[at + 2] ?? 0, codes[at + 3] ?? 0, codes[at + 4] ?? 0)
        : ofPalette(codes[at + 2] ?? 0)
      at += isTrue ? 4 : 2
      if (code === 38) style.colour = colour
      else style.background = colour
    }
  }
  return style
}

/** xterm's 256: the sixteen, a cube of 6 by 6 by 6, 24 greys. */
function ofPalette(index: number): number {
  if (index < 16) return Math.max(0, index)
  if (index >= 232) {
    const grey = 8 + (Math.min(index, 255) - 232) * 10
    return nearest(grey, grey, grey)
  }
  const level = (steps: number) => (steps === 0 ? 0 : 55 + steps * 40)
  const cube = index - 16
  return nearest(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6))
}

/** By which of red, green and blue are strong, and how strong the strongest is. */
function nearest(red: number, green: number, blue: number): number {
  const most = Math.max(red, green, blue)
  if (most < 48) return 0
  const least = Math.min(red, green, blue)
  if (most - least < 32) return most > 208 ? 15 : most > 144 ? 7 : 8
  const middle = (most + least) / 2
  const hue = (red > middle ? 1 : 0) + (green > middle ? 2 : 0) + (blue > middle ? 4 : 0)
  return most > 200 ? hue + 8 : hue
}

function classes(style: Style): string {
  if (style === PLAIN) return ''
  const names: string[] = []
  if (style.colour !== null) names.push(`fg${style.colour}`)
  if (style.background !== null) names.push(`bg${style.background}`)
  if (style.bold) names.push('bold')
  if (style.dim) names.push('dim')
  if (style.italic) names.push('italic')
  if (style.underline) names.push('underline')
  return names.join(' ')
}
