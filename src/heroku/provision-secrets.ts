// What a provision brings besides the drain token, stored in the transaction of the resource's own row and deleted with it:
// OAuth grant and tokens, the log input address, the webhook, and the steps that are left of the provision.
import type { ProvisionSecrets, ResourcePart } from '../resources/lifecycle.ts'
import type { ProvisioningStore } from './provisioning-store.ts'
import type { TokenStore } from './token-store.ts'
import type { WebhookStore } from './webhook-store.ts'

export interface ProvisionSecretsParts {
  tokenStore: TokenStore
  provisioningStore: ProvisioningStore
  webhookStore: WebhookStore
  /** Whether Heroku can be called at all. */
  isOn: boolean
  isAsynchronous: boolean
  /** Exchanges stored grants. */
  exchange(): void
  /** With a token that is no longer stored. */
  unsubscribe(resourceId: string, webhookId: string, accessToken: string): void
  now(): number
}

export function createProvisionSecrets(parts: ProvisionSecretsParts): ProvisionSecrets & ResourcePart {
  const { tokenStore, provisioningStore, webhookStore, isOn, isAsynchronous, now } = parts
  return {
    async store(client, resourceId, secrets, afterCommit) {
      if (!isOn) {
        // Without OAuth a grant is not exchanged, and is dead in five minutes.
        await tokenStore.store(client, resourceId, { ...secrets, grant: null }, now())
        return { isPending: false }
      }
      await tokenStore.store(client, resourceId, secrets, now())
      afterCommit(parts.exchange)
      // A provision without a grant can never be completed by the Platform API.
      const isLater = isAsynchronous && Boolean(secrets.grant)
      return provisioningStore.begin(client, resourceId, isLater, now())
    },

    async end(client, { id }, afterCommit) {
      const accessToken = await tokenStore.remove(client, id, now())
      const webhookId = await webhookStore.remove(client, id)
      await provisioningStore.remove(client, id)
      if (accessToken !== null && webhookId !== null)
        afterCommit(() => parts.unsubscribe(id, webhookId, accessToken))
    },
  }
}
