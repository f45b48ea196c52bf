/** No condition: every line. It is what an empty query means; a query that says something never has it inside. */
export interface Everything {
  kind: 'everything'
}

export const EVERYTHING: Everything = { kind: 'everything' }
