// What a row of the list shows of a line, apart from its message. Pure; the same for the server's first paint and the
// browser.
import { hueOf } from './hue.ts'
import { isBad, type Line } from './line.ts'
import { platformEvent } from './platform-event.ts'

export interface Origin {
  text: string
  look: string
  term: string
}

/** The class names of a line's row. */
export function rowLook(line: Line): string {
  const event = platformEvent(line)
  const looks = ['row']
  if (isBad(line)) looks.push('bad')
  else if (line.level === 'warn') looks.push('warn')
  else if (line.level === 'debug' || line.level === 'trace') looks.push('quiet')
  if (event !== null) looks.push('event', `event-${event}`)
  return looks.join(' ')
}

/** Where it comes from: `web.1`, `router`, or what stands for the process in a line without one. */
export function originOf(line: Line): Origin {
  const process = line.process ?? ''
  if (process === '') {
    const source = line.source ?? ''
    return {
      text: source === '' ? '–' : source,
      look: 'process',
      term: source === '' ? '' : `source:${quote(source)}`,
    }
  }
  return { text: process, look: `process h${hueOf(process)}`, term: `process:${quote(process)}` }
}

function quote(value: string): string {
  return /^[\w.-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`
}
