/** The rows themselves are wrong: thrown for a store that is not Postgres and has no SQLSTATE to say so. */
export class DataError extends Error {
  override name = 'DataError'
}
