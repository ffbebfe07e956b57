/** The gateway's bundle as Lambda runs it: behind the real web adapter and our side of the Runtime API. */
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { describeAnswers } from './lambda/answers.ts'
import { describeBetweenInvocations } from './lambda/between-invocations.ts'
import { describeCareless } from './lambda/careless.ts'
import { describeFailures } from './lambda/failures.ts'
import { type GatewayWorld, openGatewayWorld } from './lambda/gateway-world.ts'
import { isThere } from './lambda/tools.ts'

const openWithinMs = 240_000

describe.skipIf(!isThere('adapter'))('the gateway behind the web adapter', () => {
  let world: GatewayWorld
  beforeAll(async () => {
    world = await openGatewayWorld()
  }, openWithinMs)
  afterAll(() => world?.close())
  afterEach(() => expect(world.sandbox.api.faults()).toEqual([]))

  describe('answers', () => describeAnswers(() => world))
  describe('when something fails', () => describeFailures(() => world))
  describe('between two invocations', () => describeBetweenInvocations(() => world))
})

describe.skipIf(!isThere('adapter'))('a careless server behind the web adapter', describeCareless)
