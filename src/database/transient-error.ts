/** What failed may well succeed a little later: thrown by what is no Postgres and has no SQLSTATE to tell it. */
export class TransientError extends Error {
  override name = 'TransientError'
}
