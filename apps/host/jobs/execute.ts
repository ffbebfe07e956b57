/** Which code runs for which type of job. There is no other way for a job to make the agent do anything. */
import type { JobOrder } from '../../../src/protocol/job.ts'
import { updateAgent } from './agent-update.ts'
import type { Ground, Outcome, Run } from './ground.ts'
import { checkHealth, diagnose, refreshInventory } from './host-facts.ts'
import { hashModel } from './model-hash.ts'
import { pullModel, removeModel } from './ollama-models.ts'
import { restartRuntime } from './runtime-restart.ts'

export async function execute(order: JobOrder, ground: Ground, run: Run): Promise<Outcome> {
  switch (order.type) {
    case 'health.check':
      return checkHealth(ground)
    case 'inventory.refresh':
      return refreshInventory(ground)
    case 'diagnostics.bundle':
      return diagnose(ground)
    case 'model.pull':
      return pullModel(order.args, ground, run)
    case 'model.remove':
      return removeModel(order.args, ground, run)
    case 'model.hash_range':
      return hashModel(order.args, ground, run)
    case 'runtime.restart':
      return restartRuntime(order.args, ground, run)
    case 'tunnel.reconnect':
      await ground.reconnect()
      return { kind: 'succeeded', output: ground.tunnel() }
    case 'config.set':
      await ground.keepSetting(order.args)
      return { kind: 'succeeded', output: ground.limits() }
    case 'agent.update':
      return updateAgent(order.args, ground, run)
    case 'drain':
      await ground.setDrained(true)
      return { kind: 'succeeded', output: { state: ground.facts().state } }
    case 'resume':
      await ground.setDrained(false)
      return { kind: 'succeeded', output: { state: ground.facts().state } }
  }
}
