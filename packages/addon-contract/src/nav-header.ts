// The navigation bar that Heroku had until 2019, and kensa still asks for, in the HTML of a page. Pure.

const HEADER_ID = /\sid\s*=\s*["']?heroku-header\b/

/**
 * True where an element has the id heroku-header, or a script's address has "boomerang".
 *
 * @param element which element; any, where it is left out
 */
export function showsNavHeader(page: string, element?: string): boolean {
  return tagsOf(page).some((tag) => {
    const name = tag.split(/\s/, 1)[0] as string
    const address = tag.search(/\ssrc\s*=/)
    return (
      ((element === undefined || name === element) && HEADER_ID.test(tag)) ||
      (name === 'script' && address !== -1 && tag.includes('boomerang', address))
    )
  })
}

/** `div id="a"`, in lower case. One pass: an expression over the page would start again at each bracket. */
function tagsOf(page: string): string[] {
  return page
    .toLowerCase()
    .split('<')
    .slice(1)
    .map((piece) => piece.split('>', 1)[0] as string)
}
