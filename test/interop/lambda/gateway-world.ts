/** The gateway's bundle behind the adapter, on the database, the secrets and the hosts of a bench. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { envKey } from '../../../src/names.ts'
import { chatPath, messages } from '../../support/chat-client.ts'
import { freePort } from '../../support/embedded-dynamodb.ts'
import { type Customer, startGatewayBench } from '../../support/gateway-bench.ts'
import { stageEnvironment } from '../../support/stage-environment.ts'
import { environmentOf, synthesizeArtefacts } from './artefacts.ts'
import type { Invocation } from './invocation.ts'
import { openAdapterSandbox } from './sandbox.ts'
import { type UrlRequest, urlEvent } from './url-event.ts'
import { openWire, portOf } from './wire.ts'

export type GatewayWorld = Awaited<ReturnType<typeof openGatewayWorld>>
export type GatewaySandbox = Awaited<ReturnType<GatewayWorld['open']>>

/** One bench and one bundle; `sandbox` runs for as long as they do. */
export async function openGatewayWorld() {
  const artefacts = synthesizeArtefacts('local', ['gateway'])
  const artefact = artefacts.artefactOf('Gateway')
  const bench = await startGatewayBench()
  const secretsFolder = await mkdtemp(join(tmpdir(), 'b3iq-secrets-'))
  const {
    // The template's stand.
    [envKey.deadlineMs]: _deadline,
    [envKey.leaseMarginMs]: _margin,
    ...filled
  } = await stageEnvironment(bench, { stage: 'local', folder: secretsFolder })

  /** `changes` are of the environment. */
  async function open(changes: Readonly<Record<string, string>> = {}) {
    const port = String(await freePort())
    const databaseWire = await openWire(() => portOf(bench.endpoint))
    const variables = environmentOf(artefact, {
      ...filled,
      [envKey.dynamodbEndpoint]: databaseWire.url,
      AWS_LWA_PORT: port,
      ...changes,
    })
    const sandbox = await openAdapterSandbox({ ...artefact, variables, wire: databaseWire })
    const ask = (request: UrlRequest) => sandbox.invoke(urlEvent(request))
    return {
      ...sandbox,
      /** Of this sandbox alone: the tests themselves read past it. */
      databaseWire,
      stop: async () => {
        await sandbox.stop()
        await databaseWire.stop()
      },
      ask,
      chat: ({ token }: Customer, body: object) =>
        ask({
          path: chatPath,
          headers: { authorization: `Bearer ${token}` },
          body: { messages, ...body },
        }),
    }
  }

  const sandbox = await open()
  await sandbox.api.ready()
  return {
    bench,
    artefact,
    sandbox,
    open,
    close: async () => {
      await sandbox.stop()
      await bench.stop()
      artefacts.remove()
      await rm(secretsFolder, { recursive: true, force: true })
    },
  }
}

/** The whole answer, as the caller of the function URL has it; throws where it did not end well. */
export async function responseOf(invocation: Invocation): Promise<Response> {
  const ending = await invocation.ended()
  if (ending.kind !== 'answered') throw new Error(`no answer but ${JSON.stringify(ending)}`)
  const { statusCode, headers } = await invocation.head()
  const body = invocation.body()
  return new Response(body === '' ? null : body, { status: statusCode, headers })
}
