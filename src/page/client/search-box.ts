// The search box: finds as one types, after a moment without a key, and at once on Enter. Shows how the query was
// understood where that is not what was typed.
import { h, part } from './dom.ts'
import { understoodAs } from './stage.ts'
import type { Viewer } from './viewer.ts'

/** Long enough to type a word, short enough that Enter is not needed. */
const PAUSE_MS = 350

export interface SearchBox {
  focus(): void
  /** Shows the current search unless the person is typing. */
  update(): void
}

export function openSearchBox(viewer: Viewer): SearchBox {
  const form = part<HTMLFormElement>('search')
  const input = part<HTMLInputElement>('q')
  const understood = part('understood')
  let timer: ReturnType<typeof setTimeout> | undefined
  /** The first change of a stretch of typing makes an entry in the history, the others take its place. */
  let isTyping = false
  /** There is something in the box that was not searched for yet. */
  let isAhead = false

  const apply = () => {
    clearTimeout(timer)
    isAhead = false
    const q = input.value.trim()
    explain(q)
    if (q === viewer.state.q) return
    viewer.search(q, isTyping ? 'replace' : 'push')
    isTyping = true
  }
  const explain = (q: string) => {
    const { printed, hints } = understoodAs(q)
    understood.replaceChildren(
      ...(printed === null
        ? []
        : [h('span', {}, 'Understood as '), h('code', {}, printed === '' ? 'everything' : printed)]),
      ...hints.map(({ at, text }) => h('span', { class: 'hint' }, `Character ${at + 1}: ${text}.`)),
    )
    understood.hidden = printed === null && hints.length === 0
  }
  input.addEventListener('input', () => {
    clearTimeout(timer)
    isAhead = true
    timer = setTimeout(apply, PAUSE_MS)
  })
  input.addEventListener('blur', () => {
    isTyping = false
  })
  input.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return
    event.preventDefault()
    viewer.list.scroller.focus()
  })
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    apply()
    isTyping = false
  })
  return {
    focus() {
      input.focus()
      input.select()
    },
    update() {
      const { q } = viewer.state
      if (isAhead) return
      if (input.value.trim() !== q) input.value = q
      explain(q)
    },
  }
}
