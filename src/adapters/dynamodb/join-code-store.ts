/** One-time codes that let a host enrol for its owner. They are used up by `enrolNode`. */
import type { JoinCodeStore } from '../../fleet/ports.ts'
import type { Database } from './client.ts'
import { fromJoinCodeItem, joinCodeKey, toJoinCodeFields } from './items/join-code-item.ts'
import { setFields } from './update-if.ts'

export function makeJoinCodeStore({ client, tables }: Database): JoinCodeStore {
  const TableName = tables.keys
  return {
    /** An update and not a put: writing a code again cannot make it unused. */
    putJoinCode: async (code) => {
      const Key = joinCodeKey(code.codeHash)
      const fields = setFields(toJoinCodeFields(code))
      await client.update({ TableName, Key, ...fields })
    },
    /** Used and expired codes too, for about a day: only an enrolment knows whether one is good. */
    readJoinCode: async (codeHash) => {
      const Key = joinCodeKey(codeHash)
      const { Item } = await client.get({ TableName, Key, ConsistentRead: true })
      return Item && fromJoinCodeItem(Item)
    },
  }
}
