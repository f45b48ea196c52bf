// The manifest as an area of the contract: judges the file and sends nothing.
import { createArea } from '../area.ts'
import { MANIFEST_RULES } from './rules.ts'
import { viewManifest } from './view.ts'

export const manifestArea = createArea({
  name: 'manifest',
  title: 'The manifest',
  rules: MANIFEST_RULES,
  play: async (stage) => viewManifest(stage.manifest.data),
})
