// Runs before every other script of a page and depends on none: if one of them cannot be loaded, or throws what no code
// catches, the page says so above what it shows already. Only the kind of error and its place in our script are shown:
// messages of errors may quote lines, searches and addresses.

const ASSETS = `${location.origin}/assets/`
let isShown = false

addEventListener(
  'error',
  (event) => {
    // The element's own event, of a script that was not loaded: it does not bubble.
    if (event.target instanceof HTMLScriptElement) show('a part of it could not be loaded')
    else if (event instanceof ErrorEvent && event.filename.startsWith(ASSETS))
      show(`${nameOf(event.error)} in ${placeOf(event.filename)}, ${event.lineno}:${event.colno}`)
  },
  true,
)
addEventListener('unhandledrejection', ({ reason }) => {
  const stack = reason instanceof Error ? (reason.stack ?? '') : ''
  const name = nameOf(reason)
  // An extension's is not ours; a request that was called off is no error.
  if (name !== 'AbortError' && (stack === '' || stack.includes(ASSETS))) show(name)
})

function show(what: string): void {
  if (isShown) return
  isShown = true
  const notice = document.createElement('div')
  notice.className = 'broken'
  notice.setAttribute('role', 'alert')
  const text = document.createElement('p')
  text.textContent = `This page does not work as it should: ${what}. What it shows may be out of date. Reload it; if that does not help, use a current browser, or contact support with this sentence.`
  notice.append(
    text,
    button('Reload', () => location.reload()),
    button('Dismiss', () => notice.remove()),
  )
  const place = document.querySelector('main') ?? document.body
  place.prepend(notice)
}

function button(text: string, onclick: () => void): HTMLButtonElement {
  const element = document.createElement('button')
  element.type = 'button'
  element.textContent = text
  element.addEventListener('click', onclick)
  return element
}

function nameOf(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.name : 'an error'
}

/** page-AB12CD.js */
function placeOf(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1).replace(/\?.*/, '')
}

// A top-level scope of its own: it is loaded as a classic script, in order, and shares globals with none.
export {}
