import { describe, expect, test } from 'vitest'
import { pageAndFilter, UsageQuery } from '../../src/gateway/usage-query.ts'
import { checkValue } from '../../src/http/read-json.ts'

/** Ids of this ledger sort by their number, as real ones do by time. */
const idOf = (time: number) => `01J${String(time).padStart(23, '0')}`

const asked = (query: Readonly<Record<string, string>>) =>
  pageAndFilter(UsageQuery.parse(query), idOf)

describe('a page', () => {
  test.each([
    [{}, { limit: 100, after: undefined }],
    [{ limit: '1' }, { limit: 1, after: undefined }],
    [
      { limit: '100', after: idOf(7) },
      { limit: 100, after: idOf(7) },
    ],
    [{ to: '1970-01-01T00:00:05Z' }, { limit: 100, after: idOf(5_000) }],
    [
      { to: '1970-01-01T00:00:05Z', after: idOf(4_000) },
      { limit: 100, after: idOf(4_000) },
    ],
    [
      { to: '1970-01-01T01:00:05+01:00', after: idOf(6_000) },
      { limit: 100, after: idOf(5_000) },
    ],
  ])('of %j', (query, page) => {
    expect(asked(query).page).toEqual(page)
  })

  test('shows a model, a key, or what was made since a time', () => {
    const keyId = 'key_01JABCDEFGHJKMNPQRSTVWXYZ2'
    const query = { model: 'maker/model', key_id: keyId, from: '1970-01-01T00:00:03Z' }
    expect(asked(query).filter).toEqual({ model: 'maker/model', keyId, sinceId: idOf(3_000) })
  })

  test.each([
    [{ limit: '0' }, 'limit'],
    [{ limit: '101' }, 'limit'],
    [{ limit: '1.5' }, 'limit'],
    [{ limit: 'all' }, 'limit'],
    [{ after: '' }, 'after'],
    [{ after: '#' }, 'after'],
    [{ after: `${idOf(7)}0` }, 'after'],
    [{ from: 'yesterday' }, 'from'],
    [{ from: '1969-12-31T23:59:59Z' }, 'from'],
    [{ to: '2026-11-21' }, 'to'],
    [{ model: 'a b' }, 'model'],
    [{ key_id: 'key' }, 'key_id'],
    [{ format: 'xml' }, 'format'],
    [{ keys: 'all' }, 'keys'],
  ])('is not %j, and says which of it is wrong', (query, param) => {
    expect(checkValue(query, UsageQuery)).toMatchObject({
      ok: false,
      error: { code: 'invalid_value', param },
    })
  })
})
