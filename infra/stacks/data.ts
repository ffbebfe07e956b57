/**
 * Everything that must outlive a deployment, and nothing else. Construct ids here are names of
 * tables with money in them: renaming one replaces its table.
 */
import { type App, Stack } from 'aws-cdk-lib'
import type { StageConfig } from '../config.ts'
import { B3iqTables, type DeployedTables } from '../constructs/b3iq-tables.ts'

export class DataStack extends Stack {
  readonly tables: DeployedTables

  constructor(scope: App, id: string, { protectData }: StageConfig) {
    super(scope, id, {
      description: 'B3IQ: balances, keys, profiles and receipts',
      terminationProtection: protectData,
    })
    this.tables = new B3iqTables(this, 'Tables', { protectData }).deployed
  }
}
