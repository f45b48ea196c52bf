// What the package offers to programs: its command line as a function, and its parts.

export { AREAS } from './areas.ts'
export type { CommandContext } from './cli/command.ts'
export { runCli } from './cli/run.ts'
export { legacyAreas } from './legacy/areas.ts'
export { type BrokenRule, brokenRules } from './manifest/broken-rules.ts'
export { generateManifest } from './manifest/generate.ts'
export { FEATURES } from './manifest/offer-rules.ts'
export { exitStatus } from './report.ts'
export { runContract } from './run.ts'
