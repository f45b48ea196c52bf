// Times as the page writes them, in UTC or in the zone of the browser. Pure.

export type Zone = 'utc' | 'local'

/** 2026-11-21T10:15:20.123456Z -> 10:15:20.123 */
export function timeOfDay(sentAt: string, zone: Zone): string {
  if (zone === 'utc') return sentAt.slice(11, 23)
  const at = new Date(sentAt)
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}${sentAt.slice(19, 23)}`
}

/** 2026-11-21T10:15:20.123456Z -> 2026-11-21; as text, so that days can be told apart quickly. */
export function dayOf(sentAt: string, zone: Zone): string {
  if (zone === 'utc') return sentAt.slice(0, 10)
  const at = new Date(sentAt)
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`
}

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

/** 2026-11-21 -> Saturday, 21 November 2026. */
export function longDay(day: string): string {
  const [year = 1970, month = 1, date = 1] = day.split('-').map(Number)
  const weekday = WEEKDAYS[new Date(Date.UTC(year, month - 1, date)).getUTCDay()]
  return `${weekday}, ${date} ${MONTHS[month - 1]} ${year}`
}

/** Full and sortable, with the zone: for tooltips and details. */
export function fullTime(sentAt: string, zone: Zone): string {
  const name = zone === 'utc' ? 'UTC' : offsetName(new Date(sentAt))
  return `${dayOf(sentAt, zone)} ${timeOfDay(sentAt, zone)}${sentAt.slice(23, 26)} ${name}`
}

/** +01:00 */
export function offsetName(at: Date): string {
  const minutes = -at.getTimezoneOffset()
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}:${pad(size % 60)}`
}

/** 3 s, 12 min, 5 h, 3 d */
export function ageInWords(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 90) return `${seconds} s`
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

function pad(number: number): string {
  return String(number).padStart(2, '0')
}
