// Numbers as people read them. Pure.

/** 45 ms, 1.2 s, 30 s */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  const seconds = ms / 1_000
  return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`
}

/** 0 B, 812 B, 1.2 kB, 48 kB, 3.4 MB: by 1,000, as plans and quotas are counted here. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = count
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000
    unit++
  }
  const digits = unit === 0 || value >= 10 ? 0 : 1
  return `${value.toFixed(digits)} ${units[unit]}`
}

/** 1,234,567 */
export function whole(count: number): string {
  return Math.round(count).toLocaleString('en')
}

/** `1 line`, `1,234 lines` */
export function count(number: number, one: string, many = `${one}s`): string {
  return number === 1 ? `1 ${one}` : `${whole(number)} ${many}`
}
