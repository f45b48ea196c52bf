// All rules about the manifest, in the order of their numbers.
import { ADDRESS_RULES } from './address-rules.ts'
import { IDENTITY_RULES } from './identity-rules.ts'
import { OFFER_RULES } from './offer-rules.ts'
import { SECRET_RULES } from './secret-rules.ts'

export const MANIFEST_RULES = [...IDENTITY_RULES, ...SECRET_RULES, ...OFFER_RULES, ...ADDRESS_RULES]
