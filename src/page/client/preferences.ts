// A person's preferences, stored in this browser. Not in the address, which is shared with others.
import type { Zone } from '../reading/times.ts'

export interface Preferences {
  zone: Zone
  wraps: boolean
  isRaw: boolean
  showsHistogram: boolean
  theme: 'system' | 'light' | 'dark'
}

const DEFAULTS: Preferences = {
  zone: 'utc',
  wraps: true,
  isRaw: false,
  showsHistogram: true,
  theme: 'system',
}
const KEY = 'culvert.preferences'

export function readPreferences(): Preferences {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Preferences>
    return { ...DEFAULTS, ...kept }
  } catch {
    // No storage in this browser, or something else's in it.
    return { ...DEFAULTS }
  }
}

export function keepPreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences))
  } catch {
    // Then it lasts as long as the page.
  }
}

export function applyTheme(theme: Preferences['theme']): void {
  const { dataset } = document.documentElement
  if (theme === 'system') delete dataset.theme
  else dataset.theme = theme
}
