// Elements by function call. Text is only ever set as text: a log line is never markup.

type Child = Node | string | null | false

export interface Attributes {
  class?: string | null
  /** Called on `click`. */
  onclick?: (event: MouseEvent) => void
  [attribute: string]: string | number | boolean | null | undefined | ((event: MouseEvent) => void)
}

/** `h('button', { class: 'primary', onclick }, 'Save')`. True is an attribute without a value; false and null none. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue
    if (typeof value === 'function') element.addEventListener('click', value as EventListener)
    else element.setAttribute(name, value === true ? '' : String(value))
  }
  element.append(...children.filter((child) => child !== null && child !== false))
  return element
}

const SVG = 'http://www.w3.org/2000/svg'

export function svg(
  tag: string,
  attributes: Record<string, string | number>,
  ...children: Node[]
): SVGElement {
  const element = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value))
  element.append(...children)
  return element
}

/** An element that the server's page has. */
export function part<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`BUG: the page has no #${id}`)
  return element as T
}

export function button(
  text: string,
  onclick: (event: MouseEvent) => void,
  attributes: Attributes = {},
): HTMLButtonElement {
  return h('button', { type: 'button', ...attributes, onclick }, text)
}
