/** Operators' own keys. */
import { argument, count, oneOf } from '../inputs.ts'
import { type Leaf, leaf } from '../leaf.ts'
import { makeKey, writeKeyFile } from '../new-key.ts'
import { columns } from '../table.ts'

export const operatorLeaves: readonly Leaf[] = [
  leaf({
    name: 'operators create',
    does: 'make a key for another operator',
    inputs: {
      name: argument('<name>', 'who will hold it'),
      role: oneOf('--role <role>', 'each may do all that those before it may', [
        'viewer',
        'support',
        'operator',
        'owner',
      ]),
      writeKeyFile,
    },
    calls: ['POST /admin/operator-keys'],
    run: (session, { name, role = 'viewer', writeKeyFile: file }) =>
      makeKey(session, file, { route: 'POST /admin/operator-keys', body: { name, role } }),
  }),
  leaf({
    name: 'operators list',
    does: "operators' keys",
    inputs: { limit: count('--limit <n>', 'no more rows than this') },
    calls: ['GET /admin/operator-keys'],
    run: (session, given) =>
      session.list({
        route: 'GET /admin/operator-keys',
        columns: columns('id', 'name', 'role', 'status'),
        ...given,
      }),
  }),
  leaf({
    name: 'operators revoke',
    does: "end an operator's key",
    inputs: { key: argument('<key>', 'id of the key, key_…') },
    calls: ['DELETE /admin/operator-keys/:id'],
    run: (session, given) =>
      session.show({ route: 'DELETE /admin/operator-keys/:id', parts: [given.key] }),
  }),
]
