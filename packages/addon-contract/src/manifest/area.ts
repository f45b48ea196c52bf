// The manifest as an area of the contract: nothing is sent, the file is judged.
import { createArea } from '../area.ts'
import { MANIFEST_RULES } from './rules.ts'
import { viewManifest } from './view.ts'

export const manifestArea = createArea({
  name: 'manifest',
  title: 'The manifest',
  rules: MANIFEST_RULES,
  play: async (stage) => viewManifest(stage.manifest.data),
})
