// The routes there are, read from the router's own tree.
import type { FastifyInstance } from 'fastify'

export interface Route {
  method: string
  /** /resources/:id/lines */
  pattern: string
}

export function routesOf(app: FastifyInstance): Route[] {
  const path: string[] = []
  const tree = app.printRoutes({ commonPrefix: false })
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', part = '', methods] = /^([│ ]*)[├└]── (\S+)(?: \((.+)\))?$/.exec(line) ?? []
    const depth = indent.length / 4
    path.splice(depth, path.length, part)
    const pattern = path.join('')
    return (methods ?? '').split(', ').flatMap((method) => (method === '' ? [] : [{ method, pattern }]))
  })
}
