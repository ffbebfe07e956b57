/**
 * Entry of `cdk synth` and `cdk deploy`. The stage comes from `-c stage=<name>`; without it, dev.
 */
import { App } from 'aws-cdk-lib'
import { readStageConfig } from './config.ts'
import { addStage } from './stage.ts'

const app = new App()
const read = readStageConfig(app.node.tryGetContext('stage') ?? 'dev')
if (read.ok) {
  addStage(app, read.config)
  app.synth()
} else {
  console.error(read.message)
  process.exitCode = 1
}
