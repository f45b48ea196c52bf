// The tools for building an add-on are the package heroku-addon-contract, which a production install does not have.
import type { Command, CommandContext } from './command.ts'

// A variable of type string, so that tsc does not resolve the import: the service builds without the package.
export const PACKAGE: string = 'heroku-addon-contract'

/** What the service uses of the package. */
export interface AddonContract {
  runCli(args: readonly string[], context: CommandContext & { program: string }): Promise<number>
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

/** A command that the package runs; it also answers --help. */
export function handedOver(name: string, summary: string): Command {
  return {
    name,
    summary,
    async run(args, context) {
      const contract = await loadAddonContract()
      if (contract !== null) return contract.runCli([name, ...args], { ...context, program: 'culvert' })
      context.writeError(
        `culvert ${name} needs ${PACKAGE}, which is not installed here: npm install ${PACKAGE}\n`,
      )
      return 2
    },
  }
}
