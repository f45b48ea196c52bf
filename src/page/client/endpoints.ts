// The script of the page on log endpoints: polls their state while the page is visible, and lets
// formats be tried. They are made and changed with Fastly's API; the page says how.
import { timeOfDay } from '../reading/times.ts'
import { ApiError, get, sentence } from './api.ts'
import type { LogService } from './api-types.ts'
import { part } from './dom.ts'
import { serviceCard } from './endpoint-cards.ts'
import { openHowTo } from './endpoints-how-to.ts'
import { openPreview } from './format-preview.ts'
import { arrange, keyed } from './keyed.ts'
import { startSheet } from './start.ts'

/** Poll interval. */
const LOOK_EVERY_MS = 5_000

const preferences = startSheet()

const list = part('endpoints')
const looked = part('looked')
const preview = openPreview(part('preview'), preferences.zone, (choice) => howTo.show(choice))
const howTo = openHowTo(part('how'))
const cards = keyed(() => serviceCard((service, endpoint) => preview.choose(service, endpoint)))
let timer: ReturnType<typeof setTimeout> | undefined
let isLooking = false
let isOver = false
let seenAt: string | null = null

document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && void look())
void look()

async function look(): Promise<void> {
  if (isLooking || isOver) return
  isLooking = true
  clearTimeout(timer)
  try {
    const { services } = await get<{ services: LogService[] }>('/log-endpoints')
    arrange(
      list,
      cards(
        services,
        ({ id }) => id,
        (card, service) => card.update(service),
      ).map(({ element }) => element),
    )
    preview.offer(services)
    looked.textContent = ''
    seenAt = timeOfDay(new Date().toISOString(), preferences.zone).slice(0, 8)
  } catch (error) {
    const before = seenAt === null ? '' : ` This is how it was at ${seenAt}.`
    looked.textContent = `${sentence(error)}${before}`
    // It does not come back by itself.
    isOver = error instanceof ApiError && error.status === 401
  }
  list.setAttribute('aria-busy', 'false')
  isLooking = false
  if (!isOver && document.visibilityState === 'visible') timer = setTimeout(() => void look(), LOOK_EVERY_MS)
}
