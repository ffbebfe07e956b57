/** `npm run secrets`: makes the secrets of a stage, and rotates them. */
import { runSecrets } from './secrets-command.ts'

const { ok, message } = await runSecrets(process.argv.slice(2))
if (ok) console.log(message)
else console.error(message)
process.exitCode = ok ? 0 : 1
