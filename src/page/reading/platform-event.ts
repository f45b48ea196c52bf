// What the platform does to an app, as its log tells: deploys, releases, restarts, scaling, crashes. Such lines are
// drawn as dividers: what came after them is another app. Texts as Logplex passes them on (process `api`, or the dyno
// that it is about). Pure.
import type { Line } from './line.ts'

export type EventKind = 'deploy' | 'release' | 'config' | 'scale' | 'restart' | 'crash'

interface Shape {
  kind: EventKind
  process: RegExp
  message: RegExp
}

const API = /^api$/
const DYNO = /^[\w-]+\.\d+$/

const SHAPES: readonly Shape[] = [
  { kind: 'deploy', process: API, message: /^(?:Deploy \S+|Build (?:started|succeeded|failed))/ },
  { kind: 'release', process: API, message: /^Release v\d+ created/ },
  { kind: 'release', process: API, message: /^(?:Rollback to v\d+|Promote \S+)/ },
  { kind: 'config', process: API, message: /^(?:Set|Remove|Unset) .+ config vars?/ },
  { kind: 'config', process: API, message: /^(?:Attach|Detach|Update) \S+|^Maintenance mode/ },
  { kind: 'scale', process: API, message: /^Scale(?:d)? (?:to )?\S+@\d+|^Scale to/ },
  { kind: 'restart', process: DYNO, message: /^(?:Restarting|Cycling|Idling|Unidling)$/ },
  { kind: 'crash', process: DYNO, message: /^State changed from \w+ to crashed/ },
]

export function platformEvent(line: Pick<Line, 'source' | 'process' | 'message'>): EventKind | null {
  const { source, message } = line
  const process = line.process ?? ''
  // The API speaks as app[api] on some generations and as heroku[api] on others; a dyno's own output is the app's.
  if (source !== 'heroku' && process !== 'api') return null
  const found = SHAPES.find((shape) => shape.process.test(process) && shape.message.test(message))
  return found?.kind ?? null
}
