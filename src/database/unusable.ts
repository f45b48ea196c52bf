import { errorText } from '../error-text.ts'
import { StartError } from '../errors.ts'

/** Why the first statement failed, as a sentence for the operator. What is one already stays. */
export function unusableDatabase(error: unknown): StartError {
  if (error instanceof StartError) return error
  const text = errorText(error).replace(/\.$/, '')
  return new StartError(`The database cannot be used: ${text}. Check DATABASE_URL and DATABASE_TLS.`, {
    cause: error,
  })
}
