// A stage with data that matters is deployed by the pinned CLI to an emulated account, used there, deployed again and
// destroyed. What is asserted is what the account answers, not what the CLI says. What an emulator cannot show is
// listed in docs/rehearsal.md. Skipped where `scripts/python-env.mjs` could not fetch it.
import { execFile } from 'node:child_process'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { schedules } from '../../src/names.ts'
import { tables } from '../../src/tables.ts'
import { makeCdk } from './rehearsal/cdk.ts'
import {
  callFunction,
  type DeployedFunction,
  fetchFunctions,
  invokeFunction,
  startServer,
} from './rehearsal/deployed-functions.ts'
import { type Emulator, isEmulatorThere, startEmulator } from './rehearsal/emulator.ts'
import { makeInventory, type Table } from './rehearsal/inventory.ts'

const stage = 'prod'
const openWithinMs = 400_000
const runWithinMs = 200_000
if (!isEmulatorThere) console.warn('The deploy rehearsal is skipped: its emulator is not there.')

describe.skipIf(!isEmulatorThere)('a stage on an emulated account', () => {
  let emulator: Emulator
  let cdk: ReturnType<typeof makeCdk>
  let inventory: ReturnType<typeof makeInventory>
  let functions: readonly DeployedFunction[]
  let deployedTables: readonly Table[]

  beforeAll(async () => {
    emulator = await startEmulator()
    cdk = makeCdk(emulator, stage)
    inventory = makeInventory(emulator)
    for (const run of [cdk.bootstrap, cdk.deploy]) {
      const { status, output } = await run()
      if (status !== 0) throw new Error(`${output}\n${emulator.log()}`.slice(-20_000))
    }
    functions = await fetchFunctions(emulator)
    deployedTables = await inventory.tables()
  }, openWithinMs)
  afterAll(() => emulator?.stop())

  const functionNamed = (part: string): DeployedFunction => {
    const found = functions.filter(({ FunctionName }) => FunctionName.includes(`-${part}`))
    if (found.length !== 1 || !found[0]) throw new Error(`${found.length} functions are ${part}`)
    return found[0]
  }

  describe('is deployed', () => {
    test('whole: every stack of the application is complete', async () => {
      const stacks = await inventory.stacks()
      expect(stacks.map(({ StackName }) => StackName).sort()).toEqual(
        ['CDKToolkit', ...(await synthesizedStacks(cdk.assembly))].sort(),
      )
      expect(new Set(stacks.map(({ StackStatus }) => StackStatus))).toEqual(
        new Set(['CREATE_COMPLETE']),
      )
    })

    test('with the outputs that its operator needs', async () => {
      const address = /^https:\/\/\w+\.lambda-url\.us-east-1\.on\.aws\/$/
      expect(Object.fromEntries(await inventory.outputs())).toMatchObject({
        GatewayUrl: expect.stringMatching(address),
        IngestUrl: expect.stringMatching(address),
        AdminUrl: expect.stringMatching(address),
        BootstrapUrl: expect.stringMatching(address),
        AlarmTopicArn: expect.stringMatching(/^arn:aws:sns:us-east-1:123456789012:/),
      })
    })

    test.each(Object.entries(tables))('with %s as src/tables.ts defines it', (name, table) => {
      expect(tableNamed(deployedTables, name)).toMatchObject({
        keys: [table.partitionKey, table.sortKey],
        indexes: Object.fromEntries(
          table.keysOnlyIndexes.map((index) => [
            index.name,
            [index.partitionKey, ...('sortKey' in index ? [index.sortKey] : [])],
          ]),
        ),
        timeToLive: 'timeToLive' in table ? table.timeToLive : undefined,
        stream: 'stream' in table ? table.stream : undefined,
        billing: 'PAY_PER_REQUEST',
        isProtected: true,
        isRecoverable: true,
      })
    })

    test('with functions whose code is what was bundled, file by file', async () => {
      expect(functions.length).toBeGreaterThan(0)
      for (const { CodeSha256, sha256, folder, asset, Runtime, Architectures } of functions) {
        expect({ Runtime, Architectures }).toEqual({
          Runtime: 'nodejs24.x',
          Architectures: ['arm64'],
        })
        expect(CodeSha256).toBe(sha256)
        expect(await filesIn(folder)).toEqual(await filesIn(join(cdk.assembly, `asset.${asset}`)))
      }
    })

    test('with a schedule for each pass, at its rate, on the function that makes it', async () => {
      const wanted = Object.entries(schedules).map(([name, { everyMinutes }]) => ({
        target: arnOf(functionNamed(`${pascalCase(name)}HandlerFunction`).FunctionName),
        everyMinutes,
        state: 'ENABLED',
      }))
      const found = (await inventory.schedules()).map(({ expression, ...schedule }) => ({
        ...schedule,
        everyMinutes: minutesOf(expression),
      }))
      expect(found.toSorted(byTarget)).toEqual(wanted.toSorted(byTarget))
    })

    test('with the stream of the receipts read by the function that sums them', async () => {
      const { stream, streamArn } = tableNamed(deployedTables, 'receipts')
      expect(stream).toBe('NEW_IMAGE')
      expect(await inventory.streamReaders()).toEqual([
        {
          EventSourceArn: streamArn,
          FunctionArn: arnOf(functionNamed('RollUpSpend').FunctionName),
        },
      ])
    })

    test('with alarms each of which tells the topic, but for the parts of the composite one', async () => {
      const topic = new Map(await inventory.outputs()).get('AlarmTopicArn')
      const alarms = await inventory.alarms()
      const parts = alarms.filter(({ AlarmName }) => /-Burn(Fast|Slow)(Long|Short)/.test(AlarmName))
      expect(parts).toHaveLength(4)
      expect(alarms.length).toBeGreaterThan(parts.length)
      for (const alarm of alarms) {
        expect(alarm).toMatchObject({ AlarmActions: parts.includes(alarm) ? [] : [topic] })
      }
    })
  })

  describe('runs, in the environment and on the tables that it was given', () => {
    let operatorKey: string
    const asOperator = () => ({ authorization: `Bearer ${operatorKey}` })
    const admin = async (path: string, body: object) => {
      const request = { path, body, headers: asOperator() }
      return callFunction(emulator, functionNamed('AdminHandlerFunction'), request)
    }

    test('its secrets are put once, by the command that npm run secrets prints', async () => {
      const file = join(emulator.folder, 'secrets.json')
      const script = join(import.meta.dirname, '..', '..', 'scripts', 'secrets.ts')
      const args = [script, '--stage', stage, '--out', file]
      const { stdout } = await promisify(execFile)(process.execPath, args)
      const [, Type, Name] = /put-parameter --type (\w+) --name (\S+)/.exec(stdout) ?? []
      const parameter = { Name, Type, Value: await readFile(file, 'utf8') }
      await emulator.ask('ssm', 'put_parameter', parameter, z.object({ Version: z.literal(1) }))
    })

    test('the first operator key is minted once', async () => {
      const bootstrap = functionNamed('BootstrapHandlerFunction')
      const call = () => callFunction(emulator, bootstrap, { path: '/admin/bootstrap', body: {} })
      const first = await call()
      expect(first.statusCode).toBe(200)
      operatorKey = z.object({ key: z.string() }).parse(first.body).key
      expect((await call()).statusCode).toBe(409)
    })

    test('an operator funds a customer, whom the gateway knows', async () => {
      const account = await admin('/admin/accounts', { name: 'A customer' })
      const { id } = z.object({ id: z.string() }).parse(account.body)
      const credit = { amount_usd: '5', kind: 'top_up', reference: 'pay_1' }
      expect((await admin(`/admin/accounts/${id}/credits`, credit)).statusCode).toBe(200)
      const draft = { account_id: id, name: 'rehearsal', scopes: ['billing:read'] }
      const { key } = z.object({ key: z.string() }).parse((await admin('/admin/keys', draft)).body)

      const server = await startServer(emulator, functionNamed('GatewayServerFunction'))
      try {
        const headers = { authorization: `Bearer ${key}` }
        const reply = await fetch(`${server.url}/v1/billing/account`, { headers })
        expect({ status: reply.status, body: await reply.json() }).toMatchObject({
          status: 200,
          body: { available_usd: '5' },
        })
      } finally {
        await server.stop()
      }
    })

    test('a host gets the challenge that it enrols with', async () => {
      const { x } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
      const request = { path: '/ingest/v1/enroll/challenge', body: { public_key: x } }
      const ingest = functionNamed('IngestHandlerFunction')
      expect(await callFunction(emulator, ingest, request)).toMatchObject({
        statusCode: 200,
        body: { challenge: expect.any(String), stage },
      })
    })

    test('the audit finds the ledger in order', async () => {
      const audit = functionNamed('ReconcileLedgerHandlerFunction')
      const { logged } = await invokeFunction(emulator, audit, {})
      expect(logged).toContain('"LedgerDiscrepancies":0')
    })
  })

  describe('stays', () => {
    test('as it is when it is built and deployed again', { timeout: runWithinMs }, async () => {
      const before = await inventory.events()
      const { status, output } = await cdk.deploy()
      expect({ status, output }).toMatchObject({ status: 0 })
      expect(await inventory.events()).toEqual(before)
    })

    test('by its tables when all of it is destroyed', { timeout: runWithinMs }, async () => {
      const before = await inventory.tables()
      const { status, output } = await cdk.destroy()
      expect(status).not.toBe(0)
      expect(output).toContain('TerminationProtection')
      const left = (await inventory.stacks()).map(({ StackName }) => StackName).sort()
      expect(left).toEqual([`B3iq-${stage}-Data`, 'CDKToolkit'])
      expect(await inventory.tables()).toEqual(before)
    })

    test('by its tables even when their stack is no longer protected', {
      timeout: runWithinMs,
    }, async () => {
      const before = await inventory.tables()
      const StackName = `B3iq-${stage}-Data`
      const off = { StackName, EnableTerminationProtection: false }
      await emulator.ask('cloudformation', 'update_termination_protection', off, z.unknown())
      expect(await cdk.destroy(StackName)).toMatchObject({ status: 0 })
      expect((await inventory.stacks()).map((one) => one.StackName)).toEqual(['CDKToolkit'])
      expect(await inventory.tables()).toEqual(before)
      expect(before.find(({ name }) => name.includes('TablesKeys'))?.items).toBeGreaterThan(0)
    })
  })

  // Without this, a resource that the emulator left out would look like one that it made.
  describe('is refused where the emulator does not know', () => {
    test.each([
      ['a resource type', { Type: 'AWS::Nothing::AtAll' }, 'does not know AWS::Nothing::AtAll'],
      [
        'a property',
        { Type: 'AWS::Scheduler::ScheduleGroup', Properties: { Name: 'a', Colour: 'red' } },
        'Unknown parameter in input: "Colour"',
      ],
      [
        'an output of another stack',
        {
          Type: 'AWS::SQS::Queue',
          Properties: {
            QueueName: { 'Fn::GetStackOutput': { StackName: 'CDKToolkit', OutputName: 'Nothing' } },
          },
        },
        'has no output Nothing',
      ],
    ])('%s', async (_, resource, message) => {
      const TemplateBody = JSON.stringify({ Resources: { One: resource } })
      const wrong = { StackName: `wrong-${randomUUID()}`, TemplateBody }
      const made = emulator.ask('cloudformation', 'create_stack', wrong, z.unknown())
      await expect(made).rejects.toThrow(message)
    })
  })
})

const pascalCase = (kebab: string): string =>
  kebab.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())

const minutesIn = { minute: 1, hour: 60, day: 24 * 60 } as const
const Rate = z.tuple([z.string(), z.coerce.number(), z.enum(['minute', 'hour', 'day'])])

function minutesOf(expression: string): number {
  const [, count, unit] = Rate.parse(/^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression))
  return count * minutesIn[unit]
}

const byTarget = (one: { readonly target: string }, other: { readonly target: string }) =>
  one.target.localeCompare(other.target)

const arnOf = (name: string) => `arn:aws:lambda:us-east-1:123456789012:function:${name}`

function tableNamed(found: readonly Table[], name: string): Table {
  const [table, ...others] = found.filter((one) =>
    one.name.toLowerCase().includes(`-tables${name}`),
  )
  if (!table || others.length > 0) throw new Error(`There is not one table ${name}.`)
  return table
}

async function synthesizedStacks(assembly: string): Promise<readonly string[]> {
  const files = await readdir(assembly)
  return files.flatMap((file) => /^(.*)\.template\.json$/.exec(file)?.[1] ?? [])
}

/** Path, mode and content of every file. */
async function filesIn(folder: string) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
  return Promise.all(
    paths.sort().map(async (path) => ({
      path: path.slice(folder.length),
      isExecutable: ((await stat(path)).mode & 0o111) !== 0,
      content: await readFile(path, 'base64'),
    })),
  )
}
