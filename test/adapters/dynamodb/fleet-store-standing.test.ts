// How nodes come into being and what the operator's word changes; reads and profiles are in fleet-store.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { NodeFacts } from '../../../src/fleet/node.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { aBeat, aJoinCode, aNode, nowMs } from './facts.ts'
import { openFleet } from './open-fleet.ts'

type OpenedFleet = ReturnType<typeof openFleet>

let engine: EmbeddedDynamodb
let fleet: OpenedFleet['fleet']
let storedCode: OpenedFleet['storedCode']
let enrolled: OpenedFleet['enrolled']
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  ;({ fleet, storedCode, enrolled } = openFleet(engine))
})
afterAll(() => engine.stop())

describe('enrolment', () => {
  test('writes the node and uses up its join code', async () => {
    const node = aNode()
    const code = await storedCode()
    expect(await fleet.enrolNode(node, code)).toBe('enrolled')
    expect(await fleet.readNode(node.nodeId)).toEqual(node)
    expect(await fleet.enrolNode(aNode(), code)).toBe('code_used')
  })

  test.each([
    ['an unknown code', async () => aJoinCode().codeHash],
    ['a code that expires now', () => storedCode({ expiresAtMs: nowMs })],
  ])('with %s writes nothing', async (_, makeCode) => {
    const node = aNode()
    expect(await fleet.enrolNode(node, await makeCode())).toBe('code_used')
    expect(await fleet.readNode(node.nodeId)).toBeUndefined()
  })

  test('of ten nodes with one code succeeds for exactly one', async () => {
    const code = await storedCode()
    const nodes = Array.from({ length: 10 }, () => aNode())
    const outcomes = await Promise.all(nodes.map((node) => fleet.enrolNode(node, code)))
    const written = await Promise.all(nodes.map(({ nodeId }) => fleet.readNode(nodeId)))
    expect(outcomes.filter((outcome) => outcome === 'enrolled')).toHaveLength(1)
    expect(written.map((node) => node !== undefined)).toEqual(
      outcomes.map((outcome) => outcome === 'enrolled'),
    )
  })

  test('never replaces a node, nor uses up a code for it', async () => {
    const node = await enrolled({ status: 'banned' })
    const code = await storedCode()
    const again = { ...node, status: 'pending', ownerId: 'owner-2' } as const
    expect(await fleet.enrolNode(again, code)).toBe('code_used')
    expect(await fleet.readNode(node.nodeId)).toEqual(node)
    expect(await fleet.enrolNode(aNode(), code)).toBe('enrolled')
  })
})

describe('an owner', () => {
  const enrol = async (ownerId: string, changes: Partial<NodeFacts> = {}) =>
    fleet.enrolNode(
      aNode({ ownerId, ...changes }),
      await storedCode({ expiresAtMs: nowMs + 7_200_000 }),
    )

  test('enrols ten nodes within an hour of the clock and no more, however many at once', async () => {
    const outcomes = await Promise.all(Array.from({ length: 14 }, () => enrol('owner-busy')))
    expect(outcomes.filter((outcome) => outcome === 'enrolled')).toHaveLength(10)
    expect(outcomes.filter((outcome) => outcome === 'too_many')).toHaveLength(4)
    expect(await enrol('owner-other')).toBe('enrolled')
    expect(await enrol('owner-busy', { enrolledAtMs: nowMs + 3_600_000 })).toBe('enrolled')
  })

  test('keeps the code that was refused, and no refusal counts', async () => {
    for (let count = 0; count < 10; count += 1) await enrol('owner-full')
    const code = await storedCode()
    expect(await fleet.enrolNode(aNode({ ownerId: 'owner-full' }), code)).toBe('too_many')
    expect(await fleet.enrolNode(aNode({ ownerId: 'owner-free' }), code)).toBe('enrolled')
    const used = aNode({ ownerId: 'owner-tries' })
    for (let count = 0; count < 12; count += 1) {
      expect(await fleet.enrolNode(used, code)).toBe('code_used')
    }
    expect(await enrol('owner-tries')).toBe('enrolled')
  })
})

describe('a suspension', () => {
  const suspension = { reason: 'operator', atMs: nowMs } as const
  const suspend = (nodeId: string) =>
    fleet.changeStatus({ nodeId, from: ['active'], to: 'suspended', suspension })
  const hotOf = async (nodeId: string) => (await fleet.readHotItems([nodeId])).get(nodeId)

  test('is told on the hot item at once, where no beat can clear it', async () => {
    const { nodeId } = await enrolled({ status: 'active' })
    await fleet.recordBeat(aBeat(nodeId, { seq: 1 }))
    expect(await suspend(nodeId)).toBe(true)
    expect((await fleet.readNode(nodeId))?.suspension).toEqual(suspension)
    expect((await hotOf(nodeId))?.isRevoked).toBe(true)
    await fleet.recordBeat(aBeat(nodeId, { seq: 2 }))
    expect(await hotOf(nodeId)).toMatchObject({ seq: 2, isRevoked: true })
  })

  test('is lifted by the approval, and the former boot forgotten with it', async () => {
    const { nodeId } = await enrolled({ status: 'active' })
    const formerBoot = { bootId: '00000000-0000-4000-8000-000000000000', replacedAtMs: nowMs }
    await fleet.recordBeat(aBeat(nodeId, { seq: 1, formerBoot }))
    await suspend(nodeId)
    const lift = { nodeId, from: ['suspended'], to: 'approved' } as const
    expect(await fleet.changeStatus(lift)).toBe(true)
    expect(await fleet.readNode(nodeId)).toMatchObject({ status: 'approved' })
    expect((await fleet.readNode(nodeId))?.suspension).toBeUndefined()
    expect(await hotOf(nodeId)).toMatchObject({ isRevoked: false, formerBoot: undefined })
  })

  test('of a node that never beat makes no hot item', async () => {
    const { nodeId } = await enrolled({ status: 'active' })
    expect(await suspend(nodeId)).toBe(true)
    expect(await hotOf(nodeId)).toBeUndefined()
  })

  test('that the status does not allow changes neither item', async () => {
    const { nodeId } = await enrolled({ status: 'pending' })
    await fleet.recordBeat(aBeat(nodeId, { seq: 1 }))
    expect(await suspend(nodeId)).toBe(false)
    expect((await hotOf(nodeId))?.isRevoked).toBe(false)
  })
})

describe('a rotation', () => {
  const successorOf = (node: NodeFacts, changes: Partial<NodeFacts> = {}) => ({
    ...aNode({ ownerId: node.ownerId, status: node.status, ...changes }),
    predecessorId: node.nodeId,
  })

  test('writes the new node and names it on the old one', async () => {
    const node = await enrolled({ status: 'active' })
    const to = successorOf(node)
    expect(await fleet.rotateNode(to, nowMs + 1)).toBe(true)
    expect(await fleet.readNode(to.nodeId)).toEqual(to)
    const successor = { nodeId: to.nodeId, untilMs: nowMs + 1 }
    expect(await fleet.readNode(node.nodeId)).toEqual({ ...node, successor })
  })

  test('happens once, though two come at once', async () => {
    const node = await enrolled({ status: 'active' })
    const orders = [successorOf(node), successorOf(node)]
    const outcomes = await Promise.all(orders.map((to) => fleet.rotateNode(to, nowMs)))
    expect(outcomes.toSorted()).toEqual([false, true])
    const written = await Promise.all(orders.map(({ nodeId }) => fleet.readNode(nodeId)))
    expect(written.map((one) => one !== undefined)).toEqual(outcomes)
  })

  test.each(['pending', 'suspended', 'retired', 'banned'] as const)(
    'of a node that is %s writes nothing',
    async (status) => {
      const node = await enrolled({ status })
      const to = successorOf(node)
      expect(await fleet.rotateNode(to, nowMs)).toBe(false)
      expect(await fleet.readNode(to.nodeId)).toBeUndefined()
    },
  )

  test('never replaces a node that exists', async () => {
    const [node, other] = [await enrolled({ status: 'active' }), await enrolled()]
    const to = { ...other, predecessorId: node.nodeId }
    expect(await fleet.rotateNode(to, nowMs)).toBe(false)
    expect((await fleet.readNode(node.nodeId))?.successor).toBeUndefined()
  })
})
