// The tools for building an add-on are the package heroku-addon-contract, which production installs do without.
import type { Command, CommandContext } from './command.ts'

// In a constant, so that tsc does not look for it: the service builds without the package.
const PACKAGE: string = 'heroku-addon-contract'

export const INSTALL = `npm install ${PACKAGE}`

/** What this service uses of the package. */
export interface AddonContract {
  runCli(args: readonly string[], context: CommandContext): Promise<number>
  /** @param manifest parsed JSON */
  brokenRules(manifest: unknown): {
    number: string
    name: string
    strength: 'must' | 'should'
    says: string
    fix?: string
  }[]
}

/** Null if it is not installed. */
export async function loadAddonContract(): Promise<AddonContract | null> {
  try {
    return (await import(PACKAGE)) as AddonContract
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ERR_MODULE_NOT_FOUND' && message.includes(PACKAGE)) return null
    throw error
  }
}

/** A command that the package runs, help included. */
export function handedOver(name: string, summary: string): Command {
  return {
    name,
    summary,
    async run(args, context) {
      const contract = await loadAddonContract()
      if (contract !== null) return contract.runCli([name, ...args], context)
      context.writeError(`culvert ${name} needs the package ${PACKAGE}: ${INSTALL}\n`)
      return 2
    },
  }
}
