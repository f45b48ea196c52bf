// The script of the log page: puts the parts together and starts with what the address says.
import { get } from './api.ts'
import type { About } from './api-types.ts'
import { openAppSwitch } from './app-switch.ts'
import { openChart } from './chart.ts'
import { listenToClicks } from './clicks.ts'
import { openContextBar } from './context-bar.ts'
import { listenToCopying } from './copy.ts'
import { openDialogs } from './dialogs.ts'
import { part } from './dom.ts'
import { openHelp } from './help.ts'
import { listenToKeys } from './keyboard.ts'
import { createSay } from './say.ts'
import { openSearchBox } from './search-box.ts'
import { startPage } from './start.ts'
import { openStatusBar } from './status-bar.ts'
import { readState } from './view-state.ts'
import { Viewer } from './viewer.ts'

const preferences = startPage()

const say = createSay()
const scroller = part('list')
const updaters: (() => void)[] = []
let isScheduled = false

/** The bars are drawn once a frame, however much has changed. */
function update(): void {
  if (isScheduled) return
  isScheduled = true
  requestAnimationFrame(() => {
    isScheduled = false
    for (const one of updaters) one()
  })
}

const viewer = new Viewer({
  scroller,
  preferences,
  onChanged: update,
  say,
  onSessionOver: update,
})
const searchBox = openSearchBox(viewer)
updaters.push(searchBox.update)
updaters.push(openStatusBar(viewer, { openHelp }))
updaters.push(openContextBar(viewer))
updaters.push(openChart(viewer))
listenToClicks(scroller, viewer)
listenToCopying(scroller, viewer)
listenToKeys({ viewer, focusSearch: searchBox.focus, openHelp })
updaters.push(openDialogs(viewer, say))

viewer.onPopState = () => viewer.go(readState(location.search), 'replace')
viewer.go(readState(location.search), 'replace')

void get<About>('/about').then(
  (about) => {
    const names = new Set(about.apps.map(({ name }) => name).filter((name) => name !== null))
    viewer.looks.namesApps = names.size > 1
    viewer.redraw()
  },
  // The lines matter more; the API's error shows elsewhere.
  () => {},
)
updaters.push(openAppSwitch(viewer))
update()
