// What every page's script begins with.
import { part } from './dom.ts'
import { applyTheme, type Preferences, readPreferences } from './preferences.ts'
import { openUsage } from './usage-dialog.ts'

/** The page looks as its reader wants it, and knows that its script runs. */
export function startPage(): Preferences {
  const preferences = readPreferences()
  applyTheme(preferences.theme)
  document.documentElement.classList.add('runs')
  return preferences
}

/** Of a page whose bar opens nothing but the usage. */
export function startSheet(): Preferences {
  part('usage').addEventListener('click', (event) => {
    event.preventDefault()
    openUsage()
  })
  return startPage()
}
