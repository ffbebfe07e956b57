/**
 * The LiteLLM proxy as its manual would have it in production: one uvicorn worker, callbacks and request logs
 * off, and the master key without which it does not start. It has no database here, so it keeps no budgets.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../test/support/embedded-dynamodb.ts'
import { startServer } from '../stage/start-server.ts'
import { type Peer, peerEnvironment, type Upstream } from './peer.ts'

/** Python imports for half a minute where others are at work. */
const readyWithinMs = 120_000

export function litellmIn(folder: string): Peer {
  const python = /^version = (.+)$/m.exec(readFileSync(join(folder, 'pyvenv.cfg'), 'utf8'))?.[1]
  return {
    told: `LiteLLM proxy ${litellmVersion()} on Python ${python}: one uvicorn worker, LITELLM_MODE=PRODUCTION, LITELLM_LOG=ERROR, no callbacks, no retries, a master key, no database`,
    start: async (upstreams) => {
      const port = await freePort()
      const working = mkdtempSync(join(tmpdir(), 'b3iq-litellm-'))
      const key = `sk-${randomBytes(16).toString('hex')}`
      const config = join(working, 'config.yaml')
      const flags = ['--config', config, '--host', '127.0.0.1', '--port', String(port)]
      writeFileSync(config, JSON.stringify(litellmConfig(upstreams)))
      const removeWorking = () => rmSync(working, { recursive: true, force: true })
      try {
        const server = await startServer({
          // A database that the machine has for other programs is not for this one.
          command: 'env',
          args: ['-u', 'DATABASE_URL', join(folder, 'bin', 'litellm'), ...flags],
          env: { ...peerEnvironment, ...environment, LITELLM_MASTER_KEY: key },
          port,
          folder: working,
          readyWithinMs,
        })
        const stop = async () => {
          await server.stop()
          removeWorking()
        }
        return { server, headersFor: () => ({ authorization: `Bearer ${key}` }), stop }
      } catch (error) {
        removeWorking()
        throw error
      }
    },
  }
}

function litellmVersion(): string {
  const file = join(import.meta.dirname, 'litellm', 'requirements.txt')
  return /^litellm==(.+)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? 'of an unknown version'
}

const environment = {
  LITELLM_MODE: 'PRODUCTION',
  LITELLM_LOG: 'ERROR',
  NUM_WORKERS: '1',
  // Otherwise it asks the internet for prices first.
  LITELLM_LOCAL_MODEL_COST_MAP: 'True',
} as const

/** YAML reads JSON. It would ask its upstream every five minutes which models there are. */
export const litellmConfig = (upstreams: readonly Upstream[]) => ({
  model_list: upstreams.map(({ model, url }) => ({
    model_name: model,
    litellm_params: { model: `openai/${model}`, api_base: `${url}/v1`, api_key: 'none' },
  })),
  litellm_settings: { callbacks: [], num_retries: 0, set_verbose: false },
  general_settings: { disable_model_info_refresh: true },
})
