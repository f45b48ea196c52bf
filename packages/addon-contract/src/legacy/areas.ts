// The areas as kensa tests them, for add-ons that were tested with kensa.
import { type Area, createArea } from '../area.ts'
import { viewManifest } from '../manifest/view.ts'
import { legacyDeprovisionArea, legacyPlanChangeArea } from './change-areas.ts'
import { LEGACY_MANIFEST_RULES } from './manifest-rules.ts'
import { legacyProvisionArea } from './provision-area.ts'
import { legacySsoArea } from './sign-in-area.ts'

/** @param isAsync the add-on answers at once, and sends its result to the callback_url */
export function legacyAreas(isAsync: boolean): readonly Area[] {
  return [
    createArea({
      name: 'manifest',
      title: 'The manifest, as kensa reads it',
      rules: LEGACY_MANIFEST_RULES,
      play: async (stage) => viewManifest(stage.manifest.data),
    }),
    legacyProvisionArea(isAsync),
    legacyPlanChangeArea(isAsync),
    legacyDeprovisionArea(isAsync),
    legacySsoArea(isAsync),
  ]
}

/** `kensa test all` leaves out sso. */
export function isInLegacyAll({ name }: Area): boolean {
  return name !== 'sso'
}
