import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { NODE_FLAGS } from '../support/service-process.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

it('the young generation is bounded wherever the service is started, or it takes 128 MB on Node 24', () => {
  expect(NODE_FLAGS).toEqual(['--max-semi-space-size=16'])
  for (const flag of NODE_FLAGS) {
    expect(JSON.parse(read('package.json')).scripts.start).toContain(`node ${flag} `)
    expect(read('Dockerfile')).toContain(`CMD ["node", "${flag}", `)
    expect(read('demo/service.ts')).toContain(`'${flag}'`)
    expect(read('bench/support/child.ts')).toContain(`'${flag}'`)
    expect(read('docs/deploying.md')).toContain(flag)
  }
})
