// A short sentence on what was just done, for eyes and for screen readers; gone after a while.
import { part } from './dom.ts'

const SHOWN_MS = 3_500

export function createSay(): (text: string) => void {
  const element = part('said')
  let timer: ReturnType<typeof setTimeout> | undefined
  return (text) => {
    clearTimeout(timer)
    element.textContent = text
    timer = setTimeout(() => {
      element.textContent = ''
    }, SHOWN_MS)
  }
}
