// What "in any case of letters" means, the same here and in Postgres, whatever the database's locale. Pure.
//
// Postgres lowers letters by its locale, JavaScript by its own Unicode tables, and the two differ: in Turkish I is not
// the capital of i. So the rule is ours, letter by letter: A to Z fold to a to z; any other letter folds to the lower
// case of its upper case where both are one letter and neither is ASCII. É is é, Σ and ς are σ, ẞ is ß. But ß is not
// ss, and İ, ı, the long ſ and the Kelvin sign are themselves alone: ASCII text can be folded by ASCII's rule without
// a look at what else there is, which is what makes the search in Postgres quick (`lower(… collate "C")`).

const ASCII_ONLY = /^[\0-\x7f]*$/
/** A run that folds as a whole, or one letter that does not. */
const RUNS = /[\0-\x7f]+|[^\0-\x7f]/gu
const folded = new Map<string, string>()
/** More letters than any log is written in; a hostile one holds a million. */
const MAX_REMEMBERED = 10_000

export function isAscii(text: string): boolean {
  return ASCII_ONLY.test(text)
}

export function fold(text: string): string {
  return isAscii(text) ? text.toLowerCase() : text.replace(RUNS, foldRun)
}

function foldRun(run: string): string {
  if (run.charCodeAt(0) <= 0x7f) return run.toLowerCase()
  let to = folded.get(run)
  if (to === undefined) {
    to = foldLetter(run)
    if (folded.size < MAX_REMEMBERED) folded.set(run, to)
  }
  return to
}

function foldLetter(letter: string): string {
  const upper = oneLetter(letter.toUpperCase())
  const lower = upper && oneLetter(upper.toLowerCase())
  return lower ?? letter
}

function oneLetter(text: string): string | undefined {
  return [...text].length === 1 && !isAscii(text) ? text : undefined
}

let variants: Map<string, string[]> | undefined

/** The letters beside `letter` itself that fold to it; ASCII is left out. */
export function otherForms(letter: string): readonly string[] {
  variants ??= findVariants()
  return variants.get(letter) ?? []
}

/** Once, in some 50 ms, when the first search with such a letter comes. */
function findVariants(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (let code = 0x80; code <= 0x1ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue
    const letter = String.fromCodePoint(code)
    const to = foldLetter(letter)
    if (to === letter) continue
    const others = found.get(to)
    if (others) others.push(letter)
    else found.set(to, [letter])
  }
  return found
}
