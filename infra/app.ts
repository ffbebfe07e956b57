/**
 * Entry of `cdk synth` and `cdk deploy`. The stage comes from `-c stage=<name>`; without it, dev. How the
 * gateway runs stands in the stage's file, or comes from `-c compute=<function or web>`.
 */
import { App } from 'aws-cdk-lib'
import { readStageConfig, withCompute } from './config.ts'
import { addStage } from './stage.ts'

const app = new App()
const read = withCompute(
  readStageConfig(app.node.tryGetContext('stage') ?? 'dev'),
  app.node.tryGetContext('compute'),
)
if (read.ok) {
  addStage(app, read.config)
  app.synth()
} else {
  console.error(read.message)
  process.exitCode = 1
}
