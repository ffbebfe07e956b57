/** Our gateway as it is deployed, in a process of its own, with everything on. */
import { freePort } from '../../test/support/embedded-dynamodb.ts'
import { type Server, startServer } from './start-server.ts'

/**
 * A line of metrics is written for every request, as on AWS, and thrown away.
 * @param file the one that Node starts; the deployed bundle where none is named
 */
export async function startGateway(
  env: Readonly<Record<string, string>>,
  { file, flags = [] }: { readonly file?: string; readonly flags?: readonly string[] } = {},
): Promise<Server> {
  const port = await freePort()
  return startServer({
    command: process.execPath,
    args: [...flags, file ?? (await deployed())],
    env: { ...env, PORT: String(port), B3IQ_METRICS_DISABLED: 'false' },
    port,
  })
}

/** What makes bundles is slow to load, and not everybody needs one. */
async function deployed(): Promise<string> {
  const { deployedGateway } = await import('./deployed-gateway.ts')
  return deployedGateway()
}
