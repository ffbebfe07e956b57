/**
 * What a stage costs: `npm run costs` prints the tables and writes them into docs/costs.md, with the
 * picture beside it. The numbers come from measured.json, the templates and the published prices.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stageConfig } from '../../test/infra/synthesize.ts'
import { deployedOf } from './deployed.ts'
import { readMeasured } from './measured.ts'
import { withTables } from './page.ts'
import { costSvg } from './plot.ts'
import { plotOf, tablesOf } from './tables.ts'

const docs = join(import.meta.dirname, '..', '..', 'docs')
const page = join(docs, 'costs.md')

const measured = readMeasured()
const deployed = deployedOf(stageConfig('prod'))
const tables = tablesOf(measured, deployed)
for (const table of Object.values(tables)) console.log(`${table}\n`)
await writeFile(page, withTables(await readFile(page, 'utf8'), tables))
await writeFile(join(docs, 'plots', 'cost.svg'), costSvg(plotOf(measured, deployed)))
