// A run: opens the world around the add-on, plays the areas in order, and calls the reporter.
import { type Addon, CannotRun, readAddon } from './addon.ts'
import type { Area } from './area.ts'
import type { AreaReport, Report, Reporter } from './report.ts'
import { createStage, type Stage } from './stage.ts'
import { openWorld, type World, type WorldOptions } from './world.ts'

export interface RunOptions extends Omit<WorldOptions, 'addon'> {
  manifest: Stage['manifest']
  areas: readonly Area[]
}

/** @throws CannotRun if nothing can be tested */
export async function runContract(options: RunOptions, reporter: Reporter): Promise<Report> {
  const { manifest, areas, production } = options
  const world = await worldFor(options)
  try {
    const opened = 'reason' in world ? null : world
    const about = {
      addon: opened?.addon.id ?? manifest.path,
      baseUrl: opened?.addon.baseUrl ?? null,
      idUrl: opened?.loopback.idUrl ?? null,
      apiUrl: opened?.loopback.apiUrl ?? null,
    }
    reporter.begin(about)
    const stage = createStage(manifest, production, world)
    const reports: AreaReport[] = []
    for (const area of areas) {
      reporter.area(area.name, area.title)
      const outcome = await area.run(stage)
      const report = { name: area.name, title: area.title, ...outcome }
      reports.push(report)
      reporter.found(report)
    }
    const report = { about, areas: reports, left: opened?.left ?? [] }
    reporter.end(report)
    return report
  } finally {
    if ('close' in world) await world.close()
  }
}

/** The rules for the manifest need no world, and report what is wrong with an unusable manifest. */
async function worldFor(options: RunOptions): Promise<World | { reason: string }> {
  const needsWorld = options.areas.some(({ name }) => name !== 'manifest')
  if (!needsWorld) return { reason: 'only the manifest is tested' }
  let addon: Addon
  try {
    addon = readAddon(options.manifest.data, options.production)
  } catch (error) {
    const looksAtManifest = options.areas.some(({ name }) => name === 'manifest')
    if (error instanceof CannotRun && looksAtManifest) return { reason: error.message }
    throw error
  }
  return openWorld({ ...options, addon })
}
