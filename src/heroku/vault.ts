// What the partner room hands over of a provision, and takes back at its end: secrets, what is left to do, the webhook.
// All of it in the transaction of the resource's own row: with it or not at all.
import type { PoolClient } from 'pg'
import type { ProvisioningStore } from './provisioning-store.ts'
import type { EntrustedSecrets, TokenStore } from './token-store.ts'
import type { WebhookStore } from './webhook-store.ts'

export interface Vault {
  /** isPending: Heroku is to be answered that the provision will be completed later. */
  keep(client: PoolClient, resourceId: string, secrets: EntrustedSecrets): Promise<{ isPending: boolean }>
  /** What keep() was told is committed. */
  kept(): void
  /** Answers with what is to be done when the end is committed. */
  forget(client: PoolClient, resourceId: string): Promise<() => void>
}

export interface VaultParts {
  tokenStore: TokenStore
  provisioningStore: ProvisioningStore
  webhookStore: WebhookStore
  /** Whether Heroku can be called at all. */
  isOn: boolean
  isAsynchronous: boolean
  /** Exchanges what was kept. */
  begin(): void
  /** With a token that is nowhere any more. */
  unsubscribe(resourceId: string, webhookId: string, accessToken: string): void
  now(): number
}

export function createVault(parts: VaultParts): Vault {
  const { tokenStore, provisioningStore, webhookStore, isOn, isAsynchronous, now } = parts
  return {
    async keep(client, resourceId, secrets) {
      if (!isOn) {
        // A grant that nobody will exchange is not worth keeping: it is dead in five minutes.
        await tokenStore.keep(client, resourceId, { ...secrets, grant: null }, now())
        return { isPending: false }
      }
      await tokenStore.keep(client, resourceId, secrets, now())
      // Without a grant nobody could ever complete it.
      const isLater = isAsynchronous && Boolean(secrets.grant)
      return provisioningStore.begin(client, resourceId, isLater, now())
    },

    kept() {
      if (isOn) parts.begin()
    },

    async forget(client, resourceId) {
      const accessToken = await tokenStore.forget(client, resourceId, now())
      const webhookId = await webhookStore.forget(client, resourceId)
      await provisioningStore.forget(client, resourceId)
      return () => {
        if (accessToken !== null && webhookId !== null) parts.unsubscribe(resourceId, webhookId, accessToken)
      }
    },
  }
}
